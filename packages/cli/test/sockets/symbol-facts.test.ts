import { type BinanceSim, startBinanceSim } from "@smcq/binance-sim";
import { Inbox } from "@smcq/cluster";
import type { EngineInput } from "@smcq/engine";
import type { OrderRequest } from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { BinanceReferenceData } from "@smcq/exchange-binance";
import { loadCredentials } from "@smcq/exchange-binance/trading";
import { type Instrument, present, qtySteps, Rng, silentLogger, symbolId, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeskAccount } from "../../src/accounts/account.ts";
import { SymbolBook } from "../../src/accounts/symbol-book.ts";
import { openVenueAccount } from "../../src/accounts/venue-account.ts";
import { newSimulatedKey } from "../../src/modes/engine-payload.ts";
import { KnownTickers } from "../support/known-tickers.ts";

const SETTINGS = { takerRatio: 0.0005, makerRatio: 0.0002 };
const ACCOUNT = { takerRatio: 0.0004, makerRatio: 0.00015 };

class HeardInbox extends Inbox {
  readonly told: EngineInput[] = [];

  override put(input: EngineInput): boolean {
    this.told.push(input);
    return true;
  }
}

let sim: BinanceSim;
let reference: BinanceReferenceData;
let account: DeskAccount;
let book: SymbolBook;
let inbox: HeardInbox;
let bySymbol: ReadonlyMap<string, Instrument>;

beforeEach(async () => {
  const key = newSimulatedKey();
  sim = await startBinanceSim({
    speed: 1,
    trading: { keys: [{ ...key, type: "hmac" }], prices: "held", fees: ACCOUNT },
  });
  const logger = silentLogger;
  const rng = new Rng(1);
  const clock = sim.clock;
  reference = new BinanceReferenceData({ origin: sim.restUrl, clock, rng, log: logger });
  await reference.synchroniseClock();
  const { instruments } = await reference.universe();
  bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
  const names = [...bySymbol.keys()];
  inbox = new HeardInbox();
  book = new SymbolBook({
    inbox,
    instruments: bySymbol,
    fees: SETTINGS,
    idOf: (symbol) => (names.includes(symbol) ? symbolId(names.indexOf(symbol)) : null),
  });
  const opened = await openVenueAccount({
    orders: "binance-sim",
    bases: { wsBase: sim.wsUrl, restBase: sim.restUrl },
    credentials: loadCredentials({ env: { BINANCE_API_KEY: key.key, BINANCE_API_SECRET: key.secret } }),
    rest: reference.rest,
    venueClock: clock,
    wallClock: new SystemClock(),
    rng,
    floorMs: 0,
    logger,
    gates: null,
    marginType: "cross",
    watched: [],
  });
  const market = { isGone: () => false, now: () => null, closeE8: () => null };
  account = opened.open({ market, symbols: book, tickers: new KnownTickers() });
});

afterEach(async () => {
  await account.stop();
  await reference.close();
  await sim.stop();
});

const [NAME] = ["BTCUSDT"] as const;
const instruments = () => inbox.told.filter((input) => input.type === "instrument");
const asked = (path: string): number =>
  (sim.trading?.requests() ?? []).filter((request) => request.path === path).length;

/** Sends an entry of so many steps; the outcome in short. */
async function enter(steps: number, clientOrderId: string): Promise<string> {
  const found = present(book.bySymbol(NAME) ?? undefined, "Invariant: the symbol is listed");
  const request: OrderRequest = {
    clientOrderId,
    symbolId: found.symbolId,
    symbol: NAME,
    side: 1,
    type: "market",
    role: "entry",
    isReduceOnly: false,
    qtySteps: qtySteps(steps),
  };
  return await new Promise((resolve) => {
    account.gateway.submit(approve(request), (outcome) =>
      resolve(outcome.type === "refused" ? outcome.code : outcome.type),
    );
  });
}

describe("what a venue tells of a symbol later", () => {
  it("reckons with the account's own fees once they are known, and asks once", async () => {
    expect(book.bySymbol(NAME)?.fees).toEqual(SETTINGS);
    await vi.waitFor(() => expect(book.bySymbol(NAME)?.fees).toEqual(ACCOUNT), 60_000);
    expect(instruments().map(({ fees }) => fees)).toEqual([SETTINGS, ACCOUNT]);
    expect(asked("/fapi/v1/commissionRate")).toBe(1);
  });

  it("asks for fees where half of the weight is left: nothing else waits for them", async () => {
    await reference.rest.budget.acquire(1_195, 0);
    book.bySymbol(NAME);
    await reference.serverTime();
    expect(asked("/fapi/v1/commissionRate")).toBe(0);
  });

  it("begins with the fees that the process before knew", () => {
    const before = present(book.bySymbol(NAME) ?? undefined, "Invariant: the symbol is listed");
    const next = new SymbolBook({
      inbox,
      instruments: bySymbol,
      fees: SETTINGS,
      idOf: () => before.symbolId,
      before: new Map([[NAME, { ...before, fees: ACCOUNT }]]),
    });
    expect(next.bySymbol(NAME)?.fees).toEqual(ACCOUNT);
  });

  it("EX15, EX39 reads the rules again when an order does not fit them, and not with each one", async () => {
    expect(await enter(100, "first")).toBe("acked");
    sim.setFaults("EX39=0");
    await vi.waitFor(() => expect(sim.stats().faults["EX39"]).toBe(1), 60_000);
    expect(await enter(100, "second")).toBe("MARKET_LOT_SIZE");
    await vi.waitFor(() => expect(book.bySymbol(NAME)?.rules.marketMaxQty).toBe(0.04), 60_000);
    const { rules } = present(instruments().at(-1), "Invariant: the core was told");
    expect(rules.marketMaxQty).toBe(0.04);
    const told = instruments().length;
    expect(await enter(100, "third")).toBe("MARKET_LOT_SIZE");
    expect(await enter(40, "fourth")).toBe("acked");
    expect(instruments()).toHaveLength(told);
  });

  it("EX15 changes bounds, but neither tick nor step of what is counted in them", () => {
    const met = present(book.bySymbol(NAME) ?? undefined, "Invariant: the symbol is listed");
    const listed = present(bySymbol.get(NAME), "Invariant: the symbol is listed");
    const told = instruments().length;
    expect(book.renew(listed)).toBe(true);
    expect(instruments()).toHaveLength(told);
    expect(book.renew({ ...listed, tickSize: "1" })).toBe(false);
    expect(book.bySymbol(NAME)?.rules).toBe(met.rules);
    expect(book.renew({ ...listed, minNotional: "250" })).toBe(true);
    expect(instruments().at(-1)?.rules.minNotional).toBe(250);
  });
});
