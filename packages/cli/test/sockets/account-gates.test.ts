import { createHmac } from "node:crypto";
import type { TradingOptions } from "@smcq/binance-sim";
import { clientOrderId } from "@smcq/engine";
import { errorCode, errorMessage } from "@smcq/kernel";
import { expect, it } from "vitest";
import { exitCodeOf, ExitCode } from "../../src/exit-codes.ts";
import { signOfLife } from "../../src/accounts/gates/second-engine.ts";
import { recordingLogger } from "../../../exchange-binance/test/support/sim-harness.ts";
import type { LogLine } from "../../../exchange-binance/test/support/sim-harness.ts";
import type { AccountDuty } from "../../src/accounts/account.ts";
import { AccountBench, KEY, ledgerOf, SECRET, temporaryFolder } from "../support/account-bench.ts";

/** What became of an attempt: code, exit code and words. */
async function refusal(attempt: Promise<unknown>): Promise<readonly [string, ExitCode, string]> {
  try {
    await attempt;
  } catch (error) {
    return [errorCode(error), exitCodeOf(error), errorMessage(error)];
  }
  throw new Error("it was not refused");
}

/** Nothing of these has changed anything at the venue. */
function changesOf({ asked }: AccountBench): readonly string[] {
  return asked.filter((call) => !call.startsWith("GET "));
}

/** Something of the account changed by another program with the same key. */
async function post(
  bench: AccountBench,
  path: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const payload = new URLSearchParams({ ...values, timestamp: String(bench.sim.clock.nowMs()) }).toString();
  const signature = createHmac("sha256", SECRET).update(payload).digest("hex");
  const reply = await fetch(`${bench.sim.restUrl}${path}?${payload}&signature=${signature}`, {
    method: "POST",
    headers: { "X-MBX-APIKEY": KEY },
  });
  expect([await reply.text(), reply.status]).toEqual([expect.any(String), 200]);
}

/** A limit order far below the market, or a stop far below it. */
function rest(bench: AccountBench, id: string, kind: "order" | "stop" = "order"): Promise<void> {
  const own = { symbol: "BTCUSDT", side: "BUY", quantity: "0.01" };
  return kind === "order"
    ? post(bench, "/fapi/v1/order", {
        ...own,
        type: "LIMIT",
        timeInForce: "GTC",
        price: "50000",
        newClientOrderId: id,
      })
    : post(bench, "/fapi/v1/algoOrder", {
        ...own,
        side: "SELL",
        algoType: "CONDITIONAL",
        type: "STOP_MARKET",
        triggerPrice: "40000",
        clientAlgoId: id,
      });
}

it("an account of one's own with a key that may only trade is entered, and nothing of it is changed", async () => {
  const bench = await AccountBench.open();
  const account = await bench.enter();
  expect(account).toMatchObject({ orders: "binance", fingerprint: expect.stringMatching(/^binance\/\w+$/) });
  expect(changesOf(bench)).toEqual([]);
  expect(bench.asked).toContain("GET /sapi/v1/account/apiRestrictions");
});

it.each<[keyof NonNullable<TradingOptions["rights"]>, boolean, string]>([
  ["withdrawals", true, "may withdraw"],
  ["universalTransfers", true, "universal transfer"],
  ["internalTransfers", true, "internal transfer"],
  ["futures", false, "may not trade futures"],
])("a key whose right %s is %s is refused with its own words", async (right, value, words) => {
  const bench = await AccountBench.open({ rights: { [right]: value } });
  const said = await refusal(bench.enter());
  expect(said).toEqual(["BINANCE_KEY_UNFIT", ExitCode.Key, expect.stringContaining(words)]);
  expect(bench.asked.filter((call) => call !== "GET /fapi/v1/time")).toEqual([
    "GET /sapi/v1/account/apiRestrictions",
  ]);
});

it("a key that works from every address is warned of, and demo says that rights are not told there", async () => {
  const bench = await AccountBench.open({ rights: { isIpRestricted: false, withdrawals: true } });
  const lines: LogLine[] = [];
  await bench.enter({ orders: "binance-demo", logger: recordingLogger(lines) });
  expect(bench.asked).not.toContain("GET /sapi/v1/account/apiRestrictions");
  const open = await AccountBench.open({ rights: { isIpRestricted: false } });
  await open.enter({ logger: recordingLogger(lines) });
  expect(lines.filter(({ level }) => level === "warn")).toHaveLength(1);
});

it("a key of another venue, or from another address, is refused with words for both", async () => {
  const bench = await AccountBench.open({ keys: [{ key: "another", type: "hmac", secret: SECRET }] });
  for (const orders of ["binance", "binance-demo"] as const) {
    const said = await refusal(bench.enter({ orders }));
    expect(said).toEqual([
      "BINANCE_KEY_REFUSED",
      ExitCode.Key,
      expect.stringMatching(/-2015.*IP list.*production and demo have different keys/),
    ]);
  }
  expect(changesOf(bench)).toEqual([]);
});

it("symbols with another margin type are named before anything is set", async () => {
  const bench = await AccountBench.open();
  const symbols = bench.sim.market.symbols.slice(0, 3).map(({ symbol }) => symbol);
  for (const symbol of symbols) await post(bench, "/fapi/v1/marginType", { symbol, marginType: "ISOLATED" });
  const before = changesOf(bench).length;
  const lines: LogLine[] = [];
  const watched = symbols.slice(1);
  await bench.enter({ logger: recordingLogger(lines), watched });
  await bench.enter({
    logger: recordingLogger(lines),
    watched,
    marginType: "isolated",
    leaseDir: temporaryFolder(),
  });
  expect(lines.filter(({ text }) => text.includes("margin type"))).toEqual([
    expect.objectContaining({ level: "warn", fields: { wanted: "cross", others: 2, symbols: watched } }),
  ]);
  expect(changesOf(bench)).toHaveLength(before);
});

it("AC06 hedge mode is refused, with an exit code of its own", async () => {
  const bench = await AccountBench.open();
  await post(bench, "/fapi/v1/positionSide/dual", { dualSidePosition: "true" });
  const said = await refusal(bench.enter());
  expect(said).toEqual(["BINANCE_ACCOUNT_UNFIT", ExitCode.Account, expect.stringContaining("one-way mode")]);
});

it("OP04 the ledger of another account is refused with both names; that of another venue is none of its business", async () => {
  const bench = await AccountBench.open();
  const dataDir = await ledgerOf("binance/SomebodyElse", "aaaa");
  const [code, exit, words] = await refusal(bench.enter({ dataDir }));
  expect([code, exit]).toEqual(["ACCOUNT_OTHER", ExitCode.Account]);
  const account = await bench.enter({ dataDir: await ledgerOf("binance-demo/SomebodyElse", "aaaa") });
  expect(words).toContain("binance/SomebodyElse");
  expect(words).toContain(String(account.fingerprint));
  await account.close();
  await bench.enter({ dataDir: await ledgerOf(String(account.fingerprint), "aaaa") });
});

it("a second engine of this host is refused whatever its data folder, until the first has let go", async () => {
  const bench = await AccountBench.open();
  const first = await bench.enter();
  const [code, exit, words] = await refusal(bench.enter());
  expect([code, exit]).toEqual(["RUN_LOCK_ACCOUNT", ExitCode.Locked]);
  expect(words).toContain(`pid ${process.pid}`);
  expect(words).toContain(String(first.fingerprint));
  await first.close();
  await bench.enter();
});

it.each(["order", "stop"] as const)(
  "AC11 a second engine of another host is refused by a young %s of an engine that no ledger here knows",
  async (kind) => {
    const bench = await AccountBench.open();
    await rest(bench, clientOrderId("zzzz", kind === "order" ? "entry" : "stop", 7, 1), kind);
    const [code, exit, words] = await refusal(bench.enter());
    expect([code, exit]).toEqual(["ACCOUNT_SECOND_ENGINE", ExitCode.Locked]);
    expect(words).toContain("zzzz");
    // The refused one holds no lease, and an engine of the own ledger is no stranger.
    const fingerprint = await fingerprintOf(bench);
    await bench.enter({ dataDir: await ledgerOf(fingerprint, "zzzz") });
  },
);

/** As a host that shares its account is to it. */
class Successor implements AccountDuty {
  readonly right = { windowMsMax: 1_000, refusal: () => null, measured() {} };
  waits = 0;

  isPredecessor(engineId: string): boolean {
    return engineId === "zzzz";
  }

  async untilMayAct(): Promise<void> {
    this.waits++;
  }
}

it("an engine that had the account before is no stranger to who takes it over, whatever its ledger lacks", async () => {
  const bench = await AccountBench.open();
  await rest(bench, clientOrderId("zzzz", "entry", 7, 1), "order");
  const duty = new Successor();
  await bench.enter({ duty });
  expect(duty.waits).toBe(1);
});

/** As the venue calls the account, asked where nobody is in the way. */
async function fingerprintOf(bench: AccountBench): Promise<string> {
  const payload = `timestamp=${bench.sim.clock.nowMs()}`;
  const signature = createHmac("sha256", SECRET).update(payload).digest("hex");
  const reply = await fetch(`${bench.sim.restUrl}/fapi/v3/balance?${payload}&signature=${signature}`, {
    headers: { "X-MBX-APIKEY": KEY },
  });
  const [{ accountAlias }] = (await reply.json()) as [{ accountAlias: string }];
  return `binance/${accountAlias}`;
}

it("a person's orders, and old ones of an engine that is gone, are no sign of a second engine", async () => {
  const bench = await AccountBench.open();
  await rest(bench, "web_7hJk2");
  await bench.enter();
  const order = (clientOrderId: string, ageMs: number) => ({
    symbol: "BTCUSDT",
    clientOrderId,
    madeMs: 1e12 - ageMs,
  });
  const signs = (known: readonly string[]) =>
    signOfLife(
      [order("aaaaS1-1", 119_999), order("bbbbE1-1", 5), order("ccccE2-1", 120_000), order("web_1", 1)],
      (id) => known.includes(id),
      1e12,
    )?.clientOrderId ?? null;
  expect([signs([]), signs(["bbbb"]), signs(["aaaa", "bbbb"])]).toEqual(["bbbbE1-1", "aaaaS1-1", null]);
});
