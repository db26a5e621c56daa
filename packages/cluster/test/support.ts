import { CandidateScanner, HeuristicScorer } from "@smcq/features";
import { BarSource } from "@smcq/exchange";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { BAR_FIELDS, ManualClock, MINUTE_MS, type Rng } from "@smcq/kernel";
import { KlineRingWriter, type ShardMemory } from "@smcq/wire";

export const seed = Number(process.env["SMCQ_SEED"] ?? 20261120);

/** A candidate as text: everything that must be equal between two ways of finding it. */
export interface Found {
  readonly symbol: string;
  readonly openTimeMs: number;
  readonly side: number;
  readonly setup: number;
  readonly score: number;
  readonly features: readonly number[];
}

export function byTimeThenSymbol(a: Found, b: Found): number {
  return a.openTimeMs - b.openTimeMs || (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0);
}

/** Closed bars of a symbol of the simulated market, flat. */
export function flatBars(market: MarketData, symbol: string, from: number, to: number): Float64Array {
  const out: number[] = [];
  const sink = {
    forming() {},
    correct() {},
    reset() {},
    final(
      _slot: number,
      openTimeMs: number,
      open: number,
      high: number,
      low: number,
      close: number,
      volume: number,
    ) {
      out.push(openTimeMs, open, high, low, close, volume);
    },
  };
  const feed = new ReplayFeed({ market, sink, startMinute: from });
  feed.add(0, symbol);
  void feed.start();
  feed.runTo(to);
  return Float64Array.from(out);
}

/** The plain way: one scanner over one symbol's bars, no ring, no thread. Candidates of bars that open at or after `liveFromMs`. */
export function referenceScan(symbol: string, bars: Float64Array, liveFromMs: number): Found[] {
  const buffer = new ArrayBuffer(CandidateScanner.M1_BYTES + CandidateScanner.CARRY_BYTES);
  const scanner = new CandidateScanner({ m1Buffer: buffer, carryBuffer: buffer });
  scanner.attach(0, CandidateScanner.M1_BYTES);
  scanner.resetAll();
  const scorer = new HeuristicScorer();
  const row = new Float32Array(12);
  const score = new Float64Array(1);
  const found: Found[] = [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
      at,
      at + BAR_FIELDS,
    );
    const code = scanner.push(openTimeMs, open, high, low, close, volume);
    if (code === 0 || openTimeMs < liveFromMs) continue;
    scanner.features(row, 0, code < 0 ? -1 : 1);
    scorer.score(row, 1, score);
    found.push({
      symbol,
      openTimeMs,
      side: Math.sign(code),
      setup: Math.abs(code),
      score: score[0] as number,
      features: [...row],
    });
  }
  return found;
}

/** Writes bars [from, to) of a flat array into a slot, as a shard does. */
export function writeBars(
  writer: KlineRingWriter,
  slot: number,
  bars: Float64Array,
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index++) {
    const at = index * BAR_FIELDS;
    writer.append(
      slot,
      bars[at] as number,
      bars[at + 1] as number,
      bars[at + 2] as number,
      bars[at + 3] as number,
      bars[at + 4] as number,
      bars[at + 5] as number,
      BarSource.Stream,
      (bars[at] as number) + MINUTE_MS,
      1,
      2,
    );
  }
}

/** Leaves slot 0 as a writer that dies in the middle of replacing `bar` does: its revision is odd. */
export function tearRing(memory: ShardMemory, writer: KlineRingWriter, bar: Float64Array): void {
  const words = new Int32Array(memory.rings);
  const before = words.slice();
  const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bar;
  writer.replace(0, openTimeMs, open, high, low, close, volume + 1);
  // The one word that a replacement moves by two.
  const revision = words.findIndex((word, at) => word === (before[at] as number) + 2);
  if (revision < 0) throw new Error("no revision moved");
  Atomics.add(words, revision, 1);
}

export type { ShardMemory };
export { ManualClock };

/** M1 bars of a walk with numbers that a venue could send, the first at `startMs`. */
export function burstWalk(startMs: number, count: number, rng: Rng): Float64Array {
  const bars = new Float64Array(count * BAR_FIELDS);
  let price = 100;
  let burst = 0;
  const cents = (value: number): number => Math.round(value * 100) / 100;
  for (let bar = 0; bar < count; bar++) {
    const open = cents(price);
    // Now and then a burst goes one way, which is what setups are made of.
    if (rng.chance(0.02)) burst = (rng.next() - 0.5) * 0.004;
    if (rng.chance(0.1)) burst = 0;
    price *= Math.exp((rng.next() - 0.5) * 0.002 + burst);
    const close = cents(price);
    const high = cents(Math.max(open, close) * (1 + rng.next() * 0.001)) + 0.01;
    const low = cents(Math.min(open, close) * (1 - rng.next() * 0.001)) - 0.01;
    bars.set([startMs + bar * MINUTE_MS, open, high, low, close, cents(rng.next() * 90)], bar * BAR_FIELDS);
  }
  return bars;
}
