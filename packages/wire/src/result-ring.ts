import { assert } from "@smcq/kernel";
import { createBlock, HEADER, openBlock } from "./layouts/layout.ts";
import {
  RESULT_HEAD,
  RESULT_RING_MAGIC,
  RESULT_RING_VERSION,
  RESULT_ROW,
  type ResultRow,
} from "./layouts/result-ring.layout.ts";
import { loadRow, storeRow } from "./layouts/row.ts";

const HEAD_BYTES = HEADER.bytes + RESULT_HEAD.bytes;

/** Allocates a ring of `capacity` rows (a power of two, 16..65,536). */
export function createResultRing(capacity: number): SharedArrayBuffer {
  assert(
    Number.isInteger(capacity) && capacity >= 16 && capacity <= 65_536 && (capacity & (capacity - 1)) === 0,
    "Invariant: a result ring has a power of two of 16..65,536 rows",
  );
  return createBlock({
    magic: RESULT_RING_MAGIC,
    version: RESULT_RING_VERSION,
    slots: 1,
    capacity,
    slotBytes: RESULT_HEAD.bytes + capacity * RESULT_ROW.bytes,
  });
}

class ResultMemory {
  readonly capacity: number;
  readonly i32: Int32Array;
  readonly head: number = (HEADER.bytes + RESULT_HEAD.offsets.head) >> 2;
  readonly tail: number = (HEADER.bytes + RESULT_HEAD.offsets.tail) >> 2;

  constructor(sab: SharedArrayBuffer) {
    const shape = openBlock(sab, {
      magic: RESULT_RING_MAGIC,
      version: RESULT_RING_VERSION,
      name: "result ring",
    });
    this.capacity = shape.capacity;
    this.i32 = new Int32Array(sab);
  }

  /** The word at which a row begins. */
  rowAt(index: number): number {
    return (HEAD_BYTES + (index & (this.capacity - 1)) * RESULT_ROW.bytes) >> 2;
  }
}

/** The producing side; whoever scans the shard, one at a time. */
export class ResultRingWriter {
  readonly #memory: ResultMemory;

  constructor(sab: SharedArrayBuffer) {
    this.#memory = new ResultMemory(sab);
  }

  /** Rows that fit now. */
  get room(): number {
    const { i32, head, tail, capacity } = this.#memory;
    return capacity - ((Atomics.load(i32, tail) - Atomics.load(i32, head)) | 0);
  }

  get capacity(): number {
    return this.#memory.capacity;
  }

  /** Writes a row behind the last one; it is visible from `publish` on. `ahead` counts rows since the last publish. */
  write(ahead: number, row: ResultRow): void {
    assert(ahead >= 0 && ahead < this.room, "Invariant: a result row is written only where there is room");
    const { i32, tail } = this.#memory;
    storeRow(row, i32, this.#memory.rowAt(Atomics.load(i32, tail) + ahead));
  }

  /** Makes `count` written rows visible to the reader. */
  publish(count: number): void {
    assert(count >= 0 && count <= this.room, "Invariant: only rows that had room are published");
    Atomics.add(this.#memory.i32, this.#memory.tail, count);
  }
}

/** The consuming side; the coordinator. */
export class ResultRingReader {
  readonly #memory: ResultMemory;

  constructor(sab: SharedArrayBuffer) {
    this.#memory = new ResultMemory(sab);
  }

  get capacity(): number {
    return this.#memory.capacity;
  }

  /** Rows published and not yet released. */
  get available(): number {
    const { i32, head, tail } = this.#memory;
    return (Atomics.load(i32, tail) - Atomics.load(i32, head)) | 0;
  }

  /** Copies the `ahead`-th unread row into `row`. */
  read(ahead: number, row: ResultRow): void {
    assert(ahead >= 0 && ahead < this.available, "Invariant: only published result rows are read");
    const { i32, head } = this.#memory;
    loadRow(row, i32, this.#memory.rowAt(Atomics.load(i32, head) + ahead));
  }

  /** Gives `count` rows back to the producer. */
  release(count: number): void {
    assert(count >= 0 && count <= this.available, "Invariant: only published result rows are released");
    Atomics.add(this.#memory.i32, this.#memory.head, count);
  }
}
