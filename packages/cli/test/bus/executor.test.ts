import { ClusterMemory, CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { Engine, LocalSignalBus, NO_JOURNAL, partOf, type ScannerWord, type Signal } from "@smcq/engine";
import { ManualClock, MINUTE_MS, numberToE8, parseE8, silentLogger } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { RingMarket } from "../../src/accounts/ring-market.ts";
import { BusSource } from "../../src/bus/executor/bus-source.ts";
import { seenBefore } from "../../src/bus/executor/seen-before.ts";
import { SEEN_MS, SeenSignals } from "../../src/bus/executor/seen-signals.ts";
import { SignalIntake } from "../../src/bus/executor/signal-intake.ts";
import { TickerMarket } from "../../src/bus/executor/ticker-market.ts";
import { PART_SILENT_MS, ToldBars } from "../../src/bus/executor/told-bars.ts";
import { sharedSignal } from "../../../engine/test/support/signal-bus-conformance.ts";
import { fileOf, randomDay } from "../../../ledger/test/support/journaled.ts";
import { KnownTickers } from "../support/known-tickers.ts";

const PARTS = 4;
const SYMBOLS = ["AUSDT", "BUSDT", "CUSDT"];
const START_MS = 28_000_000 * MINUTE_MS;
const RUN = "run-1";
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** An executor's parts on a bus, without an account. */
async function floor(): Promise<ReturnType<typeof build>> {
  const built = build();
  closers.push(() => built.source.stop());
  await built.source.start();
  await turn();
  return built;
}

function build() {
  const clock = new ManualClock(START_MS);
  const bus = new LocalSignalBus();
  const inbox = new Inbox();
  const memory = new ClusterMemory({
    symbols: SYMBOLS,
    shards: PARTS,
    place: { shardOf: (symbol) => partOf(symbol, PARTS), slotsPerShard: 4 },
  });
  const state = { isConnected: true, isDisplaced: false };
  const intake = new SignalIntake({
    inbox,
    parts: PARTS,
    idOf: (symbol) => memory.slots.of(symbol)?.symbolId ?? null,
    scanName: () => RUN,
    seen: new SeenSignals(),
    wallClock: clock,
    logger: silentLogger,
  });
  const bars = new ToldBars({ memory, parts: PARTS, venueClock: clock, wallClock: clock });
  const source = new BusSource({
    memory,
    inbox,
    signals: bus,
    isConnected: () => state.isConnected,
    reader: "executor",
    intake,
    bars,
    parts: PARTS,
    wallClock: clock,
    logger: silentLogger,
  });
  const taken: Signal[] = [];
  const decided: Signal[] = [];
  const core = new Engine({ scoreMin: 0.2, decisionWindowNs: 0, signalAgeMsMax: 60_000 });
  const router = new CommandRouter(
    {
      onSignals: (signals) => {
        taken.push(...signals);
        intake.taken(signals);
      },
      onDecision: ({ batch }) => void decided.push(...batch),
      onInvalidScores() {},
    },
    { inbox, wallClock: clock },
  );
  const deferral = { soon: queueMicrotask, later: setImmediate };
  new EngineLoop({
    engine: core,
    inbox,
    journal: NO_JOURNAL,
    router,
    venueClock: clock,
    wallClock: clock,
    deferral,
  });
  return { clock, bus, inbox, memory, state, intake, bars, source, taken, decided, core };
}

const signalOf = (symbol: string, given: object = {}): ScannerWord => ({
  type: "signal",
  part: partOf(symbol, PARTS),
  run: RUN,
  signal: sharedSignal({ symbol, openTimeMs: START_MS - MINUTE_MS, score: 0.6, ...given }),
});

const barsOf = (symbol: string, minuteMs: number, close = 10): ScannerWord => ({
  type: "bars",
  part: partOf(symbol, PARTS),
  scanner: "s1",
  minuteMs,
  bars: [{ symbol, open: 10, high: 12, low: 8, close, volume: 3, isScanned: true }],
});

describe("an executor on a bus", () => {
  it("decides on a signal of a part that is told of, once, and acknowledges it when the core has taken it", async () => {
    const { bus, taken, decided, clock, source } = await floor();
    bus.publish(barsOf("AUSDT", START_MS - MINUTE_MS));
    bus.publish(signalOf("AUSDT"));
    expect(bus.counts.acknowledged).toBe(1);
    await turn();
    clock.advance(1);
    await turn();
    expect(bus.counts).toMatchObject({ acknowledged: 2, lag: 0 });
    // A scanner of another name of the same run, or the bus itself, tells it again.
    bus.publish({ ...signalOf("AUSDT"), run: "run-1b" } as ScannerWord);
    bus.publish(signalOf("BUSDT"));
    await turn();
    clock.advance(1);
    await turn();
    expect(taken.map(({ symbol }) => symbol)).toEqual(["AUSDT", "BUSDT"]);
    // Nobody has told a bar of B's part.
    expect(decided.map(({ symbol }) => symbol)).toEqual(["AUSDT"]);
    expect(source.partsLive).toBe(1);
  });

  it("leaves out what is not its own: another model's, a symbol that it does not watch, another cut of the universe", async () => {
    const { bus, intake, taken } = await floor();
    bus.publish({ ...signalOf("AUSDT"), run: "other" } as ScannerWord);
    bus.publish(signalOf("ZUSDT"));
    bus.publish({ ...signalOf("BUSDT"), part: (partOf("BUSDT", PARTS) + 1) % PARTS } as ScannerWord);
    await turn();
    expect(intake.counts).toMatchObject({ signals: 3, taken: 0, otherRun: 1, unknown: 2 });
    expect([taken, bus.counts.acknowledged, bus.counts.lag]).toEqual([[], 3, 0]);
  });

  it("records a signal that is too old and never decides on it", async () => {
    const { bus, taken, decided, clock, core } = await floor();
    bus.publish(barsOf("AUSDT", START_MS - MINUTE_MS));
    bus.publish(signalOf("AUSDT", { openTimeMs: START_MS - 3 * MINUTE_MS }));
    await turn();
    clock.advance(1);
    await turn();
    expect([taken.length, decided, core.counters.stale, bus.counts.lag]).toEqual([1, [], 1, 0]);
  });

  it("takes a part for silent when no minute of it is told, and all when the bus is away", async () => {
    const { bus, clock, source, state, core, taken, decided } = await floor();
    for (const symbol of SYMBOLS) bus.publish(barsOf(symbol, START_MS - MINUTE_MS));
    const live = source.partsLive;
    expect(live).toBe(new Set(SYMBOLS.map((symbol) => partOf(symbol, PARTS))).size);
    clock.advance(PART_SILENT_MS);
    expect(source.partsLive).toBe(live);
    bus.publish(barsOf("AUSDT", START_MS + MINUTE_MS));
    clock.advance(500);
    expect(source.partsLive).toBe(1);
    state.isConnected = false;
    for (let second = 0; second < 6; second++) clock.advance(1_000);
    expect(source.partsLive).toBe(0);
    bus.publish(signalOf("AUSDT", { openTimeMs: START_MS + MINUTE_MS }));
    await turn();
    clock.advance(1);
    await turn();
    expect([taken.length, decided.length, core.counters.feedStale]).toEqual([1, 0, 1]);
    state.isConnected = true;
    clock.advance(500);
    expect(source.partsLive).toBe(1);
  });

  it("hears no more when another process follows for the same account", async () => {
    const { bus, source } = await floor();
    bus.publish(barsOf("AUSDT", START_MS - MINUTE_MS));
    expect(source.partsLive).toBe(1);
    await bus.follow({ reader: "executor", onWord() {}, onDisplaced() {} });
    bus.publish(barsOf("BUSDT", START_MS - MINUTE_MS));
    expect(source.health()).toMatchObject({ symbols: 3, ready: 1 });
  });

  it("has the market of what was told: bars in rings, holes counted, prices of best bid and ask", async () => {
    const { bus, memory, bars, clock, source } = await floor();
    const tickers = new KnownTickers();
    const market = new TickerMarket(new RingMarket(memory, tickers, clock), tickers, clock);
    expect(market.now("AUSDT")).toBeNull();
    bus.publish(barsOf("AUSDT", START_MS - 2 * MINUTE_MS, 9));
    bus.publish(barsOf("AUSDT", START_MS - MINUTE_MS, 11));
    bus.publish(barsOf("AUSDT", START_MS - 2 * MINUTE_MS, 12));
    expect(market.closeE8("AUSDT", START_MS - MINUTE_MS)).toBe(parseE8("9"));
    expect(market.now("AUSDT")).toEqual({ lastE8: parseE8("11"), volumeE8: parseE8("3"), book: null });
    const ticker = { bidE8: parseE8("10"), askE8: parseE8("10.5"), timeMs: START_MS };
    tickers.known.set("AUSDT", ticker);
    expect(market.now("AUSDT")).toMatchObject({
      lastE8: numberToE8(10.25),
      book: { bidE8: ticker.bidE8, askE8: ticker.askE8 },
    });
    clock.advance(15_001);
    expect(market.now("AUSDT")?.book).toBeNull();
    // A scanner's clock is wrong: the minute has not begun.
    bus.publish(barsOf("AUSDT", START_MS + 2 * MINUTE_MS));
    expect(bars.counts).toEqual({ bars: 2, unscanned: 0, missing: 0 });
    clock.advance(3 * MINUTE_MS);
    bus.publish(barsOf("AUSDT", START_MS + 2 * MINUTE_MS));
    expect(bars.counts).toEqual({ bars: 3, unscanned: 0, missing: 2 });
    expect(source.createReporter(START_MS)).toBeDefined();
  });

  it("follows listings and delistings in their parts", async () => {
    const { bus, memory, source } = await floor();
    expect(source.addSymbol("NEWUSDT")).toBe(true);
    expect(memory.slots.of("NEWUSDT")?.shardId).toBe(partOf("NEWUSDT", PARTS));
    bus.publish(barsOf("NEWUSDT", START_MS - MINUTE_MS));
    expect(source.stageOf("NEWUSDT")).toBe("ready");
    expect([source.removeSymbol("NEWUSDT"), source.removeSymbol("NEWUSDT")]).toEqual([true, false]);
    expect(source.stageOf("NEWUSDT")).toBeNull();
    bus.publish(barsOf("NEWUSDT", START_MS));
    expect(source.addSymbol("NEWUSDT")).toBe(true);
    expect(source.stageOf("NEWUSDT")).toBe("warming");
  });
});

describe("SeenSignals", () => {
  it("knows a signal for an hour of bars, and takes nothing older for new", () => {
    const seen = new SeenSignals();
    const signal = sharedSignal({ openTimeMs: START_MS });
    expect([seen.add(signal), seen.add(signal), seen.add({ ...signal, side: -1 })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(seen.add({ ...signal, openTimeMs: START_MS + SEEN_MS })).toBe(true);
    expect(seen.add(signal)).toBe(false);
    expect(seen.add({ ...signal, openTimeMs: START_MS + SEEN_MS + MINUTE_MS })).toBe(true);
    expect(seen.add({ ...signal, side: -1 })).toBe(false);
  });
});

describe("who takes over", () => {
  it("knows what the host before has given its core, by the journal: its signals are not copied", () => {
    const recorded = randomDay(7, 300);
    const given = recorded.flatMap(({ event }) => (event.type === "candidates" ? event.candidates : []));
    const newestMs = Math.max(...given.map(({ openTimeMs }) => openTimeMs));
    const recent = given.filter(({ openTimeMs }) => openTimeMs >= newestMs - SEEN_MS);
    expect(recent.length).toBeGreaterThan(5);
    const seen = seenBefore(fileOf({ before: recorded }), newestMs - SEEN_MS);
    expect(recent.filter((signal) => seen.add(signal))).toEqual([]);
    expect(seen.add({ symbol: "NEWUSDT", openTimeMs: newestMs, side: 1 })).toBe(true);
  });
});
