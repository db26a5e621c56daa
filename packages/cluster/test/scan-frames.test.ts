import type { BarReply } from "@smcq/exchange";
import {
  CandidateRows,
  HeuristicScorer,
  singleScorer,
  type Timeframe,
  TIMEFRAME_MINUTES,
} from "@smcq/features";
import { BAR_FIELDS, type BarRequest, ManualClock, MINUTE_MS, Rng } from "@smcq/kernel";
import { DetectorStates, ScanCounter } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { SeedQueue } from "../src/symbols/seed-queue.ts";
import { WarmUp } from "../src/symbols/warm-up.ts";
import { RowDrain } from "../src/scan/row-drain.ts";
import { ClusterMemory, ScanCore } from "../src/index.ts";
import { burstWalk, seed, writeBars } from "./support.ts";

const SYMBOL = "ALGOUSDT";
const START_MS = Date.UTC(2026, 0, 5, 0, 7);
const HISTORY_BARS = 499;

/** A candidate as text: all that a decision stands on. */
type Line = string;

/** What an offline scan finds in the bars, as the backtest does. */
function offline(timeframe: Timeframe, bars: Float64Array): Line[] {
  const rows = new CandidateRows({ timeframe, market: null });
  const features = new Float32Array(rows.width);
  const found: Line[] = [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [time, open, high, low, close, volume] = [...bars.subarray(at, at + BAR_FIELDS)];
    const code = rows.push(time!, open!, high!, low!, close!, volume!);
    if (code === 0) continue;
    rows.write(features, 0, code < 0 ? -1 : 1);
    found.push(lineOf(time!, code, rows.scanner.invalidationPrice(code), rows.scanner.atr, features));
  }
  return found;
}

function lineOf(
  openMs: number,
  code: number,
  ...[price, atr, features]: readonly [number, number, Iterable<number>]
): Line {
  return `${openMs} ${code} ${price} ${atr} ${[...features].join(",")}`;
}

const timeOf = (line: Line): number => Number(line.split(" ")[0]);

/** The venue's closed bars of a timeframe; volumes are added up in another order than a scan does it. */
function venueBars(minutes: number, bars: Float64Array, request: BarRequest): Float64Array {
  const frameMs = minutes * MINUTE_MS;
  const out: number[] = [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const openMs = bars[at]! - (bars[at]! % frameMs);
    // The walk begins inside a bar, and the venue has whole ones.
    if (openMs < START_MS || openMs < request.fromMs || openMs > request.toMs) continue;
    const last = out.length - BAR_FIELDS;
    if (last >= 0 && out[last] === openMs) {
      out[last + 2] = Math.max(out[last + 2]!, bars[at + 2]!);
      out[last + 3] = Math.min(out[last + 3]!, bars[at + 3]!);
      out[last + 4] = bars[at + 4]!;
      out[last + 5] = (Math.round(out[last + 5]! * 100) + Math.round(bars[at + 5]! * 100)) / 100;
    } else out.push(openMs, ...bars.subarray(at + 1, at + BAR_FIELDS));
  }
  return Float64Array.from(out);
}

/** One process of a live run over bars that a venue has: memory, warm-up and scan as the coordinator has them. */
class Live {
  readonly found: Line[] = [];
  readonly clock = new ManualClock(START_MS);
  readonly cluster: ClusterMemory;
  readonly warmUp: WarmUp;
  readonly seeds: SeedQueue;
  readonly rows: RowDrain;
  readonly #minutes: number;
  core: ScanCore;
  /** The venue's, which a correction changes. */
  bars: Float64Array;

  constructor(timeframe: Timeframe, bars: Float64Array) {
    this.bars = bars;
    this.#minutes = TIMEFRAME_MINUTES[timeframe];
    this.cluster = new ClusterMemory({
      symbols: [SYMBOL],
      shards: 1,
      needs: { timeframe, isRich: false },
      hasSpareSlots: false,
    });
    this.seeds = new SeedQueue(this.cluster.slots);
    this.warmUp = new WarmUp({
      barsReadyMin: 320,
      seed: {
        interval: timeframe === "M5" ? "5m" : "15m",
        bars: 1_499,
        isRebuiltByScan: true,
        isRich: false,
      },
      history: { request: (request, onReply) => this.#reply(request, onReply), forget() {} },
      venueClock: this.clock,
      memory: this.cluster,
      seeds: this.seeds,
    });
    this.warmUp.add(this.cluster.slots.of(SYMBOL)!);
    this.rows = new RowDrain(this.cluster.shard(0).memory, this.cluster.slots, () => "h");
    this.core = this.newCore();
  }

  newCore(): ScanCore {
    const { memory } = this.cluster.shard(0);
    const scorers = singleScorer(new HeuristicScorer());
    return new ScanCore(memory, scorers, this.clock, { isEveryBarScored: false });
  }

  #reply(request: BarRequest, onReply: (reply: BarReply) => void): void {
    onReply({ request, bars: venueBars(this.#minutes, this.bars, request) });
  }

  /** A run begins with the venue's history up to bar `at`, as a feed asks for it; nothing is raised before it. */
  begin(at: number): void {
    const fromMs = this.openMs(at) - HISTORY_BARS * MINUTE_MS;
    this.cluster.shard(0).owners.reset(0, this.openMs(at));
    const first = Math.max(0, at - HISTORY_BARS);
    let from = first;
    for (let bar = first + 1; bar < at; bar++)
      if (this.openMs(bar) !== this.openMs(bar - 1) + MINUTE_MS) from = bar;
    const request = { slot: 0, symbol: SYMBOL, interval: "1m", toMs: 0, priority: 0 } as const;
    const bars = this.bars.slice(first * BAR_FIELDS, at * BAR_FIELDS);
    this.warmUp.historyAnswered(SYMBOL, { request: { ...request, fromMs }, bars });
    this.take(from, at);
  }

  openMs(bar: number): number {
    return bar * BAR_FIELDS < this.bars.length
      ? this.bars[bar * BAR_FIELDS]!
      : this.bars.at(-BAR_FIELDS)! + MINUTE_MS;
  }

  /** Bars [from, to) close; then everything is scanned. */
  take(from: number, to: number): void {
    writeBars(this.cluster.shard(0).owners, 0, this.bars, from, to);
    this.clock.advanceTo(this.openMs(to - 1) + MINUTE_MS + 20_000);
    this.scan();
    this.warmUp.review();
    this.scan();
  }

  /** The same in pieces that the ring has room for. */
  takeAll(from: number, to: number): void {
    for (let at = from; at < to; at += 400) this.take(at, Math.min(to, at + 400));
  }

  scan(): void {
    for (;;) {
      const seeds = this.seeds.take(0);
      const reply = this.core.scan({ shardId: 0, seeds });
      this.collect(this.rows.take(reply.rows));
      this.seeds.put(
        0,
        seeds.filter(({ slot }) => reply.refusedSeeds.includes(slot)),
      );
      if (!reply.isUnfinished && reply.refusedSeeds.length === 0) return;
    }
  }

  collect({ candidates }: ReturnType<RowDrain["take"]>): void {
    for (const { openTimeMs, side, setup, invalidationPrice, atr, features } of candidates)
      this.found.push(lineOf(openTimeMs, side * setup, invalidationPrice, atr, features));
  }

  correct(bar: number, numbers: readonly number[]): void {
    const [open, high, low, close, volume] = numbers;
    this.bars.set(numbers, bar * BAR_FIELDS + 1);
    this.cluster.shard(0).owners.replace(0, this.openMs(bar), open!, high!, low!, close!, volume!);
  }
}

/** Bar numbers, minutes: enough for the first candidates of either timeframe, and for some hundred bars behind them. */
const SIZES: Readonly<Record<string, readonly [number, number]>> = {
  M5: [3_000, 9_000],
  M15: [7_000, 16_000],
};

describe.each(["M5", "M15"] as const)("live scan of %s", (timeframe) => {
  const minutes = TIMEFRAME_MINUTES[timeframe];
  const [begin, end] = SIZES[timeframe]!;
  const bars = burstWalk(START_MS, end, new Rng(seed));
  const wanted = offline(timeframe, bars);

  it(`finds what the offline scan finds, however its minutes come (seed ${seed})`, () => {
    const rng = new Rng(seed + 1);
    const live = new Live(timeframe, bars);
    live.begin(begin);
    for (let at = begin; at < end;) {
      const to = Math.min(end, at + 1 + rng.int(rng.chance(0.02) ? 300 : 40));
      live.take(at, to);
      at = to;
    }
    const after = wanted.filter((line) => timeOf(line) >= live.openMs(begin));
    expect(after.length).toBeGreaterThan(1);
    expect(live.found).toEqual(after);
  });

  it(`goes on in the middle of a bar after a restart, and after scans that die (seed ${seed})`, () => {
    const rng = new Rng(seed + 2);
    let live = new Live(timeframe, bars);
    live.begin(begin);
    const found: Line[] = [];
    const after = wanted.filter((line) => timeOf(line) >= live.openMs(begin));
    let deaths = 0;
    for (let at = begin; at < end;) {
      if (rng.chance(0.04)) {
        found.push(...live.found);
        live = new Live(timeframe, bars);
        live.begin(at);
      }
      const to = Math.min(end, at + 1 + rng.int(100));
      if (rng.chance(0.2)) {
        writeBars(live.cluster.shard(0).owners, 0, bars, at, to);
        deaths += dieAtCommit(live);
        live.take(to, to);
      } else live.take(at, to);
      at = to;
    }
    found.push(...live.found);
    expect(deaths).toBeGreaterThan(5);
    expect(found).toEqual(after);
  });

  it(`starts anew behind a hole that the venue has too (seed ${seed})`, () => {
    const rng = new Rng(seed + 3);
    const from = begin + 400 + rng.int(200);
    const to = from + 1 + rng.int(30);
    const holed = new Float64Array(bars.length - (to - from) * BAR_FIELDS);
    holed.set(bars.subarray(0, from * BAR_FIELDS));
    holed.set(bars.subarray(to * BAR_FIELDS), from * BAR_FIELDS);
    const count = holed.length / BAR_FIELDS;
    let live = new Live(timeframe, holed);
    live.begin(begin);
    live.takeAll(begin, from);
    // The feed gives the run up: its history has the hole in it, and the minutes behind are few.
    const behind = from + 200;
    live.warmUp.reset(SYMBOL);
    live.begin(behind);
    for (let at = behind; at < from + 450; at++) live.take(at, at + 1);
    const found = [...live.found];
    // Another process, while the minutes that it begins with still have the hole in them.
    live = new Live(timeframe, holed);
    live.begin(from + 450);
    live.takeAll(from + 450, count);
    found.push(...live.found);
    const after = offline(timeframe, holed).filter((line) => timeOf(line) >= live.openMs(begin));
    expect(after.length).toBeGreaterThan(1);
    expect(found).toEqual(after);
  });

  it(`takes late corrections into the bars that they belong to (seed ${seed})`, () => {
    const rng = new Rng(seed + 4);
    const live = new Live(timeframe, bars.slice());
    live.begin(begin);
    const middle = (begin + end) >> 1;
    for (let at = begin; at < end;) {
      const to = Math.min(end, at + 1 + rng.int(30));
      // The first numbers of a minute were wrong, and the right ones come when some more have closed, and perhaps its bar.
      const late = at + rng.int(to - at);
      const right = [...live.bars.subarray(late * BAR_FIELDS + 1, (late + 1) * BAR_FIELDS)];
      const isWrong = at < middle && rng.chance(0.5);
      if (isWrong) {
        const [open, high, low, close, volume] = right;
        live.bars.set([open!, high! * 1.01, low! * 0.99, close!, volume! + 70], late * BAR_FIELDS + 1);
      }
      live.take(at, to);
      if (isWrong) live.correct(late, right);
      at = to;
    }
    expect(live.cluster.shard(0).control.scanCounter(ScanCounter.Rebuilds)).toBeGreaterThan(50);
    // What a wrong minute made is told once and stands; behind the last correction nothing is left of it.
    const behind = (line: Line): boolean => timeOf(line) > live.openMs(middle + 60);
    expect(wanted.filter(behind).length).toBeGreaterThan(1);
    expect(live.found.filter(behind)).toEqual(wanted.filter(behind));
  });

  it(`leaves no trace of a minute that was corrected before its bar closed (seed ${seed})`, () => {
    const rng = new Rng(seed + 5);
    const calm = new Live(timeframe, bars.slice());
    calm.begin(begin);
    for (let at = begin; at < end;) {
      const inBar = (calm.openMs(at) / MINUTE_MS) % minutes;
      const to = Math.min(end, at + minutes - inBar);
      if (to - at < 2 || rng.chance(0.8)) {
        calm.take(at, to);
        at = to;
        continue;
      }
      const right = [...calm.bars.subarray(at * BAR_FIELDS + 1, (at + 1) * BAR_FIELDS)];
      calm.bars.set([right[0]!, right[1]! * 1.01, right[2]! * 0.99, right[3]!, 9_999], at * BAR_FIELDS + 1);
      calm.take(at, at + 1);
      calm.correct(at, right);
      calm.take(at + 1, to);
      at = to;
    }
    expect(calm.found).toEqual(wanted.filter((line) => timeOf(line) >= calm.openMs(begin)));
  });
});

/** A scan that dies when its results stand and its state is not committed; 1 when it did. */
function dieAtCommit(live: Live): number {
  const record = DetectorStates.prototype as unknown as Record<string, unknown>;
  const original = record["commit"];
  record["commit"] = () => {
    throw new Error("the thread dies here");
  };
  try {
    live.core.scan({ shardId: 0, seeds: [] });
    return 0;
  } catch (error) {
    if (!(error instanceof Error) || error.message !== "the thread dies here") throw error;
    live.collect(live.rows.salvage());
    live.core = live.newCore();
    return 1;
  } finally {
    record["commit"] = original;
  }
}
