import { BackfillPriority, type BarHistory, type BarReply } from "@smcq/exchange";
import type { RichPart } from "@smcq/features";
import { BAR_FIELDS, type BarInterval, type Clock, intervalMs, MINUTE_MS } from "@smcq/kernel";
import type { ClusterMemory } from "../memory/cluster-memory.ts";
import type { SeedQueue } from "./seed-queue.ts";
import type { SlotEntry } from "../memory/slot-table.ts";

/** REST's row of a bar may still move for so long after its end, venue ms. */
const SEED_SETTLE_MS = 15_000;
/** After a failed call history is asked for again this much later, venue ms. */
const SEED_RETRY_MS = 600_000;

/** What a symbol's state is seeded with beside the ring's minutes: M5's, or that of a plan's longer timeframe. */
export interface SeedWish {
  readonly interval: Exclude<BarInterval, "1m">;
  /** Closed bars asked for each symbol; 0 asks for none. */
  readonly bars: number;
  /** The scan brings the state back by itself after a correction: it keeps the bars that have closed. */
  readonly isRebuiltByScan: boolean;
  /** Rows are those of feature set v2, whose history comes besides. */
  readonly isRich: boolean;
}

interface RichAsk {
  readonly part: RichPart;
  readonly interval: BarInterval;
  readonly bars: number;
  /** Of these, so many newer ones are asked for by another part. */
  readonly newer: number;
}

const CALL_BARS = 1_499;
/** What feature set v2 looks back on: more than two days of minutes, and longer bars for the trends; weight 24 a symbol. */
const RICH_ASKS: readonly RichAsk[] = [
  { part: "minutes-before", interval: "1m", bars: CALL_BARS, newer: CALL_BARS },
  { part: "minutes", interval: "1m", bars: CALL_BARS, newer: 0 },
  { part: "m15", interval: "15m", bars: 499, newer: 0 },
  { part: "h1", interval: "1h", bars: 499, newer: 0 },
];

export interface WarmUpOptions {
  /** Bars without a hole that make a symbol READY. */
  readonly barsReadyMin: number;
  readonly seed: SeedWish;
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
  /** The ring generation that the seed was asked for; asked again when the generation moves on. */
  seedGeneration: number;
  /** The same of the history of feature set v2, which no correction voids. */
  richGeneration: number;
  /** The seed is not asked for before, venue ms. */
  seedNotBeforeMs: number;
  /** Where the minutes go on behind the last hole that the venue's history is known to have, open time, ms. */
  behindHoleMs: number;
}

/** Follows each symbol from its first bar to READY and brings the history that seeds its longer timeframe. */
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
      seedGeneration: -1,
      richGeneration: -1,
      seedNotBeforeMs: 0,
      behindHoleMs: 0,
    });
  }

  remove(symbol: string): void {
    this.#progress.delete(symbol);
    this.#pending.delete(symbol);
    this.#options.seeds.forget(symbol);
  }

  /** The venue has answered a wish for M1 history of a symbol; `reply`: with this. */
  historyAnswered(symbol: string, reply: BarReply | null = null): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined) return;
    progress.isHistoryAnswered = true;
    if (reply !== null) progress.behindHoleMs = Math.max(progress.behindHoleMs, behindHoleMs(reply));
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

  /** A bar of a symbol changed: a state that no rebuild reaches is seeded anew. */
  corrected(symbol: string): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined || this.#options.seed.isRebuiltByScan) return;
    progress.seedGeneration = -1;
    this.#pending.add(symbol);
  }

  /** Looks at every symbol that is not READY yet; asks for the seed of those that have become it. */
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
      const isSettled = nowMs % intervalMs(this.#options.seed.interval) >= SEED_SETTLE_MS;
      if (progress.stage !== "ready" || nowMs < progress.seedNotBeforeMs || !isSettled) continue;
      this.#pending.delete(symbol);
      const generation = reader.generationOf(entry.slot);
      if (this.#options.seed.isRich && progress.richGeneration !== generation) {
        progress.richGeneration = generation;
        for (const ask of RICH_ASKS) this.#askRich(entry, generation, ask);
      }
      if (progress.seedGeneration === generation) continue;
      progress.seedGeneration = generation;
      this.#askSeed(entry, generation);
    }
  }

  /** How many symbols are READY, how many of them have their seed, and how many cannot be yet because the venue's history is too short. */
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
      if (isReady && seeded >= 0 && seeded === progress.seedGeneration) m5Ready++;
      if (progress.stage === "short") short++;
    }
    return { ready, m5Ready, short, warming: this.#progress.size - ready - short };
  }

  /** Null: nobody watches the symbol. */
  stageOf(symbol: string): Stage | null {
    return this.#progress.get(symbol)?.stage ?? null;
  }

  /** READY, with the history that seeds it where that is asked for; or its history is too short for more. */
  isWarm(symbol: string): boolean {
    const progress = this.#progress.get(symbol);
    if (progress === undefined || progress.stage === "warming") return false;
    if (progress.stage === "short" || this.#options.seed.bars === 0) return true;
    const seeded = this.#options.seeds.generationOf(symbol);
    return seeded >= 0 && seeded === progress.seedGeneration;
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

  #askSeed(entry: SlotEntry, generation: number): void {
    const { interval, bars } = this.#options.seed;
    if (bars === 0) return;
    const stepMs = intervalMs(interval);
    const lastClosedMs = Math.floor(this.#options.venueClock.nowMs() / stepMs) * stepMs - stepMs;
    const request = {
      slot: entry.slot,
      symbol: entry.symbol,
      interval,
      fromMs: lastClosedMs - (bars - 1) * stepMs,
      toMs: lastClosedMs,
      priority: BackfillPriority.M5History,
    };
    this.#options.history.request(request, (reply: BarReply) => {
      if (reply.bars.length < BAR_FIELDS) {
        this.#askLater(entry.symbol, "seedGeneration");
        return;
      }
      this.#options.seeds.put(entry.shardId, [
        { part: null, slot: entry.slot, generation, bars: this.#withoutHoles(entry.symbol, reply.bars) },
      ]);
    });
  }

  #askRich(entry: SlotEntry, generation: number, { part, interval, bars, newer }: RichAsk): void {
    const stepMs = intervalMs(interval);
    const lastClosedMs = Math.floor(this.#options.venueClock.nowMs() / stepMs) * stepMs - stepMs;
    const toMs = lastClosedMs - newer * stepMs;
    const { slot, symbol, shardId } = entry;
    const fromMs = toMs - (bars - 1) * stepMs;
    const request = { slot, symbol, interval, fromMs, toMs, priority: BackfillPriority.M5History };
    this.#options.history.request(request, (reply: BarReply) => {
      // Refused, or of a symbol that is younger than that: it raises nothing before all of it is there.
      if (reply.bars.length < BAR_FIELDS) this.#askLater(symbol, "richGeneration");
      else this.#options.seeds.put(shardId, [{ part, slot, generation, bars: reply.bars }]);
    });
  }

  /** A longer bar that the minutes behind a hole do not make alone is none: what a plan is scanned on starts anew there. */
  #withoutHoles(symbol: string, bars: Float64Array): Float64Array {
    if (!this.#options.seed.isRebuiltByScan) return bars;
    const fromMs = this.#progress.get(symbol)?.behindHoleMs ?? 0;
    let at = 0;
    while (at < bars.length && (bars[at] as number) < fromMs) at += BAR_FIELDS;
    return bars.slice(at);
  }

  /** The venue gave nothing: the symbol goes on without its seed and asks again. */
  #askLater(symbol: string, what: "seedGeneration" | "richGeneration"): void {
    const progress = this.#progress.get(symbol);
    if (progress === undefined) return;
    progress[what] = -1;
    progress.seedNotBeforeMs = this.#options.venueClock.nowMs() + SEED_RETRY_MS;
    this.#pending.add(symbol);
  }
}

/** Open time of the bar behind the last hole of a reply's minutes, the time before its first bar included; 0: there is none. */
function behindHoleMs({ request, bars }: BarReply): number {
  let behindMs = 0;
  let nextMs = request.fromMs;
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const openMs = bars[at] as number;
    if (openMs > nextMs) behindMs = openMs;
    nextMs = openMs + MINUTE_MS;
  }
  return behindMs;
}
