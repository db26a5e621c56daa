import { BAR_FIELDS } from "@smcq/kernel";
import type { KlineRingReader } from "@smcq/wire";
import type { ClusterMemory } from "./cluster-memory.ts";

/** The last closed bars of any symbol, by its name. `look` chooses one; a symbol without a slot is gone. */
export class RecentRingBars {
  readonly #memory: ClusterMemory;
  #reader: KlineRingReader | null = null;

  constructor(memory: ClusterMemory) {
    this.#memory = memory;
  }

  get generation(): number {
    return this.#reader?.generation ?? -1;
  }

  get count(): number {
    return this.#reader === null ? 0 : this.#reader.tail - this.#reader.from;
  }

  look(symbol: string): "gone" | "busy" | "ready" {
    const entry = this.#memory.slots.of(symbol);
    this.#reader = null;
    if (entry === null) return "gone";
    const reader = this.#memory.reader(entry.shardId);
    if (!reader.begin(entry.slot) || reader.tail === reader.from) return "busy";
    this.#reader = reader;
    return "ready";
  }

  /** Copies the last `count` bars, flat, oldest first; false when they are not there or changed meanwhile. */
  copyLast(count: number, out: Float64Array): boolean {
    const reader = this.#reader;
    if (reader === null || count > this.count || out.length < count * BAR_FIELDS) return false;
    return reader.copy(reader.tail - count, reader.tail, out);
  }
}
