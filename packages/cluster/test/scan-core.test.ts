import { type Scorer, HeuristicScorer, singleScorer } from "@smcq/features";
import type { ScoredCandidate } from "@smcq/engine";
import { MarketData } from "@smcq/exchange-sim";
import { BAR_FIELDS, ManualClock, Rng } from "@smcq/kernel";
import {
  ControlBlock,
  DetectorStates,
  KlineRingReader,
  KlineRingWriter,
  RING_BARS,
  ScanCounter,
} from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { RowDrain } from "../src/scan/row-drain.ts";
import { createShardMemory, ScanCore, SlotTable } from "../src/index.ts";
import { byTimeThenSymbol, flatBars, type Found, referenceScan, seed, writeBars } from "./support.ts";

const market = new MarketData({ seed: 3 });
const SYMBOLS = market.symbols.slice(0, 12).map((symbol) => symbol.symbol);
const BARS = 2_000;
const series = SYMBOLS.map((symbol) => flatBars(market, symbol, 0, BARS));

class Lab {
  readonly memory = createShardMemory(0, SYMBOLS.length);
  readonly writer = new KlineRingWriter(this.memory.rings);
  readonly slots = new SlotTable(1, SYMBOLS.length);
  readonly control = new ControlBlock(this.memory.control);
  readonly rows: RowDrain;
  readonly found: Found[] = [];
  core: ScanCore;

  constructor(scorer: Scorer = new HeuristicScorer()) {
    for (const symbol of SYMBOLS) this.slots.add(symbol);
    for (let slot = 0; slot < SYMBOLS.length; slot++) this.writer.reset(slot, 0);
    this.rows = new RowDrain(this.memory, this.slots, () => scorer.id);
    this.core = this.newCore(scorer);
  }

  newCore(scorer: Scorer): ScanCore {
    return new ScanCore(this.memory, singleScorer(scorer), new ManualClock(1), { isEveryBarScored: false });
  }

  collect(rows: readonly ScoredCandidate[]): void {
    for (const row of rows) {
      const { symbol, openTimeMs, side, setup, score, features } = row;
      this.found.push({ symbol, openTimeMs, side, setup, score, features: [...features] });
    }
  }

  scanAll(): void {
    for (;;) {
      const reply = this.core.scan({ shardId: 0, seeds: [] });
      this.collect(this.rows.take(reply.rows).candidates);
      if (!reply.isUnfinished) return;
    }
  }
}

function reference(liveFromMs = 0): Found[] {
  return SYMBOLS.flatMap((symbol, slot) =>
    referenceScan(symbol, series[slot] as Float64Array, liveFromMs),
  ).toSorted(byTimeThenSymbol);
}

describe("ScanCore", () => {
  it("finds what the plain scanner finds, bar by bar, for every symbol", () => {
    const lab = new Lab();
    for (let bar = 0; bar < BARS; bar++) {
      for (let slot = 0; slot < SYMBOLS.length; slot++)
        writeBars(lab.writer, slot, series[slot] as Float64Array, bar, bar + 1);
      lab.scanAll();
    }
    const wanted = reference();
    expect(wanted.length).toBeGreaterThan(100);
    expect(lab.found.toSorted(byTimeThenSymbol)).toEqual(wanted);
    expect(lab.control.scanCounter(ScanCounter.Rebuilds)).toBe(0);
  });

  it(`finds the same however the bars are cut into tasks (seed ${seed})`, () => {
    const rng = new Rng(seed);
    const lab = new Lab();
    const written = SYMBOLS.map(() => 0);
    while (written.some((count) => count < BARS)) {
      for (let slot = 0; slot < SYMBOLS.length; slot++) {
        const from = written[slot] as number;
        const to = Math.min(BARS, from + rng.int(rng.chance(0.02) ? 400 : 4));
        writeBars(lab.writer, slot, series[slot] as Float64Array, from, to);
        written[slot] = to;
      }
      lab.scanAll();
    }
    expect(lab.found.toSorted(byTimeThenSymbol)).toEqual(reference());
  });

  it("raises nothing from bars that opened before the run went live", () => {
    const lab = new Lab();
    const liveFromMs = (series[0] as Float64Array)[1_000 * BAR_FIELDS] as number;
    for (let slot = 0; slot < SYMBOLS.length; slot++) lab.writer.reset(slot, liveFromMs);
    for (let bar = 0; bar < BARS; bar++) {
      for (let slot = 0; slot < SYMBOLS.length; slot++)
        writeBars(lab.writer, slot, series[slot] as Float64Array, bar, bar + 1);
      if (bar % 100 === 99) lab.scanAll();
    }
    expect(lab.found.toSorted(byTimeThenSymbol)).toEqual(reference(liveFromMs));
  });

  it(`emits every candidate exactly once when scans die at any step (seed ${seed})`, () => {
    const rng = new Rng(seed + 1);
    const lab = new Lab();
    let deaths = 0;
    for (let bar = 0; bar < BARS; bar++) {
      for (let slot = 0; slot < SYMBOLS.length; slot++)
        writeBars(lab.writer, slot, series[slot] as Float64Array, bar, bar + 1);
      if (bar > 320 && rng.chance(0.03)) {
        deaths++;
        const core = lab.newCore(new HeuristicScorer());
        // The thread dies at a random call into shared memory: everything before it has happened, nothing after it.
        dieAt(core, lab, rng);
        lab.collect(lab.rows.salvage().candidates);
      }
      lab.scanAll();
    }
    expect(deaths).toBeGreaterThan(20);
    expect(lab.control.scanCounter(ScanCounter.Rebuilds)).toBeGreaterThan(deaths);
    expect(lab.found.toSorted(byTimeThenSymbol)).toEqual(reference());
  });

  it("rebuilds a symbol whose bar was corrected and tells nothing again", () => {
    const lab = new Lab();
    for (let slot = 0; slot < SYMBOLS.length; slot++)
      writeBars(lab.writer, slot, series[slot] as Float64Array, 0, 500);
    lab.scanAll();
    const before = lab.found.length;
    const bars = series[0] as Float64Array;
    const at = 480 * BAR_FIELDS;
    const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
      at,
      at + BAR_FIELDS,
    );
    expect(lab.writer.replace(0, openTimeMs, open, high * 1.01, low, close, volume)).toBe(true);
    lab.scanAll();
    expect(lab.found.length).toBe(before);
    expect(lab.control.scanCounter(ScanCounter.Rebuilds)).toBe(1);
  });

  it("counts a lap and goes on when more bars closed than the ring holds", () => {
    const lab = new Lab();
    for (let slot = 0; slot < SYMBOLS.length; slot++)
      writeBars(lab.writer, slot, series[slot] as Float64Array, 0, 400);
    lab.scanAll();
    writeBars(lab.writer, 0, series[0] as Float64Array, 400, 400 + RING_BARS + 10);
    lab.scanAll();
    expect(lab.control.scanCounter(ScanCounter.Laps)).toBe(1);
    const states = new DetectorStates(lab.memory.states);
    expect(states.scanned(0)).toBe(new KlineRingReader(lab.memory.rings).tailOf(0));
  });

  it("stops where the result ring is full and goes on there, losing nothing", () => {
    const lab = new Lab();
    lab.core = new ScanCore(lab.memory, singleScorer(new HeuristicScorer()), new ManualClock(1), {
      isEveryBarScored: true,
    });
    for (let slot = 0; slot < SYMBOLS.length; slot++)
      writeBars(lab.writer, slot, series[slot] as Float64Array, 0, 500);
    let tasks = 0;
    for (;;) {
      const reply = lab.core.scan({ shardId: 0, seeds: [] });
      tasks++;
      lab.collect(lab.rows.take(reply.rows).candidates);
      if (!reply.isUnfinished) break;
    }
    // Features exist from bar 35 on.
    expect(lab.found.length).toBe(SYMBOLS.length * (500 - 35));
    expect(tasks).toBeGreaterThan(10);
    expect(new Set(lab.found.map((row) => `${row.symbol} ${row.openTimeMs}`)).size).toBe(lab.found.length);
  });

  it("takes a new run whole when its first task had no room, though it begins before the last scanned bar", () => {
    const lab = new Lab();
    const every = new ScanCore(lab.memory, singleScorer(new HeuristicScorer()), new ManualClock(1), {
      isEveryBarScored: true,
    });
    const last = SYMBOLS.length - 1;
    writeBars(lab.writer, last, series[last] as Float64Array, 0, 600);
    lab.scanAll();
    // The same minutes come again as a new run's history while the results of another slot fill the ring.
    lab.writer.reset(last, Number.MAX_SAFE_INTEGER);
    writeBars(lab.writer, last, series[last] as Float64Array, 0, 500);
    writeBars(lab.writer, 0, series[0] as Float64Array, 0, 500);
    const first = every.scan({ shardId: 0, seeds: [] });
    expect(first).toMatchObject({ isUnfinished: true });
    const states = new DetectorStates(lab.memory.states);
    expect(states.scanned(last)).toBe(600);
    expect(states.lastScannedMs(last)).toBe(-1);
  });

  it("gives a slot that changed hands a state of its own", () => {
    const lab = new Lab();
    for (let slot = 0; slot < SYMBOLS.length; slot++)
      writeBars(lab.writer, slot, series[slot] as Float64Array, 0, 900);
    lab.scanAll();
    lab.found.length = 0;
    lab.writer.reset(0, 0);
    writeBars(lab.writer, 0, series[5] as Float64Array, 0, 450);
    lab.scanAll();
    writeBars(lab.writer, 0, series[5] as Float64Array, 450, 900);
    lab.scanAll();
    const wanted = referenceScan(
      SYMBOLS[0] as string,
      (series[5] as Float64Array).subarray(0, 900 * BAR_FIELDS),
      0,
    );
    expect(lab.found).toEqual(wanted);
  });
});

/** Runs a scan that throws at a random access to the shared states, the result ring or the scorer. */
function dieAt(core: ScanCore, lab: Lab, rng: Rng): void {
  const target = rng.int(40);
  let calls = 0;
  const step = (): void => {
    if (calls++ === target) throw new Error("the thread dies here");
  };
  const restores: (() => void)[] = [];
  const guard = (prototype: object, name: string, isAfter: boolean): void => {
    const record = prototype as Record<string, (...args: unknown[]) => unknown>;
    const original = record[name] as (...args: unknown[]) => unknown;
    record[name] = function (this: unknown, ...args: unknown[]): unknown {
      if (!isAfter) step();
      const result = original.apply(this, args);
      if (isAfter) step();
      return result;
    };
    restores.push(() => {
      record[name] = original;
    });
  };
  guard(DetectorStates.prototype, "begin", true);
  guard(DetectorStates.prototype, "commit", false);
  guard(HeuristicScorer.prototype, "score", false);
  try {
    core.scan({ shardId: 0, seeds: [] });
  } catch (error) {
    if (!(error instanceof Error) || error.message !== "the thread dies here") throw error;
  } finally {
    for (const restore of restores) restore();
  }
}
