import type { BarSeed } from "@smcq/wire";
import type { SlotTable } from "../memory/slot-table.ts";

/** Seeds that one scan task applies at most: each replays some 600 bars, and the market does not wait. */
const SEEDS_PER_TASK_MAX = 4;

/**
 * Histories of longer bars on their way into the detectors' state: brought by the warm-up, taken by each shard's next scan, put
 * back when the scan could not apply them yet.
 */
export class SeedQueue {
  readonly #slots: SlotTable;
  readonly #waiting: BarSeed[][];
  /** The generation whose state has its history, by symbol. */
  readonly #applied = new Map<string, number>();

  constructor(slots: SlotTable) {
    this.#slots = slots;
    this.#waiting = Array.from({ length: slots.shardCount }, () => []);
  }

  has(shardId: number): boolean {
    return this.#of(shardId).length > 0;
  }

  put(shardId: number, seeds: readonly BarSeed[]): void {
    this.#of(shardId).push(...seeds);
  }

  /** Takes the seeds for a shard's next scan. Their bars are copies: a refused seed can be put back. */
  take(shardId: number): BarSeed[] {
    return this.#of(shardId).splice(0, SEEDS_PER_TASK_MAX);
  }

  /** A scan has applied these seeds. */
  applied(shardId: number, seeds: readonly BarSeed[]): void {
    for (const { part, slot, generation } of seeds) {
      if (part !== null) continue;
      const entry = this.#slots.at(shardId, slot);
      if (entry !== null) this.#applied.set(entry.symbol, generation);
    }
  }

  /** The generation whose state has its history; -1 when none has. */
  generationOf(symbol: string): number {
    return this.#applied.get(symbol) ?? -1;
  }

  forget(symbol: string): void {
    this.#applied.delete(symbol);
  }

  #of(shardId: number): BarSeed[] {
    const waiting = this.#waiting[shardId];
    if (waiting === undefined) throw new RangeError(`no shard ${shardId}`);
    return waiting;
  }
}
