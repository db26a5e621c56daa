import type { ClusterMemory } from "@smcq/cluster";
import { BAR_FIELDS, MINUTE_MS, numberToE8 } from "@smcq/kernel";

/** Closed bars that are looked through for a minute: a process that was away for a while finds it still. */
const CLOSED_BARS = 16;
/** Fields of a forming bar in the ring: open time, open, high, low, close, volume, event time. */
const FORMING_FIELDS = 7;

/** What the market of a symbol is now, e8; the volume is that of its last closed minute. */
export interface MarketNow {
  readonly lastE8: bigint;
  readonly volumeE8: bigint;
}

/** The market as a desk needs it. */
export interface DeskMarket {
  /** The symbol is watched no more. */
  isGone(symbol: string): boolean;
  /** Null: nothing is known, or it was being written. */
  now(symbol: string): MarketNow | null;
  /** Close of the minute that closed at `closeMs`; null: it is not there. */
  closeE8(symbol: string, closeMs: number): bigint | null;
}

/** Prices as the shards' rings hold them, by symbol: what is told of a minute that goes on, else its last close. */
export class RingMarket implements DeskMarket {
  readonly #memory: ClusterMemory;
  readonly #forming = new Float64Array(FORMING_FIELDS);
  readonly #closed = new Float64Array(CLOSED_BARS * BAR_FIELDS);

  constructor(memory: ClusterMemory) {
    this.#memory = memory;
  }

  isGone(symbol: string): boolean {
    return this.#memory.slots.of(symbol) === null;
  }

  now(symbol: string): MarketNow | null {
    const entry = this.#memory.slots.of(symbol);
    const count = this.#copyClosed(symbol);
    if (entry === null || count === 0) return null;
    const at = (count - 1) * BAR_FIELDS;
    const [closedMs, , , , close, volume] = this.#closed.subarray(
      at,
      at + BAR_FIELDS,
    ) as unknown as readonly number[];
    const isForming = this.#memory.reader(entry.shardId).forming(entry.slot, this.#forming);
    const [formingMs, , , , price] = this.#forming as unknown as readonly number[];
    const last = isForming && (formingMs as number) > (closedMs as number) ? price : close;
    return { lastE8: numberToE8(last as number), volumeE8: numberToE8(volume as number) };
  }

  closeE8(symbol: string, closeMs: number): bigint | null {
    for (let at = (this.#copyClosed(symbol) - 1) * BAR_FIELDS; at >= 0; at -= BAR_FIELDS)
      if ((this.#closed[at] as number) + MINUTE_MS === closeMs)
        return numberToE8(this.#closed[at + 4] as number);
    return null;
  }

  /** Copies the symbol's last closed bars; returns how many, 0 where there are none or they were being written. */
  #copyClosed(symbol: string): number {
    const entry = this.#memory.slots.of(symbol);
    if (entry === null) return 0;
    const reader = this.#memory.reader(entry.shardId);
    if (!reader.begin(entry.slot)) return 0;
    const count = Math.min(CLOSED_BARS, reader.tail - reader.from);
    return reader.copy(reader.tail - count, reader.tail, this.#closed) ? count : 0;
  }
}
