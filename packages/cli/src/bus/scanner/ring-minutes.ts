import type { ClusterMemory } from "@smcq/cluster";
import type { SharedBar } from "@smcq/engine";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { KlineRingReader, LastFinal } from "@smcq/wire";

/** Single minutes of symbols as rings hold them, and whether the detector has been through them. */
export class RingMinutes {
  readonly #memory: ClusterMemory;
  // Readers of its own: another reader of the same thread may be in the middle of a read.
  readonly #readers: readonly KlineRingReader[];
  readonly #bar = new Float64Array(BAR_FIELDS);

  constructor(memory: ClusterMemory) {
    this.#memory = memory;
    this.#readers = memory.shards.map(({ memory: own }) => new KlineRingReader(own.rings));
  }

  /** The bar that opened at `minuteMs`; null: it is not there, or is being written. */
  bar(symbol: string, minuteMs: number): SharedBar | null {
    const entry = this.#memory.slots.of(symbol);
    const reader = entry === null ? undefined : this.#readers[entry.shardId];
    if (entry === null || reader === undefined || !reader.begin(entry.slot)) return null;
    const { tail, from } = reader;
    const liveFromMs = reader.lastFinal(LastFinal.LiveFromMs);
    if (tail === from || !reader.copy(tail - 1, tail, this.#bar)) return null;
    const index = tail - 1 - ((this.#bar[0] as number) - minuteMs) / MINUTE_MS;
    if (index < from || index >= tail || !reader.copy(index, index + 1, this.#bar)) return null;
    const { states } = this.#memory.shard(entry.shardId);
    const isOfRun = states.generation(entry.slot) === reader.generation;
    const isScanned = isOfRun && minuteMs >= liveFromMs && states.lastScannedMs(entry.slot) >= minuteMs;
    const [, open, high, low, close, volume] = this.#bar as unknown as readonly [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { symbol, open, high, low, close, volume, isScanned };
  }
}
