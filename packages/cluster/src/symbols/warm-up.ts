import { BackfillPriority, type BarHistory, type BarReply } from "@smcq/exchange";
import { BAR_FIELDS, type Clock } from "@smcq/kernel";
import type { ClusterMemory } from "../memory/cluster-memory.ts";
import type { SeedQueue } from "./seed-queue.ts";
import type { SlotEntry } from "../memory/slot-table.ts";

const M5_MS = 300_000;
/** After a failed call M5 history is asked for again this much later, venue ms. */
/** REST's row of an M5 bar may still move for so long after its end, venue ms. */
const M5_SETTLE_MS = 15_000;
const M5_RETRY_MS = 600_000;

export interface WarmUpOptions {
  /** Bars without a hole that make a symbol READY. */
  readonly barsReadyMin: number;
  /** 5m bars asked for each symbol; 0 asks for none. */
  readonly m5Bars: number;
  readonly history: BarHistory;
  readonly venueClock: Clock;
  readonly memory: ClusterMemory;
  readonly seeds: SeedQueue;
}

/** On its way, READY, or of a history that is too short to be. */
export type Stage = "warming" | "ready" | "short";

interface Progress {
  stage: Stage;
  isHistoryAnswered: boolean;
  /** The ring generation that M5 history was asked for; asked again when the generation moves on. */
  m5Generation: number;
  /** M5 history is not asked for before, venue ms. */
  m5NotBeforeMs: number;
}

/** Follows each symbol from its first bar to READY and brings its M5 history. */
export class WarmUp {
  readonly #options: WarmUpOptions;
  readonly #progress = new Map<string, Progress>();
  /** Symbols that something is still owed to; the others are not looked at again before something happens to them. */
  readonly #pending = new Set<string>();

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
    });
  }

  remove(symbol: string): void {
    this.#progress.delete(symbol);
    this.#pending.delete(symbol);
    this.#options.seeds.forget(symbol);
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
  review(): void {
    const { memory, venueClock } = this.#options;
    for (const symbol of this.#pending) {
      const progress = this.#progress.get(symbol);
      const entry = memory.slots.of(symbol);
      if (progress === undefined || entry === null) continue;
      const { reader } = memory.shard(entry.shardId);
      const bars = reader.barCount(entry.slot);
      if (bars >= this.#options.barsReadyMin) {
        if (progress.stage !== "ready" && this.#isScanned(entry)) progress.stage = "ready";
      } else if (progress.isHistoryAnswered && bars > 0) progress.stage = "short";
      const nowMs = venueClock.nowMs();
      if (progress.stage !== "ready" || nowMs < progress.m5NotBeforeMs || nowMs % M5_MS < M5_SETTLE_MS)
        continue;
      this.#pending.delete(symbol);
      const generation = reader.generationOf(entry.slot);
      if (progress.m5Generation === generation) continue;
      progress.m5Generation = generation;
      this.#askM5(entry, generation);
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
    for (const [symbol, progress] of this.#progress) {
      const isReady = progress.stage === "ready";
      const seeded = this.#options.seeds.generationOf(symbol);
      if (isReady) ready++;
      if (isReady && seeded >= 0 && seeded === progress.m5Generation) m5Ready++;
      if (progress.stage === "short") short++;
    }
    return { ready, m5Ready, short, warming: this.#progress.size - ready - short };
  }

  /** Null: nobody watches the symbol. */
  stageOf(symbol: string): Stage | null {
    return this.#progress.get(symbol)?.stage ?? null;
  }

  /** READY, with its M5 history where that is asked for; or its history is too short for more. */
  isWarm(symbol: string): boolean {
    const progress = this.#progress.get(symbol);
    if (progress === undefined || progress.stage === "warming") return false;
    if (progress.stage === "short" || this.#options.m5Bars === 0) return true;
    const seeded = this.#options.seeds.generationOf(symbol);
    return seeded >= 0 && seeded === progress.m5Generation;
  }

  /** Symbols on their way to READY, at most `countMax` of them. */
  warmingSymbols(countMax: number): readonly string[] {
    const symbols: string[] = [];
    for (const [symbol, { stage }] of this.#progress)
      if (stage === "warming" && symbols.length < countMax) symbols.push(symbol);
    return symbols;
  }

  /** The detector has been through the present run's history. */
  #isScanned({ shardId, slot }: SlotEntry): boolean {
    const { reader, states } = this.#options.memory.shard(shardId);
    if (!reader.begin(slot) || states.generation(slot) !== reader.generation) return false;
    return states.scanned(slot) - reader.runStart >= this.#options.barsReadyMin;
  }

  #askM5(entry: SlotEntry, generation: number): void {
    if (this.#options.m5Bars === 0) return;
    const lastClosedMs = Math.floor(this.#options.venueClock.nowMs() / M5_MS) * M5_MS - M5_MS;
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
      this.#options.seeds.put(entry.shardId, [{ slot: entry.slot, generation, bars: reply.bars }]);
    });
  }

  /** The venue gave no M5 history: the symbol goes on without it and asks again. */
  #askLater(symbol: string): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined) return;
    progress.m5Generation = -1;
    progress.m5NotBeforeMs = this.#options.venueClock.nowMs() + M5_RETRY_MS;
    this.#pending.add(symbol);
  }
}
