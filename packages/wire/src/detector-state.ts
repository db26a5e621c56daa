import { assert } from "@smcq/kernel";
import {
  DETECTOR_STATE,
  DETECTOR_STATE_MAGIC,
  DETECTOR_STATE_VERSION,
} from "./layouts/detector-state.layout.ts";
import { createBlock, HEADER, LINE_BYTES, openBlock } from "./layouts/layout.ts";

const O = DETECTOR_STATE.offsets;

export interface DetectorStateShape {
  readonly slots: number;
  readonly m1Bytes: number;
  readonly carryBytes: number;
}

const roundUp = (bytes: number): number => Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;

/** Bytes a symbol takes in this block. */
export function detectorStateBytes(shape: Pick<DetectorStateShape, "m1Bytes" | "carryBytes">): number {
  return DETECTOR_STATE.bytes + 2 * roundUp(shape.carryBytes) + roundUp(shape.m1Bytes);
}

/** Allocates the detector states of `slots` symbols. */
export function createDetectorStates(shape: DetectorStateShape): SharedArrayBuffer {
  return createBlock({
    magic: DETECTOR_STATE_MAGIC,
    version: DETECTOR_STATE_VERSION,
    slots: shape.slots,
    capacity: shape.carryBytes,
    slotBytes: detectorStateBytes(shape),
  });
}

/** One thread's view of a shard's detector states: who scans, what was committed, where the bytes lie. */
export class DetectorStates {
  readonly sab: SharedArrayBuffer;
  readonly slots: number;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #slotBytes: number;
  readonly #carryBytes: number;

  constructor(sab: SharedArrayBuffer) {
    const shape = openBlock(sab, {
      magic: DETECTOR_STATE_MAGIC,
      version: DETECTOR_STATE_VERSION,
      name: "detector state",
    });
    this.sab = sab;
    this.slots = shape.slots;
    this.#slotBytes = shape.slotBytes;
    this.#carryBytes = shape.capacity;
    this.#i32 = new Int32Array(sab);
    this.#f64 = new Float64Array(sab);
    this.#bytes = new Uint8Array(sab);
  }

  #base(slot: number): number {
    assert(slot >= 0 && slot < this.slots, "Invariant: a slot lies inside its block");
    return HEADER.bytes + slot * this.#slotBytes;
  }

  #current(base: number): number {
    return (this.#i32[(base + O.current) >> 2] as number) & 1;
  }

  /** False when a scan began here and never ended: the M1 state is then void. */
  isClean(slot: number): boolean {
    const base = this.#base(slot);
    return Atomics.load(this.#i32, (base + O.begin) >> 2) === Atomics.load(this.#i32, (base + O.end) >> 2);
  }

  /** Bars scanned (ring index after the last one), from the committed record. */
  scanned(slot: number): number {
    const base = this.#base(slot);
    return this.#i32[((base + O.scanned) >> 2) + this.#current(base)] as number;
  }

  generation(slot: number): number {
    const base = this.#base(slot);
    return this.#i32[((base + O.generation) >> 2) + this.#current(base)] as number;
  }

  revision(slot: number): number {
    const base = this.#base(slot);
    return this.#i32[((base + O.revision) >> 2) + this.#current(base)] as number;
  }

  /** Open time of the last committed bar, 0 when there is none; nothing at or before it is ever emitted again. */
  lastScannedMs(slot: number): number {
    const base = this.#base(slot);
    return this.#f64[((base + O.lastScannedMs) >> 3) + this.#current(base)] as number;
  }

  lastCandidateMs(slot: number): number {
    const base = this.#base(slot);
    return this.#f64[((base + O.lastCandidateMs) >> 3) + this.#current(base)] as number;
  }

  /**
   * For whoever only looks, from another thread than the scan's: a number that stays the same while nobody scans here, or
   * null while somebody does. What was read between two equal answers is whole.
   */
  stillness(slot: number): number | null {
    const base = this.#base(slot);
    // The release half of the read-modify-write keeps the plain reads before it, as in `KlineRingReader.verdict`.
    const end = Atomics.add(this.#i32, (base + O.end) >> 2, 0);
    return Atomics.load(this.#i32, (base + O.begin) >> 2) === end ? end : null;
  }

  /** Byte offset of the committed carry: to look at, never to write to. */
  committedCarryOffset(slot: number): number {
    const base = this.#base(slot);
    return this.#carryOffset(base, this.#current(base));
  }

  /** Byte offset of the M1 state. */
  m1Offset(slot: number): number {
    return this.#base(slot) + DETECTOR_STATE.bytes + 2 * roundUp(this.#carryBytes);
  }

  #carryOffset(base: number, copy: number): number {
    return base + DETECTOR_STATE.bytes + copy * roundUp(this.#carryBytes);
  }

  /**
   * Marks the slot as in work and returns the byte offset of a private copy of the committed carry. Ask `isClean`
   * first: afterwards a slot that a dead scan left looks like any other in work.
   */
  begin(slot: number): number {
    const base = this.#base(slot);
    const begun = (Atomics.load(this.#i32, (base + O.end) >> 2) + 1) | 0;
    Atomics.store(this.#i32, (base + O.begin) >> 2, begun);
    // The load is the fence that no later plain store passes (see `announce` of the kline ring).
    assert(
      Atomics.load(this.#i32, (base + O.begin) >> 2) === begun,
      "Invariant: a slot has one scan at a time",
    );
    const current = this.#current(base);
    const from = this.#carryOffset(base, current);
    const to = this.#carryOffset(base, 1 - current);
    this.#bytes.copyWithin(to, from, from + this.#carryBytes);
    return to;
  }

  /**
   * Makes the work since `begin` the committed one. Results must stand in their block before: a scan that dies in
   * between leaves rows whose bar the record does not know, and the next scan finds them again. So whoever reads the
   * rows after a crash drops those later than `lastScannedMs`.
   */
  commit(
    slot: number,
    scanned: number,
    generation: number,
    revision: number,
    lastScannedMs: number,
    lastCandidateMs: number,
  ): void {
    const base = this.#base(slot);
    assert(!this.isClean(slot), "Invariant: a commit ends what a begin began");
    const next = 1 - this.#current(base);
    this.#i32[((base + O.scanned) >> 2) + next] = scanned;
    this.#i32[((base + O.generation) >> 2) + next] = generation;
    this.#i32[((base + O.revision) >> 2) + next] = revision;
    this.#f64[((base + O.lastScannedMs) >> 3) + next] = lastScannedMs;
    this.#f64[((base + O.lastCandidateMs) >> 3) + next] = lastCandidateMs;
    Atomics.store(this.#i32, (base + O.current) >> 2, next);
    Atomics.store(this.#i32, (base + O.end) >> 2, Atomics.load(this.#i32, (base + O.begin) >> 2));
  }

  /** Gives the slot to another symbol: nothing of the former one counts any more. Only while no scan is in flight. */
  clear(slot: number): void {
    const base = this.#base(slot);
    this.#bytes.fill(0, base, base + this.#slotBytes);
  }
}
