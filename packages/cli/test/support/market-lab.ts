import { ClusterMemory, ScanCore, type SlotEntry } from "@smcq/cluster";
import type { Signal } from "@smcq/engine";
import { BarSource } from "@smcq/exchange";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { type Clock, FEATURE_COUNT, ManualClock, MINUTE_MS, Rng, SystemClock } from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";
import type { BarRow } from "../../src/control/market-protocol.ts";
import { MarketAnswers } from "../../src/run/control/market-answers.ts";
import { LastCandidates } from "../../src/run/last-candidates.ts";

/** Bars of a walk that is full of swings; prices are whole ticks of 0.5. */
export function walk(seed: number, fromMs: number, count: number): BarRow[] {
  const rng = new Rng(seed);
  let price = 1_000;
  return Array.from({ length: count }, (_, at) => {
    const open = price;
    const close = Math.max(1, open + (rng.int(41) - 20) / 2);
    const high = Math.max(open, close) + rng.int(9) / 2;
    const low = Math.max(0.5, Math.min(open, close) - rng.int(9) / 2);
    price = close;
    return [fromMs + at * MINUTE_MS, open, high, low, close, 1 + rng.int(100)];
  });
}

/** The memory of a run, with real rings and scans, and what answers people from it. */
export class MarketLab {
  readonly memory: ClusterMemory;
  readonly lastCandidates = new LastCandidates();
  readonly answers: MarketAnswers;
  /** The venue's. */
  readonly clock: ManualClock;
  readonly #scans: readonly ScanCore[];

  constructor(symbols: readonly string[], nowMs: number) {
    this.memory = new ClusterMemory({ symbols, shards: 2 });
    this.clock = new ManualClock(nowMs);
    const wallClock: Clock = new SystemClock();
    this.#scans = this.memory.shards.map(
      ({ memory }) =>
        new ScanCore(memory, singleScorer(new HeuristicScorer()), wallClock, { isEveryBarScored: false }),
    );
    for (const { shardId, slot } of this.memory.slots.all()) this.writer(shardId).reset(slot, 0);
    this.answers = new MarketAnswers({
      memory: this.memory,
      stageOf: (symbol) => (this.memory.slots.of(symbol) === null ? null : "ready"),
      lastCandidates: this.lastCandidates,
      trading: () => null,
      venueClock: this.clock,
      wallClock,
    });
  }

  writer(shardId: number): KlineRingWriter {
    return new KlineRingWriter(this.memory.shard(shardId).memory.rings);
  }

  entry(symbol: string): SlotEntry {
    const entry = this.memory.slots.of(symbol);
    if (entry === null) throw new Error(`${symbol} has no slot`);
    return entry;
  }

  write(symbol: string, bars: readonly BarRow[]): void {
    const { shardId, slot } = this.entry(symbol);
    for (const [openMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] of bars)
      this.writer(shardId).append(
        slot,
        openMs,
        open,
        high,
        low,
        close,
        volume,
        BarSource.Stream,
        openMs + MINUTE_MS,
        1,
        2,
      );
  }

  scan(): void {
    for (const [shardId, scan] of this.#scans.entries()) scan.scan({ shardId, seeds: [] });
  }
}

/** A scored candidate of a bar. */
export function candidate(entry: SlotEntry, openTimeMs: number, score: number): Signal {
  return {
    symbol: entry.symbol,
    symbolId: entry.symbolId,
    side: -1,
    setup: 2,
    openTimeMs,
    score,
    features: new Float32Array(FEATURE_COUNT),
    scorerId: "heuristic-1",
    challenger: null,
    invalidationPrice: 1,
    atr: 1,
    medianTurnover: 1,
    exchangeMs: openTimeMs + MINUTE_MS,
    isRestConfirmed: false,
    times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0, emittedNs: 0 },
  };
}
