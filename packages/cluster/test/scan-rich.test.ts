import type { BarReply } from "@smcq/exchange";
import {
  CandidateRows,
  FEATURES_V2,
  MarketTable,
  type Scorer,
  singleScorer,
  type Timeframe,
  TIMEFRAME_MINUTES,
} from "@smcq/features";
import { BAR_FIELDS, type BarRequest, intervalMs, ManualClock, MINUTE_MS, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { RowDrain } from "../src/scan/row-drain.ts";
import { SeedQueue } from "../src/symbols/seed-queue.ts";
import { WarmUp } from "../src/symbols/warm-up.ts";
import { ClusterMemory, ScanCore } from "../src/index.ts";
import { burstWalk, seed, writeBars } from "./support.ts";

const SYMBOLS = ["ALGOUSDT", "BTCUSDT", "ENAUSDT", "XRPUSDT", "ADAUSDT"];
const START_MS = Date.UTC(2026, 0, 5);
const HISTORY_BARS = 499;
const SHARDS = 2;
const WIDTH = FEATURES_V2.columns.length;

/** A row with what it is of. */
type Line = string;

function lineOf(symbol: string, openMs: number, side: number, row: Iterable<number>): Line {
  return `${openMs} ${symbol} ${side} ${[...row].join(",")}`;
}

const byTime = (a: Line, b: Line): number => (a < b ? -1 : 1);

/** The rows of all candidates as a backtest makes them. */
function offline(timeframe: Timeframe, market: ReadonlyMap<string, Float64Array>): Line[] {
  const table = MarketTable.empty([...market.keys()]);
  for (const [symbol, bars] of market) table.takeBars(symbol, bars);
  const out = new Float32Array(WIDTH);
  const found: Line[] = [];
  for (const [symbol, bars] of market) {
    const rows = new CandidateRows({ timeframe, market: { table, symbol } });
    for (let at = 0; at < bars.length; at += BAR_FIELDS) {
      const [openMs, open, high, low, close, volume] = [...bars.subarray(at, at + BAR_FIELDS)];
      const code = rows.push(openMs!, open!, high!, low!, close!, volume!);
      if (code === 0) continue;
      rows.write(out, 0, code < 0 ? -1 : 1);
      found.push(lineOf(symbol, openMs!, Math.sign(code), out));
    }
  }
  return found.toSorted(byTime);
}

/** Keeps the rows that it is asked to score. */
class RowKeeper implements Scorer {
  readonly id = "keeper";
  readonly width = WIDTH;
  readonly rows: Float32Array[] = [];

  score(features: Float32Array, count: number, scores: Float64Array): void {
    for (let row = 0; row < count; row++) {
      this.rows.push(features.slice(row * WIDTH, (row + 1) * WIDTH));
      scores[row] = 0.5;
    }
  }
}

/** A process of a live run: several symbols on two shards, each scanned when its own bar has closed. */
class Live {
  readonly found: Line[] = [];
  readonly clock = new ManualClock(START_MS);
  readonly keeper = new RowKeeper();
  readonly cluster: ClusterMemory;
  readonly warmUp: WarmUp;
  readonly seeds: SeedQueue;
  readonly #cores: readonly ScanCore[];
  readonly #drains: readonly RowDrain[];
  readonly #market: ReadonlyMap<string, Float64Array>;

  constructor(timeframe: Timeframe, market: ReadonlyMap<string, Float64Array>) {
    this.#market = market;
    const needs = { timeframe, isRich: true };
    this.cluster = new ClusterMemory({ symbols: [...market.keys()], shards: SHARDS, needs });
    this.seeds = new SeedQueue(this.cluster.slots);
    const interval = timeframe === "M15" ? "15m" : "5m";
    this.warmUp = new WarmUp({
      barsReadyMin: 320,
      seed: { interval, bars: 1_499, isRebuiltByScan: timeframe !== "M1", isRich: true },
      history: { request: (request, onReply) => this.#reply(request, onReply), forget() {} },
      venueClock: this.clock,
      memory: this.cluster,
      seeds: this.seeds,
    });
    for (const entry of this.cluster.slots.all()) this.warmUp.add(entry);
    this.#cores = this.cluster.shards.map(
      ({ memory }) =>
        new ScanCore(memory, singleScorer(this.keeper), this.clock, { isEveryBarScored: false }),
    );
    this.#drains = this.cluster.shards.map(
      ({ memory }) => new RowDrain(memory, this.cluster.slots, () => "keeper"),
    );
  }

  #reply(request: BarRequest, onReply: (reply: BarReply) => void): void {
    const bars = this.#market.get(request.symbol)!;
    const stepMs = intervalMs(request.interval);
    const out: number[] = [];
    for (let at = 0; at < bars.length; at += BAR_FIELDS) {
      const openMs = bars[at]! - (bars[at]! % stepMs);
      if (openMs < request.fromMs || openMs > request.toMs || bars[at]! >= this.clock.nowMs()) continue;
      const last = out.length - BAR_FIELDS;
      if (last >= 0 && out[last] === openMs) {
        out[last + 2] = Math.max(out[last + 2]!, bars[at + 2]!);
        out[last + 3] = Math.min(out[last + 3]!, bars[at + 3]!);
        out[last + 4] = bars[at + 4]!;
        out[last + 5] = (Math.round(out[last + 5]! * 100) + Math.round(bars[at + 5]! * 100)) / 100;
      } else out.push(openMs, ...bars.subarray(at + 1, at + BAR_FIELDS));
    }
    onReply({ request, bars: Float64Array.from(out) });
  }

  /** Every symbol begins with the venue's history up to bar `at`. */
  begin(at: number): void {
    for (const [symbol, bars] of this.#market) {
      const { shardId, slot } = this.cluster.slots.of(symbol)!;
      const { owners } = this.cluster.shard(shardId);
      owners.setOwner(slot, this.cluster.slots.of(symbol)!.symbolId + 1);
      owners.reset(slot, bars[at * BAR_FIELDS]!);
      writeBars(owners, slot, bars, at - HISTORY_BARS, at);
    }
    this.clock.advanceTo(START_MS + at * MINUTE_MS + 20_000);
    for (let shardId = 0; shardId < SHARDS; shardId++) this.#scan(shardId);
    this.warmUp.review();
    for (let shardId = 0; shardId < SHARDS; shardId++) this.#scan(shardId);
  }

  /** Bar `at` closes: symbol by symbol in some order, and whoever is first is scanned before the others are there. */
  close(at: number, rng: Rng): void {
    this.clock.advanceTo(START_MS + (at + 1) * MINUTE_MS + 20_000);
    const order = [...this.#market.keys()].toSorted(() => rng.next() - 0.5);
    for (const symbol of order) {
      const { shardId, slot } = this.cluster.slots.of(symbol)!;
      writeBars(this.cluster.shard(shardId).owners, slot, this.#market.get(symbol)!, at, at + 1);
      if (rng.chance(0.5)) this.#scan(shardId);
    }
    for (let shardId = 0; shardId < SHARDS; shardId++) this.#scan(shardId);
  }

  #scan(shardId: number): void {
    for (;;) {
      const seeds = this.seeds.take(shardId);
      const before = this.keeper.rows.length;
      const reply = this.#cores[shardId]!.scan({ shardId, seeds });
      const { candidates } = this.#drains[shardId]!.take(reply.rows);
      for (const [k, { symbol, openTimeMs, side, features }] of candidates.entries()) {
        const row = this.keeper.rows[before + k]!;
        this.found.push(lineOf(symbol, openTimeMs, side, row));
        // What goes on to the engine is the row's first part.
        if (features.some((value, column) => !Object.is(value, row[column]))) throw new Error("another row");
      }
      this.seeds.put(
        shardId,
        seeds.filter(({ slot }) => reply.refusedSeeds.includes(slot)),
      );
      if (!reply.isUnfinished && reply.refusedSeeds.length === 0 && !this.seeds.has(shardId)) return;
    }
  }
}

describe.each([
  { timeframe: "M1" as const, begin: 5_000, end: 5_700 },
  { timeframe: "M5" as const, begin: 6_000, end: 7_300 },
])("rows of feature set v2 in a live scan of $timeframe", ({ timeframe, begin, end }) => {
  const rng = new Rng(seed + TIMEFRAME_MINUTES[timeframe]);
  const market = new Map(SYMBOLS.map((symbol) => [symbol, burstWalk(START_MS, end, rng)] as const));
  const fromMs = START_MS + begin * MINUTE_MS;
  const wanted = offline(timeframe, market).filter((line) => Number(line.split(" ")[0]) >= fromMs);

  it(`are those of a backtest to the bit, whichever symbol closes first (seed ${seed})`, () => {
    const live = new Live(timeframe, market);
    live.begin(begin);
    for (let bar = begin; bar < end; bar++) live.close(bar, rng);
    expect(wanted.length).toBeGreaterThan(1);
    expect(live.found.toSorted(byTime)).toEqual(wanted);
  });

  it("go on after a restart in the middle of everything", () => {
    const found: Line[] = [];
    const middle = (begin + end) >> 1;
    for (const [from, to] of [
      [begin, middle],
      [middle, end],
    ] as const) {
      const live = new Live(timeframe, market);
      live.begin(from);
      for (let bar = from; bar < to; bar++) live.close(bar, rng);
      found.push(...live.found);
    }
    expect(found.toSorted(byTime)).toEqual(wanted);
  });
});
