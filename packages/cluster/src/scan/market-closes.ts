import { MARKET_HORIZONS, MarketTable } from "@smcq/features";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { KlineRingReader, type RichMemory } from "@smcq/wire";

/** Minutes whose closes a row asks for, counted back from the minute before its own. */
const BACK: readonly number[] = [0, ...MARKET_HORIZONS];
/** Tries to read a ring whose writer is at work; then the symbol lacks the minute. */
const READ_ATTEMPTS_MAX = 3;

/**
 * Closes of all symbols of all shards, read from their rings for the minute before a candidate's and for those that returns
 * are counted from. A symbol whose bar has not come by then, a minute late, is left out of that row.
 */
export class MarketCloses {
  readonly table: MarketTable;
  readonly #readers: readonly KlineRingReader[];
  /** Number of a shard's first slot in the table. */
  readonly #firsts: readonly number[];
  readonly #leaderOwner: number;
  readonly #bar: Float64Array = new Float64Array(BAR_FIELDS);
  #minute = -1;

  constructor({ rings, leaderOwner }: RichMemory) {
    this.#readers = rings.map((ring) => new KlineRingReader(ring));
    this.#leaderOwner = leaderOwner;
    let slots = 0;
    this.#firsts = this.#readers.map((reader) => {
      const first = slots;
      slots += reader.slots;
      return first;
    });
    this.table = MarketTable.empty(Array.from({ length: slots }, (_, index) => nameOf(index)));
  }

  /** The name that a slot has in the table. */
  static nameOf(index: number): string {
    return nameOf(index);
  }

  /** The number of a shard's slot in the table. */
  indexOf(shardId: number, slot: number): number {
    return (this.#firsts[shardId] ?? 0) + slot;
  }

  /** A new task: what was read for the last one may be more by now. */
  startTask(): void {
    this.#minute = -1;
  }

  /** Reads what a row of the bar that opened at `openMs` asks for, once a task and minute. */
  read(openMs: number): void {
    const minute = openMs / MINUTE_MS - 1;
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.table.forgetBefore(minute - Math.max(...BACK));
    this.table.lead(-1);
    for (const [shardId, reader] of this.#readers.entries())
      for (let slot = 0; slot < reader.slots; slot++)
        this.#readSlot(reader, slot, this.indexOf(shardId, slot));
  }

  #readSlot(reader: KlineRingReader, slot: number, index: number): void {
    const owner = reader.ownerOf(slot);
    if (owner !== 0 && owner === this.#leaderOwner) this.table.lead(index);
    for (const back of BACK) {
      const openMs = (this.#minute - back) * MINUTE_MS;
      this.table.take(index, openMs, owner === 0 ? Number.NaN : this.#closeOf(reader, slot, openMs));
    }
  }

  /** NaN: the ring does not have it. */
  #closeOf(reader: KlineRingReader, slot: number, openMs: number): number {
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      if (!reader.begin(slot)) continue;
      const { from, tail } = reader;
      if (tail === from) return Number.NaN;
      if (!reader.copy(tail - 1, tail, this.#bar)) continue;
      const at = tail - 1 - ((this.#bar[0] as number) - openMs) / MINUTE_MS;
      if (at < from || at >= tail) return Number.NaN;
      if (reader.copy(at, at + 1, this.#bar)) return this.#bar[4] as number;
    }
    return Number.NaN;
  }
}

function nameOf(index: number): string {
  return `slot ${index}`;
}
