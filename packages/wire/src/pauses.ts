import { createBlock, HEADER, openBlock } from "./layouts/layout.ts";
import { PAUSE_BOUNDS_MS, PAUSES, PAUSES_MAGIC, PAUSES_VERSION } from "./layouts/pauses.layout.ts";

const O = PAUSES.offsets;
const SUM = (HEADER.bytes + O.sumUs) >> 3;
const MAX = (HEADER.bytes + O.usMax) >> 2;
const COUNTS = (HEADER.bytes + O.counts) >> 2;
/** The longest pause that a word holds, us: 35 minutes. */
const US_MAX = 2 ** 31 - 1;

/** Allocates the memory of one kind of pauses. */
export function createPauses(): SharedArrayBuffer {
  return createBlock({
    magic: PAUSES_MAGIC,
    version: PAUSES_VERSION,
    slots: 1,
    capacity: PAUSE_BOUNDS_MS.length + 1,
    slotBytes: PAUSES.bytes,
  });
}

/** Pauses by bucket, how many there were, their sum and the longest, ms. The last bucket has no bound. */
export interface PauseCounts {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMs: number;
  readonly msMax: number;
}

/** One thread's view of the pauses of one or more threads. */
export class Pauses {
  readonly #i32: Int32Array;
  readonly #i64: BigInt64Array;

  constructor(sab: SharedArrayBuffer) {
    openBlock(sab, {
      magic: PAUSES_MAGIC,
      version: PAUSES_VERSION,
      name: "pauses",
      slotBytes: PAUSES.bytes,
    });
    this.#i32 = new Int32Array(sab);
    this.#i64 = new BigInt64Array(sab);
  }

  /** Counts a pause, ms; one below 0 counts as 0. */
  add(ms: number): void {
    const us = Math.min(US_MAX, Math.max(0, Math.round(ms * 1_000)));
    const found = PAUSE_BOUNDS_MS.findIndex((bound) => ms <= bound);
    Atomics.add(this.#i32, COUNTS + (found < 0 ? PAUSE_BOUNDS_MS.length : found), 1);
    Atomics.add(this.#i64, SUM, BigInt(us));
    for (;;) {
      const before = Atomics.load(this.#i32, MAX);
      if (us <= before || Atomics.compareExchange(this.#i32, MAX, before, us) === before) return;
    }
  }

  get counted(): PauseCounts {
    const all = Array.from({ length: PAUSE_BOUNDS_MS.length + 1 }, (_, at) =>
      Atomics.load(this.#i32, COUNTS + at),
    );
    return {
      boundsMs: PAUSE_BOUNDS_MS,
      counts: all.slice(0, PAUSE_BOUNDS_MS.length),
      count: all.reduce((sum, own) => sum + own, 0),
      sumMs: Number(Atomics.load(this.#i64, SUM)) / 1_000,
      msMax: Atomics.load(this.#i32, MAX) / 1_000,
    };
  }
}
