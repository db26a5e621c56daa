import { BackfillPriority, type BarHistory, type BarReply } from "@smcq/exchange";
import { BAR_FIELDS, type Clock } from "@smcq/kernel";
import type { DetectorStates, KlineRingReader, M5Seed } from "@smcq/wire";
import type { SlotEntry } from "./slot-table.ts";

const M5_MS = 300_000;
/** After a failed call M5 history is asked for again this much later, venue ms. */
const M5_RETRY_MS = 600_000;
/** Seeds that one scan task applies at most: each replays some 600 bars, and the market does not wait. */
const SEEDS_PER_TASK_MAX = 4;

export interface WarmUpOptions {
  /** Bars without a hole that make a symbol READY. */
  readonly barsReadyMin: number;
  /** 5m bars asked for each symbol; 0 asks for none. */
  readonly m5Bars: number;
  readonly history: BarHistory;
  readonly clock: Clock;
  readonly reader: (shardId: number) => KlineRingReader;
  readonly states: (shardId: number) => DetectorStates;
  /** A seed is waiting for this shard's next scan. */
  readonly onSeed: (shardId: number) => void;
}

type Stage = "warming" | "ready" | "short";

interface Progress {
  stage: Stage;
  isHistoryAnswered: boolean;
  /** The ring generation that M5 history was asked for; asked again when the generation moves on. */
  m5Generation: number;
  /** M5 history is not asked for before, venue ms. */
  m5NotBeforeMs: number;
  /** The ring generation whose M5 state has its history. */
  seededGeneration: number;
}

/** Follows each symbol from its first bar to READY and brings its M5 history. */
export class WarmUp {
  readonly #options: WarmUpOptions;
  readonly #progress = new Map<string, Progress>();
  /** Symbols that something is still owed to; the others are not looked at again before something happens to them. */
  readonly #pending = new Set<string>();
  readonly #seeds = new Map<number, M5Seed[]>();

  constructor(options: WarmUpOptions) {
    this.#options = options;
  }

  add(entry: SlotEntry): void {
    this.#pending.add(entry.symbol);
    this.#progress.set(entry.symbol, {
      stage: "warming",
      isHistoryAnswered: false,
      m5Generation: -1,
      m5NotBeforeMs: 0,
      seededGeneration: -1,
    });
  }

  remove(symbol: string): void {
    this.#progress.delete(symbol);
    this.#pending.delete(symbol);
  }

  /** The venue has answered a wish for M1 history of a symbol. */
  historyAnswered(symbol: string): void {
    const progress = this.#progress.get(symbol);
    if (progress !== undefined) progress.isHistoryAnswered = true;
  }

  /** A symbol's run was broken off: it warms up again. */
  reset(symbol: string): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined) return;
    progress.stage = "warming";
    // The answer that counts is the one to the new run's wish.
    progress.isHistoryAnswered = false;
    this.#pending.add(symbol);
  }

  /** A bar of a symbol changed: its M5 state, which no rebuild from the ring reaches, is seeded anew. */
  corrected(symbol: string): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined) return;
    progress.m5Generation = -1;
    this.#pending.add(symbol);
  }

  /** Looks at every symbol that is not READY yet; asks for M5 history of those that have become it. */
  review(entryOf: (symbol: string) => SlotEntry | null): void {
    for (const symbol of this.#pending) {
      const progress = this.#progress.get(symbol);
      const entry = entryOf(symbol);
      if (progress === undefined || entry === null) continue;
      const reader = this.#options.reader(entry.shardId);
      const bars = reader.barCount(entry.slot);
      if (bars >= this.#options.barsReadyMin) {
        if (progress.stage !== "ready" && this.#isScanned(entry)) progress.stage = "ready";
      } else if (progress.isHistoryAnswered && bars > 0) progress.stage = "short";
      if (progress.stage !== "ready" || this.#options.clock.nowMs() < progress.m5NotBeforeMs) continue;
      this.#pending.delete(symbol);
      const generation = reader.generationOf(entry.slot);
      if (progress.m5Generation === generation) continue;
      progress.m5Generation = generation;
      this.#askM5(entry, generation);
    }
  }

  /** A scan has applied these seeds. */
  seedsApplied(symbols: readonly { readonly symbol: string; readonly generation: number }[]): void {
    for (const { symbol, generation } of symbols) {
      const progress = this.#progress.get(symbol);
      if (progress !== undefined) progress.seededGeneration = generation;
    }
  }

  /** How many symbols are READY, how many of them have their M5 history, and how many cannot be yet because the venue's history is too short. */
  count(): {
    readonly ready: number;
    readonly m5Ready: number;
    readonly short: number;
    readonly warming: number;
  } {
    let ready = 0;
    let m5Ready = 0;
    let short = 0;
    for (const progress of this.#progress.values()) {
      if (progress.stage === "ready") ready++;
      if (
        progress.stage === "ready" &&
        progress.seededGeneration >= 0 &&
        progress.seededGeneration === progress.m5Generation
      )
        m5Ready++;
      if (progress.stage === "short") short++;
    }
    return { ready, m5Ready, short, warming: this.#progress.size - ready - short };
  }

  /** Symbols on their way to READY, at most `countMax` of them. */
  warmingSymbols(countMax: number): readonly string[] {
    const symbols: string[] = [];
    for (const [symbol, { stage }] of this.#progress)
      if (stage === "warming" && symbols.length < countMax) symbols.push(symbol);
    return symbols;
  }

  hasSeeds(shardId: number): boolean {
    return (this.#seeds.get(shardId)?.length ?? 0) > 0;
  }

  /** Takes the seeds for a shard's next scan. Their bars are copies: a refused seed can be sent again. */
  takeSeeds(shardId: number): M5Seed[] {
    const waiting = this.#seeds.get(shardId) ?? [];
    return waiting.splice(0, SEEDS_PER_TASK_MAX);
  }

  /** Puts seeds back that a scan could not apply yet. */
  returnSeeds(shardId: number, seeds: readonly M5Seed[]): void {
    const waiting = this.#seeds.get(shardId) ?? [];
    waiting.push(...seeds);
    this.#seeds.set(shardId, waiting);
  }

  /** The detector has been through the present run's history. */
  #isScanned({ shardId, slot }: SlotEntry): boolean {
    const reader = this.#options.reader(shardId);
    const states = this.#options.states(shardId);
    if (!reader.begin(slot) || states.generation(slot) !== reader.generation) return false;
    return states.scanned(slot) - reader.runStart >= this.#options.barsReadyMin;
  }

  #askM5(entry: SlotEntry, generation: number): void {
    if (this.#options.m5Bars === 0) return;
    const lastClosedMs = Math.floor(this.#options.clock.nowMs() / M5_MS) * M5_MS - M5_MS;
    const request = {
      slot: entry.slot,
      symbol: entry.symbol,
      interval: "5m" as const,
      fromMs: lastClosedMs - (this.#options.m5Bars - 1) * M5_MS,
      toMs: lastClosedMs,
      priority: BackfillPriority.M5History,
    };
    this.#options.history.request(request, (reply: BarReply) => {
      if (reply.bars.length < BAR_FIELDS) {
        this.#askLater(entry.symbol);
        return;
      }
      this.returnSeeds(entry.shardId, [{ slot: entry.slot, generation, bars: reply.bars }]);
      this.#options.onSeed(entry.shardId);
    });
  }

  /** The venue gave no M5 history: the symbol goes on without it and asks again. */
  #askLater(symbol: string): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined) return;
    progress.m5Generation = -1;
    progress.m5NotBeforeMs = this.#options.clock.nowMs() + M5_RETRY_MS;
    this.#pending.add(symbol);
  }
}
