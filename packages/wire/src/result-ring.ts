import { assert, FEATURE_COUNT } from "@smcq/kernel";
import { createBlock, HEADER, openBlock } from "./layouts/layout.ts";
import {
  RESULT_HEAD,
  RESULT_RING_MAGIC,
  RESULT_RING_VERSION,
  RESULT_ROW,
} from "./layouts/result-ring.layout.ts";

const ROW = RESULT_ROW.offsets;
const HEAD_BYTES = HEADER.bytes + RESULT_HEAD.bytes;

/** A scored candidate on its way to the coordinator; one reusable object per reader or writer. */
export interface ResultRow {
  openTimeMs: number;
  score: number;
  exchangeMs: number;
  receivedNs: number;
  writtenNs: number;
  takenNs: number;
  featuresNs: number;
  scoredNs: number;
  slot: number;
  side: number;
  setup: number;
  flags: number;
  /** Where the setup is wrong, and its bar's ATR-14, in price units: what a trade plan is made of. */
  invalidationPrice: number;
  atr: number;
  /** Score of the model beside; meaningless while `challengerEpoch` is 0. */
  challengerScore: number;
  modelEpoch: number;
  challengerEpoch: number;
  readonly features: Float32Array;
}

/** Returns a blank row to be filled again and again. */
export function createResultRow(): ResultRow {
  return {
    openTimeMs: 0,
    score: 0,
    exchangeMs: 0,
    receivedNs: 0,
    writtenNs: 0,
    takenNs: 0,
    featuresNs: 0,
    scoredNs: 0,
    slot: 0,
    side: 0,
    setup: 0,
    flags: 0,
    invalidationPrice: 0,
    atr: 0,
    challengerScore: 0,
    modelEpoch: 0,
    challengerEpoch: 0,
    features: new Float32Array(FEATURE_COUNT),
  };
}

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
  readonly f64: Float64Array;
  readonly f32: Float32Array;
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
    this.f64 = new Float64Array(sab);
    this.f32 = new Float32Array(sab);
  }

  rowBase(index: number): number {
    return HEAD_BYTES + (index & (this.capacity - 1)) * RESULT_ROW.bytes;
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
    const { i32, f64, f32, tail } = this.#memory;
    const base = this.#memory.rowBase(Atomics.load(i32, tail) + ahead);
    const doubles = base >> 3;
    f64[doubles] = row.openTimeMs;
    f64[doubles + 1] = row.score;
    f64[doubles + 2] = row.exchangeMs;
    f64[doubles + 3] = row.receivedNs;
    f64[doubles + 4] = row.writtenNs;
    f64[doubles + 5] = row.takenNs;
    f64[doubles + 6] = row.featuresNs;
    f64[doubles + 7] = row.scoredNs;
    const words = (base + ROW.slot) >> 2;
    i32[words] = row.slot;
    i32[words + 1] = row.side;
    i32[words + 2] = row.setup;
    i32[words + 3] = row.flags;
    // One by one: a longer array must not run into the next row, which the reader may be at.
    const features = (base + ROW.features) >> 2;
    for (let index = 0; index < FEATURE_COUNT; index++) f32[features + index] = row.features[index] as number;
    const plan = (base + ROW.invalidationPrice) >> 3;
    f64[plan] = row.invalidationPrice;
    f64[plan + 1] = row.atr;
    f64[plan + 2] = row.challengerScore;
    const epochs = (base + ROW.modelEpoch) >> 2;
    i32[epochs] = row.modelEpoch;
    i32[epochs + 1] = row.challengerEpoch;
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

  /** Rows published and not yet released. */
  get available(): number {
    const { i32, head, tail } = this.#memory;
    return (Atomics.load(i32, tail) - Atomics.load(i32, head)) | 0;
  }

  /** Copies the `ahead`-th unread row into `row`. */
  read(ahead: number, row: ResultRow): void {
    assert(ahead >= 0 && ahead < this.available, "Invariant: only published result rows are read");
    const { i32, f64, f32, head } = this.#memory;
    const base = this.#memory.rowBase(Atomics.load(i32, head) + ahead);
    const doubles = base >> 3;
    row.openTimeMs = f64[doubles] as number;
    row.score = f64[doubles + 1] as number;
    row.exchangeMs = f64[doubles + 2] as number;
    row.receivedNs = f64[doubles + 3] as number;
    row.writtenNs = f64[doubles + 4] as number;
    row.takenNs = f64[doubles + 5] as number;
    row.featuresNs = f64[doubles + 6] as number;
    row.scoredNs = f64[doubles + 7] as number;
    const words = (base + ROW.slot) >> 2;
    row.slot = i32[words] as number;
    row.side = i32[words + 1] as number;
    row.setup = i32[words + 2] as number;
    row.flags = i32[words + 3] as number;
    const features = (base + ROW.features) >> 2;
    for (let index = 0; index < FEATURE_COUNT; index++) row.features[index] = f32[features + index] as number;
    const plan = (base + ROW.invalidationPrice) >> 3;
    row.invalidationPrice = f64[plan] as number;
    row.atr = f64[plan + 1] as number;
    row.challengerScore = f64[plan + 2] as number;
    const epochs = (base + ROW.modelEpoch) >> 2;
    row.modelEpoch = i32[epochs] as number;
    row.challengerEpoch = i32[epochs + 1] as number;
  }

  /** Gives `count` rows back to the producer. */
  release(count: number): void {
    assert(count >= 0 && count <= this.available, "Invariant: only published result rows are released");
    Atomics.add(this.#memory.i32, this.#memory.head, count);
  }
}
