import { type BinanceSim, startBinanceSim } from "@smcq/binance-sim";
import { Inbox } from "@smcq/cluster";
import type { EngineInput } from "@smcq/engine";
import type { MarginType, OrderRequest, OrderUpdate } from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { BinanceReferenceData } from "@smcq/exchange-binance";
import { loadCredentials } from "@smcq/exchange-binance/trading";
import {
  type Instrument,
  present,
  qtySteps,
  Rng,
  silentLogger,
  type SymbolId,
  symbolId,
  SystemClock,
} from "@smcq/kernel";
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
/** Symbols that are watched no more. */
let gone: Set<string>;
const key = newSimulatedKey();

beforeEach(async () => {
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
  gone = new Set();
  inbox = new HeardInbox();
  book = new SymbolBook({
    inbox,
    instruments: bySymbol,
    fees: SETTINGS,
    idOf: (symbol) => (names.includes(symbol) && !gone.has(symbol) ? symbolId(names.indexOf(symbol)) : null),
  });
  account = await open("cross");
});

async function open(marginType: MarginType): Promise<DeskAccount> {
  const opened = await openVenueAccount({
    orders: "binance-sim",
    bases: { wsBase: sim.wsUrl, restBase: sim.restUrl },
    credentials: loadCredentials({ env: { BINANCE_API_KEY: key.key, BINANCE_API_SECRET: key.secret } }),
    rest: reference.rest,
    venueClock: sim.clock,
    wallClock: new SystemClock(),
    rng: new Rng(2),
    floorMs: 0,
    logger: silentLogger,
    gates: null,
    marginType,
    watched: [],
  });
  const market = { isGone: () => false, now: () => null, closeE8: () => null };
  return opened.open({ market, symbols: book, tickers: new KnownTickers() });
}

afterEach(async () => {
  await account.stop();
  await reference.close();
  await sim.stop();
});

const [NAME, OTHER] = ["BTCUSDT", "ETHUSDT"] as const;
const instruments = () => inbox.told.filter((input) => input.type === "instrument");
const asked = (path: string): number =>
  (sim.trading?.requests() ?? []).filter((request) => request.path === path).length;

const leverages = () => inbox.told.filter((input) => input.type === "leverage");

const told = (id: SymbolId, leverage: number) => ({ type: "leverage", symbolId: id, leverage });
const idOf = (symbol: string): SymbolId =>
  present(book.bySymbol(symbol) ?? undefined, "Invariant: the symbol is listed").symbolId;
const SILENT = { onOrder() {}, onIncome() {}, onLeverage() {}, onStream() {} };

/** Sends an entry, or an exit, of so many steps; the outcome in short. */
async function enter(
  steps: number,
  clientOrderId: string,
  role: "entry" | "exit" = "entry",
): Promise<string> {
  const found = present(book.bySymbol(NAME) ?? undefined, "Invariant: the symbol is listed");
  const request: OrderRequest = {
    clientOrderId,
    symbolId: found.symbolId,
    symbol: NAME,
    side: role === "entry" ? 1 : -1,
    type: "market",
    role,
    isReduceOnly: role === "exit",
    qtySteps: qtySteps(steps),
  };
  return await new Promise((resolve) => {
    account.gateway.submit(approve(request), (outcome) =>
      resolve(outcome.type === "refused" ? outcome.code : outcome.type),
    );
  });
}

describe("a symbol that is watched no more", () => {
  it("MD19, MD20 is told of as before: what is held of it, and what becomes of its orders", async () => {
    const words: OrderUpdate[] = [];
    let isLive = false;
    account.gateway.listen({
      onOrder: (update) => void words.push(update),
      onIncome() {},
      onLeverage() {},
      onStream: (isTold) => void (isLive = isTold),
    });
    account.start();
    await vi.waitFor(() => expect(isLive).toBe(true), 60_000);
    expect(await enter(100, "first")).toBe("acked");
    gone.add(NAME);
    const held = await new Promise((resolve) => account.gateway.ask({ type: "positions" }, resolve));
    expect(held).toMatchObject({ type: "positions", positions: [{ qtySteps: 100 }] });
    expect(await enter(100, "last", "exit")).toBe("acked");
    await vi.waitFor(
      () => expect(words.findLast(({ clientOrderId }) => clientOrderId === "last")?.status).toBe("filled"),
      60_000,
    );
  });

  it("comes back by another number, and goes by its former one while something of it is open", () => {
    let watchedId: SymbolId | null = symbolId(3);
    let isOpen = true;
    const own = new SymbolBook({
      inbox,
      instruments: bySymbol,
      fees: SETTINGS,
      idOf: () => watchedId,
      isOpen: () => isOpen,
    });
    expect(own.bySymbol(NAME)?.symbolId).toBe(3);
    watchedId = null;
    expect(own.bySymbol(NAME)?.symbolId).toBe(3);
    watchedId = symbolId(300);
    expect(own.bySymbol(NAME)?.symbolId).toBe(3);
    isOpen = false;
    expect(own.bySymbol(NAME)?.symbolId).toBe(300);
    isOpen = true;
    expect(own.bySymbol(NAME)?.symbolId).toBe(300);
    expect(own.byId(symbolId(3))?.symbol).toBe(NAME);
  });
});

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

  it("MD18 knows a symbol that was listed later by the rules that it was listed with", () => {
    const own = new SymbolBook({ inbox, instruments: bySymbol, fees: SETTINGS, idOf: () => symbolId(400) });
    const listed = present(bySymbol.get(NAME), "Invariant: the symbol is listed");
    expect(own.bySymbol("LATERUSDT")).toBeNull();
    expect(own.renew({ ...listed, symbol: "LATERUSDT", minNotional: "250" })).toBe(true);
    expect(own.bySymbol("LATERUSDT")?.rules.minNotional).toBe(250);
    expect(own.renew({ ...listed, symbol: "LATERUSDT", tickSize: "1" })).toBe(false);
  });

  it("MD19 tells the core of a symbol's end when the venue dates it, and when it takes the date back", () => {
    const listed = present(bySymbol.get(NAME), "Invariant: the symbol is listed");
    const met = present(book.bySymbol(NAME) ?? undefined, "Invariant: the symbol is listed");
    expect(met).not.toHaveProperty("deliveryMs");
    const dated = { ...listed, deliveryMs: 1_800_000_000_000 };
    expect(book.renew(dated)).toBe(true);
    expect(instruments().at(-1)).toMatchObject({ symbol: NAME, deliveryMs: 1_800_000_000_000 });
    const told = instruments().length;
    // Also where its tick is another one.
    expect(book.renew({ ...dated, tickSize: "1" })).toBe(false);
    expect(instruments()).toHaveLength(told);
    expect(book.renew({ ...listed, tickSize: "1" })).toBe(false);
    expect(instruments().at(-1)).not.toHaveProperty("deliveryMs");
    expect(instruments().at(-1)?.rules).toEqual(met.rules);
    const next = new SymbolBook({
      inbox,
      instruments: new Map([[NAME, dated]]),
      fees: SETTINGS,
      idOf: () => met.symbolId,
    });
    expect(next.bySymbol(NAME)?.deliveryMs).toBe(1_800_000_000_000);
  });

  it("EX15 says once that a tick or step is another one, and again when an order is refused for it", () => {
    const listed = present(bySymbol.get(NAME), "Invariant: the symbol is listed");
    book.bySymbol(NAME);
    const lines: unknown[] = [];
    const logger = { ...silentLogger, error: (fields: object) => void lines.push(fields) };
    for (const refused of [undefined, undefined, NAME, NAME])
      book.relist([{ ...listed, tickSize: "1" }], logger, refused);
    const fields = { symbol: NAME, tickSize: "1", stepSize: listed.marketStepSize };
    expect(lines).toEqual([
      { ...fields, isRefused: false },
      { ...fields, isRefused: true },
    ]);
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

describe("the leverage that a symbol has already", () => {
  it("is told when the account is known, and of a symbol that is met later at once", async () => {
    const first = idOf(NAME);
    account.gateway.listen(SILENT);
    account.start();
    await vi.waitFor(() => expect(leverages()).toEqual([told(first, 20)]), 60_000);
    const second = idOf(OTHER);
    expect(leverages()).toEqual([told(first, 20), told(second, 20)]);
  });

  it("is told of no symbol that has another margin type: type and leverage are set before its first entry", async () => {
    await account.stop();
    account = await open("isolated");
    const [first] = [idOf(NAME), idOf(OTHER)];
    await new Promise((resolve) => account.gateway.setLeverage(first, 9, resolve));
    account.gateway.listen(SILENT);
    account.start();
    await vi.waitFor(() => expect(leverages()).toEqual([told(first, 9)]), 60_000);
  });
});
