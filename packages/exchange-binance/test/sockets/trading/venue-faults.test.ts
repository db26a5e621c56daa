import type { AccountAnswer, AccountQuery, OrderRequest } from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { AccountRecord } from "@smcq/exchange/testing";
import { e8Text, priceTicks, qtySteps, parseE8 } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { shortOf } from "../../support/gateway-rig.ts";
import { openTradingBench, type TradingBench, until } from "../../support/trading-bench.ts";

let bench: TradingBench;
let record: AccountRecord;
let orders = 0;

async function open(symbols: number): Promise<void> {
  bench = await openTradingBench("hmac", { symbols });
  record = new AccountRecord();
  bench.gateway.listen(record);
  for (const { symbol, rules } of bench.symbols) control().move(symbol, e8Text(10_000n * rules.tickE8));
}

beforeEach(() => open(3));

afterEach(() => bench.dispose());

function control() {
  const { trading } = bench.sim;
  if (trading === null) throw new Error("the venue trades");
  return trading;
}

function market(side: 1 | -1, isReduceOnly = false): OrderRequest {
  const [first] = bench.symbols;
  if (first === undefined) throw new Error("there is a symbol");
  const base = { clientOrderId: `v${++orders}`, symbolId: first.symbolId, symbol: first.symbol, side };
  const role = isReduceOnly ? "exit" : "entry";
  return { ...base, type: "market", role, isReduceOnly, qtySteps: qtySteps(1_000) };
}

function stop(): OrderRequest {
  const base = { ...market(-1, true), role: "stop", workingType: "last" } as const;
  return { ...base, type: "stop-market", triggerTicks: priceTicks(9_000) };
}

async function submit(request: OrderRequest): Promise<string> {
  const outcomes: string[] = [];
  record.expect(request);
  bench.gateway.submit(approve(request), (outcome) => outcomes.push(shortOf(outcome)));
  await until(() => outcomes.length > 0, "an outcome");
  return outcomes.join().replace(/\d{19}/, "id");
}

async function ask(query: AccountQuery): Promise<AccountAnswer> {
  const answers: AccountAnswer[] = [];
  bench.gateway.ask(query, (answer) => answers.push(answer));
  await until(() => answers.length > 0, "an answer");
  return answers[0] as AccountAnswer;
}

async function statusOf({ symbolId, clientOrderId, type }: OrderRequest): Promise<string> {
  const answer = await ask({ type: "order", symbolId, clientOrderId, isAlgo: type === "stop-market" });
  return answer.type === "order" ? (answer.update?.status ?? "none") : answer.type;
}

/** Until its receive window is over nobody can tell that it never came. */
async function believedOf(request: OrderRequest): Promise<string> {
  for (;;) {
    const status = await statusOf(request);
    if (status !== "failed") return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("an order that the venue", () => {
  it.each([
    ["carries out, and the reply is lost (EX01)", "EX01=1:1", "filled"],
    ["never gets (EX02)", "EX02=1:1", "none"],
    ["carries out, and answers with -1007 (EX03)", "EX03=1:1", "filled"],
    ["carries out, and says that it does not know (EX22)", "EX22=1:1:1", "filled"],
    ["does not carry out, and says that it does not know (EX22)", "EX22=1:1:2", "none"],
  ])("%s is unknown, and found when it is asked for", async (_, faults, status) => {
    bench.sim.setFaults(faults);
    const entry = market(1);
    expect(await submit(entry)).toBe("unknown");
    await bench.settle();
    expect(await believedOf(entry)).toBe(status);
    expect(record.filledSteps(entry.clientOrderId)).toBe(status === "filled" ? 1_000 : 0);
    expect(
      control()
        .requests()
        .filter(({ method, path }) => method === "POST" && path === "/fapi/v1/order"),
    ).toHaveLength(1);
    expect(record.faults).toEqual([]);
  });

  it.each([
    ["EX13=1:1", "REDUCE_ONLY_REJECT", true],
    ["EX14=1:1", "PERCENT_PRICE", false],
    ["EX15=1:1", "PRICE_FILTER", false],
    ["EX17=1:1", "MARGIN_INSUFFICIENT", false],
    ["EX21=1:1", "TOO_MANY_ORDERS", false],
    ["EX22=1:1:3", "TOO_MANY_ORDERS", false],
    ["EX22=1:1:4", "TOO_MANY_ORDERS", false],
    ["EX23=1:1", "TOO_MANY_ORDERS", false],
  ])("refuses (%s) is refused: %s", async (faults, code, isReduceOnly) => {
    expect(await submit(market(1))).toBe("acked id");
    bench.sim.setFaults(faults);
    const request = market(isReduceOnly ? -1 : 1, isReduceOnly);
    expect(await submit(request)).toBe(code);
    await bench.settle();
    expect(record.statusOf(request.clientOrderId)).toBeNull();
  });

  it.each([
    ["EX08=1:1", "WOULD_TRIGGER"],
    ["EX11=1:1", "FORM_REFUSED"],
    ["EX12=1:1", "MAX_NUM_ALGO_ORDERS"],
  ])("refuses as a stop (%s) is refused: %s", async (faults, code) => {
    expect(await submit(market(1))).toBe("acked id");
    bench.sim.setFaults(faults);
    expect(await submit(stop())).toBe(code);
  });

  it("fills in 20 pieces is told piece by piece (EX07)", async () => {
    bench.sim.setFaults("EX07=1:1");
    const entry = market(1);
    expect(await submit(entry)).toBe("acked id");
    await bench.settle();
    expect(record.fillsOf(entry.clientOrderId)).toHaveLength(20);
    expect([record.filledSteps(entry.clientOrderId), record.faults]).toEqual([1_000, []]);
  });

  it("takes, and does not find for a while, is not there yet (EX29)", async () => {
    await submit(market(1));
    bench.sim.setFaults("EX29=1:1:1s");
    const hidden = stop();
    expect(await submit(hidden)).toBe("acked id");
    expect(await statusOf(hidden)).toBe("none");
    const seen: string[] = [];
    while (seen.at(-1) !== "new") seen.push(await statusOf(hidden));
    expect(record.statusOf(hidden.clientOrderId)).toBeNull();
  });
});

describe("words of the account", () => {
  it("that come twice, or before the reply, count once (EX04, EX05, NW07)", async () => {
    bench.sim.setFaults("EX04=1:9:50ms,EX05=1:99");
    const entry = market(1);
    expect(await submit(entry)).toBe("acked id");
    await bench.settle();
    expect(record.fillsOf(entry.clientOrderId)).toHaveLength(1);
    expect([record.filledSteps(entry.clientOrderId), record.faults]).toEqual([1_000, []]);
  });

  it("come again under a new key when the old one expires (AC07)", async () => {
    const words: string[] = [];
    bench.gateway.listen({
      onOrder: () => {},
      onIncome: () => {},
      onLeverage: () => {},
      onStream: (isLive) => words.push(isLive ? "live" : "lost"),
    });
    control().expireListenKey();
    await until(() => words.length === 3, "the stream again");
    expect(words).toEqual(["live", "lost", "live"]);
    bench.gateway.listen(record);
    const entry = market(1);
    await submit(entry);
    await bench.settle();
    expect(record.statusOf(entry.clientOrderId)).toBe("filled");
  });

  it("are sought under another key when the stream goes silent, and what was missed is found (AC07)", async () => {
    bench.sim.setFaults("AC07=0:1h:1");
    await until(() => bench.sim.stats().faults["AC07"] === 1, "the silence");
    const missed = market(1);
    expect(await submit(missed)).toBe("acked id");
    // Five seconds after its ack.
    await until(
      () => bench.gateway.stats.connects === 2 && bench.gateway.stats.isStreamLive,
      "another stream",
    );
    expect(record.statusOf(missed.clientOrderId)).toBeNull();
    expect(await statusOf(missed)).toBe("filled");
    const keyCalls = control()
      .requests()
      .filter(({ path }) => path === "/fapi/v1/listenKey");
    expect(keyCalls.map(({ method }) => method)).toEqual(["POST", "DELETE", "POST"]);
  });

  it("tell fees in BNB in USDT, and the trades agree with them (AC09)", async () => {
    // BNB is among what is listed only where much is.
    await bench.dispose();
    await open(297);
    bench.sim.setFaults("AC09=0.1");
    await until(() => control().feeAsset() === "BNB", "fees in BNB");
    const entry = market(1);
    await submit(entry);
    await bench.settle();
    const [fill] = record.fillsOf(entry.clientOrderId);
    // 5 bp less a tenth of what it is worth; the venue reckons at BNB's last price, we at its mark.
    const [first] = bench.symbols;
    if (fill === undefined || first === undefined) throw new Error("the trade was told");
    const worth = fill.priceTicks * first.rules.tickSize * fill.qtySteps * first.rules.stepSize;
    expect(Number(fill.feeE8) / 1e8 / worth).toBeCloseTo(0.000_45, 6);
    expect(fill.otherFee?.asset).toBe("BNB");
    expect(bench.sim.trading?.walletE8()).toBe(parseE8("5000"));
    // Nobody waits for the price.
    const isAsked = () =>
      control()
        .requests()
        .some(({ path }) => path === "/fapi/v1/premiumIndex");
    await until(isAsked, "the price of BNB to be asked for");
    const answer = await ask({
      type: "trades",
      symbolId: entry.symbolId,
      sinceMs: bench.sim.clock.nowMs() - 60_000,
    });
    expect(answer.type === "trades" ? answer.fills : []).toEqual([fill]);
  });
});
