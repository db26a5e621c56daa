import { ClusterMemory } from "@smcq/cluster";
import { partOf, type ScannerWord } from "@smcq/engine";
import { BarSource } from "@smcq/exchange";
import { ManualClock, MINUTE_MS, OffsetClock, silentLogger } from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { BarsTeller } from "../../src/bus/scanner/bars-teller.ts";
import { PartSymbols } from "../../src/bus/scanner/part-symbols.ts";
import { RingMinutes } from "../../src/bus/scanner/ring-minutes.ts";

const START_MS = 28_000_000 * MINUTE_MS;
const SYMBOLS = ["AUSDT", "BUSDT"];

/** A scanner's rings that the test writes and scans by hand, and what is told of them. */
class Rings {
  readonly clock = new ManualClock(START_MS);
  readonly memory = new ClusterMemory({ symbols: SYMBOLS, shards: 1 });
  readonly words: Extract<ScannerWord, { type: "bars" }>[] = [];
  readonly warming = new Set<string>();
  readonly teller: BarsTeller;
  /** Of the venue's clock as the scanner has it. */
  offsetMs = 0;
  isTold = true;
  isSettled = true;
  isWarm = true;
  /** What the bus has of the words that it was told. */
  settledTo = Number.POSITIVE_INFINITY;
  readonly #writer = new KlineRingWriter(this.memory.shard(0).memory.rings);

  constructor() {
    const minutes = new RingMinutes(this.memory);
    for (const { slot } of this.memory.slots.all()) this.#writer.reset(slot, START_MS);
    this.teller = new BarsTeller({
      scanner: "s1",
      symbolsOf: () => SYMBOLS,
      isWarm: () => this.isWarm,
      isAwaited: (symbol) => !this.warming.has(symbol),
      bar: (symbol, minuteMs) => minutes.bar(symbol, minuteMs),
      isSettled: () => this.isSettled,
      isTold: () => this.isTold,
      bus: this,
      venueClock: new OffsetClock(this.clock, () => this.offsetMs),
      wallClock: this.clock,
    });
  }

  publish(word: ScannerWord): number {
    if (word.type === "bars") this.words.push(word);
    return this.words.length;
  }

  bar(symbol: string, minuteMs: number): void {
    const { slot } = this.memory.slots.of(symbol) ?? { slot: -1 };
    this.#writer.append(slot, minuteMs, 1, 3, 0.5, 2, 7, BarSource.Stream, minuteMs + MINUTE_MS, 1, 1);
  }

  /** What a scan leaves behind when it has been through the symbol's bars. */
  scan(symbol: string, minuteMs: number): void {
    const { slot } = this.memory.slots.of(symbol) ?? { slot: -1 };
    const { states, reader } = this.memory.shard(0);
    reader.begin(slot);
    states.begin(slot);
    states.commit(slot, reader.tail, reader.generation, reader.revision, minuteMs, 0);
  }

  get told(): readonly string[] {
    return this.words.map(
      ({ minuteMs, bars }) =>
        `${(minuteMs - START_MS) / MINUTE_MS}: ${bars.map(({ symbol }) => symbol).join(" ")}`,
    );
  }
}

describe("BarsTeller", () => {
  it("tells a minute when all of it is scanned and what was found has left", () => {
    const rings = new Rings();
    rings.teller.begin(0, START_MS);
    rings.clock.advance(MINUTE_MS + 1_000);
    for (const symbol of SYMBOLS) rings.bar(symbol, START_MS);
    rings.scan("AUSDT", START_MS);
    rings.clock.advance(1_000);
    expect(rings.told).toEqual([]);
    rings.scan("BUSDT", START_MS);
    rings.isSettled = false;
    rings.clock.advance(1_000);
    expect(rings.told).toEqual([]);
    rings.isSettled = true;
    rings.clock.advance(200);
    expect(rings.words).toEqual([
      {
        type: "bars",
        part: 0,
        scanner: "s1",
        minuteMs: START_MS,
        bars: SYMBOLS.map((symbol) => ({
          symbol,
          open: 1,
          high: 3,
          low: 0.5,
          close: 2,
          volume: 7,
          isScanned: true,
        })),
      },
    ]);
    expect(rings.teller.toldMs(0)).toBe(START_MS);
    rings.teller.stop();
  });

  it("does not wait for ever for a bar, and tells it when it comes", () => {
    const rings = new Rings();
    rings.teller.begin(0, START_MS);
    rings.clock.advance(MINUTE_MS);
    rings.bar("AUSDT", START_MS);
    rings.scan("AUSDT", START_MS);
    rings.clock.advance(11_000);
    expect(rings.told).toEqual([]);
    rings.clock.advance(2_000);
    expect(rings.told).toEqual(["0: AUSDT"]);
    rings.bar("BUSDT", START_MS);
    rings.clock.advance(3_000);
    expect(rings.told).toEqual(["0: AUSDT"]);
    rings.scan("BUSDT", START_MS);
    rings.clock.advance(3_000);
    expect([rings.told, rings.teller.counts]).toEqual([
      ["0: AUSDT", "0: BUSDT"],
      { bars: 2, late: 1, missing: 0 },
    ]);
    rings.teller.stop();
  });

  it("counts a bar that never comes", () => {
    const rings = new Rings();
    rings.teller.begin(0, START_MS);
    rings.clock.advance(MINUTE_MS + 13_000);
    expect(rings.told).toEqual(["0: "]);
    rings.isTold = false;
    rings.clock.advance(15 * MINUTE_MS);
    expect(rings.teller.counts).toEqual({ bars: 0, late: 0, missing: 2 });
    rings.teller.stop();
  });

  it("tells nothing before the part is warm, then every minute since it was to begin", () => {
    const rings = new Rings();
    rings.isWarm = false;
    rings.teller.begin(0, START_MS);
    rings.clock.advance(MINUTE_MS + 30_000);
    for (const symbol of SYMBOLS) {
      rings.bar(symbol, START_MS);
      rings.scan(symbol, START_MS);
    }
    rings.clock.advance(20_000);
    expect(rings.told).toEqual([]);
    rings.isWarm = true;
    rings.clock.advance(500);
    expect(rings.told).toEqual(["0: AUSDT BUSDT"]);
    rings.teller.stop();
  });

  it("tells nothing before the part is its own, and waits for no symbol that warms up", () => {
    const rings = new Rings();
    rings.isTold = false;
    rings.warming.add("BUSDT");
    rings.teller.begin(0, START_MS + MINUTE_MS);
    rings.clock.advance(MINUTE_MS);
    for (const minuteMs of [START_MS, START_MS + MINUTE_MS]) rings.bar("AUSDT", minuteMs);
    rings.isTold = true;
    rings.clock.advance(MINUTE_MS);
    rings.scan("AUSDT", START_MS + MINUTE_MS);
    rings.clock.advance(500);
    expect(rings.told).toEqual(["1: AUSDT"]);
    rings.teller.end(0);
    expect(rings.teller.toldMs(0)).toBe(0);
    rings.teller.stop();
  });

  it("says that a minute is told when the bus has it", () => {
    const rings = new Rings();
    rings.settledTo = 0;
    rings.teller.begin(0, START_MS);
    for (const minuteMs of [START_MS, START_MS + MINUTE_MS]) {
      rings.clock.advance(MINUTE_MS);
      for (const symbol of SYMBOLS) {
        rings.bar(symbol, minuteMs);
        rings.scan(symbol, minuteMs);
      }
      rings.clock.advance(500);
    }
    expect([rings.told, rings.teller.toldMs(0)]).toEqual([["0: AUSDT BUSDT", "1: AUSDT BUSDT"], 0]);
    rings.settledTo = 1;
    expect(rings.teller.toldMs(0)).toBe(0);
    rings.settledTo = 2;
    expect(rings.teller.toldMs(0)).toBe(START_MS + MINUTE_MS);
    rings.teller.stop();
  });

  it("tells a minute again that it told while its clock was an hour ahead", () => {
    const rings = new Rings();
    rings.teller.begin(0, START_MS);
    rings.offsetMs = 60 * MINUTE_MS;
    rings.clock.advance(13_000);
    expect(rings.teller.toldMs(0)).toBeGreaterThan(START_MS + 50 * MINUTE_MS);
    rings.offsetMs = 0;
    rings.clock.advance(100);
    expect(rings.teller.toldMs(0)).toBe(START_MS - MINUTE_MS);
    rings.clock.advanceTo(START_MS + MINUTE_MS + 1_000);
    for (const symbol of SYMBOLS) {
      rings.bar(symbol, START_MS);
      rings.scan(symbol, START_MS);
    }
    rings.words.length = 0;
    rings.clock.advance(300);
    expect(rings.told).toContain("0: AUSDT BUSDT");
    expect(rings.teller.toldMs(0)).toBe(START_MS);
  });

  it("takes bars that opened before a symbol was watched for not scanned", () => {
    const rings = new Rings();
    rings.bar("AUSDT", START_MS - MINUTE_MS);
    rings.bar("AUSDT", START_MS);
    rings.scan("AUSDT", START_MS);
    const minutes = new RingMinutes(rings.memory);
    const scanned = [-2, -1, 0, 1].map(
      (minute) => minutes.bar("AUSDT", START_MS + minute * MINUTE_MS)?.isScanned,
    );
    expect(scanned).toEqual([undefined, false, true, undefined]);
    rings.teller.stop();
  });
});

describe("PartSymbols", () => {
  const PARTS = 3;
  const universe = Array.from({ length: 12 }, (_, index) => `S${index}USDT`);

  function build() {
    const watched = new Map<string, number | null>();
    const begun: number[] = [];
    const room = { left: 100 };
    const clock = new ManualClock(START_MS);
    const symbols = new PartSymbols({
      coordinator: {
        addSymbol: (symbol, fromMs = null) => {
          if (!watched.has(symbol) && watched.size >= room.left) return false;
          if (!watched.has(symbol)) watched.set(symbol, fromMs);
          return true;
        },
        removeSymbol: (symbol) => watched.delete(symbol),
        isWarm: (symbol) => watched.has(symbol),
        stageOf: (symbol) => (watched.has(symbol) ? "ready" : null),
        health: () => ({ symbols: watched.size, ready: watched.size }) as never,
      },
      parts: PARTS,
      symbols: universe,
      teller: { begin: (_, fromMs) => void begun.push(fromMs), end() {}, toldMs: () => 0 },
      wallClock: clock,
      logger: silentLogger,
    });
    return { symbols, watched, begun, room };
  }

  const ofPart = (part: number): readonly string[] =>
    universe.filter((symbol) => partOf(symbol, PARTS) === part);

  it("watches the symbols of its parts alone, and follows listings there", () => {
    const { symbols, watched } = build();
    expect([symbols.size, watched.size]).toEqual([12, 0]);
    symbols.warm(1, START_MS);
    expect([...watched.keys()]).toEqual(ofPart(1));
    symbols.addSymbol("NEWUSDT");
    expect(watched.has("NEWUSDT")).toBe(partOf("NEWUSDT", PARTS) === 1);
    for (const symbol of ofPart(1)) expect(symbols.removeSymbol(symbol)).toBe(true);
    expect(symbols.removeSymbol("NONEUSDT")).toBe(false);
    expect([...watched.keys()].filter((symbol) => symbol !== "NEWUSDT")).toEqual([]);
    symbols.release(1);
    expect(watched.size).toBe(0);
  });

  it("begins anew where bars of before are to raise signals, and only there", () => {
    const { symbols, watched, begun } = build();
    const times = [0, 2, -3, -1].map((minutes) => START_MS + minutes * MINUTE_MS);
    const from = times.map((fromMs) => {
      symbols.warm(0, fromMs);
      return [...new Set(watched.values())];
    });
    expect(from).toEqual([[times[0]], [times[0]], [times[2]], [times[2]]]);
    expect(begun).toEqual(times);
  });

  it("is not warm while a symbol has found no place, and finds it one later", () => {
    const { symbols, watched, room } = build();
    room.left = 1;
    symbols.warm(2, START_MS);
    expect([symbols.isWarm(2), watched.size]).toEqual([false, 1]);
    room.left = 100;
    expect(symbols.isWarm(2)).toBe(true);
    expect(watched.size).toBe(ofPart(2).length);
    expect([...new Set(watched.values())]).toEqual([START_MS]);
  });
});
