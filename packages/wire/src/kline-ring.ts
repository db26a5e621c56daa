import { assert, BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import {
  KLINE_RING,
  KLINE_RING_MAGIC,
  KLINE_RING_VERSION,
  RING_BARS,
  RING_MASK,
} from "./layouts/kline-ring.layout.ts";
import { createBlock, HEADER, openBlock } from "./layouts/layout.ts";

const O = KLINE_RING.offsets;
const STRIDE = KLINE_RING.bytes;

/** Allocates the rings of `slots` symbols. */
export function createKlineRings(slots: number): SharedArrayBuffer {
  return createBlock({
    magic: KLINE_RING_MAGIC,
    version: KLINE_RING_VERSION,
    slots,
    capacity: RING_BARS,
    slotBytes: STRIDE,
  });
}

/** Where the fields of a slot stand, as indices into the block's Int32 and Float64 views. */
class RingMemory {
  readonly slots: number;
  readonly i32: Int32Array;
  readonly f64: Float64Array;

  constructor(sab: SharedArrayBuffer) {
    const shape = openBlock(sab, {
      magic: KLINE_RING_MAGIC,
      version: KLINE_RING_VERSION,
      name: "kline ring",
    });
    this.slots = shape.slots;
    this.i32 = new Int32Array(sab);
    this.f64 = new Float64Array(sab);
  }

  base(slot: number): number {
    assert(slot >= 0 && slot < this.slots, "Invariant: a slot lies inside its block");
    return HEADER.bytes + slot * STRIDE;
  }
}

/** The only writer of a shard's rings. Bars of a slot come in order, without a hole, from `reset` on. */
export class KlineRingWriter {
  readonly #memory: RingMemory;

  constructor(sab: SharedArrayBuffer) {
    this.#memory = new RingMemory(sab);
  }

  get slots(): number {
    return this.#memory.slots;
  }

  /**
   * Starts a new run: earlier bars no longer count. Bars that open before `liveFromMs` are history: they warm the
   * state up but raise nothing.
   */
  reset(slot: number, liveFromMs: number): void {
    const { i32, f64 } = this.#memory;
    const base = this.#memory.base(slot);
    const revision = (base + O.revision) >> 2;
    Atomics.add(i32, revision, 1);
    Atomics.store(i32, (base + O.runStart) >> 2, Atomics.load(i32, (base + O.tail) >> 2));
    f64[(base + O.liveFromMs) >> 3] = liveFromMs;
    Atomics.add(i32, (base + O.epoch) >> 2, 1);
    Atomics.add(i32, revision, 1);
  }

  /** Appends the next closed bar. Times: `exchangeMs` venue ms, `receivedNs` and `writtenNs` monotonic. */
  append(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    source: number,
    exchangeMs: number,
    receivedNs: number,
    writtenNs: number,
  ): void {
    const { i32, f64 } = this.#memory;
    const base = this.#memory.base(slot);
    const index = i32[(base + O.tail) >> 2] as number;
    const doubles = base >> 3;
    const openTimes = doubles + (O.openTime >> 3);
    if (index > (i32[(base + O.runStart) >> 2] as number)) {
      const previousMs = f64[openTimes + ((index - 1) & RING_MASK)] as number;
      assert(
        openTimeMs === previousMs + MINUTE_MS,
        "Invariant: the ring takes bars in order and without a hole",
      );
    }
    Atomics.store(i32, (base + O.intent) >> 2, index + 1);
    const cell = index & RING_MASK;
    f64[openTimes + cell] = openTimeMs;
    f64[doubles + (O.open >> 3) + cell] = open;
    f64[doubles + (O.high >> 3) + cell] = high;
    f64[doubles + (O.low >> 3) + cell] = low;
    f64[doubles + (O.close >> 3) + cell] = close;
    f64[doubles + (O.volume >> 3) + cell] = volume;
    f64[doubles + (O.receivedNs >> 3)] = receivedNs;
    f64[doubles + (O.writtenNs >> 3)] = writtenNs;
    f64[doubles + (O.exchangeMs >> 3)] = exchangeMs;
    f64[doubles + (O.source >> 3)] = source;
    Atomics.store(i32, (base + O.tail) >> 2, index + 1);
  }

  /** Replaces a bar that is still in the ring and of the present run; false when it is not. */
  replace(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): boolean {
    const { i32, f64 } = this.#memory;
    const base = this.#memory.base(slot);
    const doubles = base >> 3;
    const tail = i32[(base + O.tail) >> 2] as number;
    const runStart = i32[(base + O.runStart) >> 2] as number;
    if (tail === runStart) return false;
    const lastMs = f64[doubles + (O.openTime >> 3) + ((tail - 1) & RING_MASK)] as number;
    const index = tail - 1 - (lastMs - openTimeMs) / MINUTE_MS;
    if (!Number.isInteger(index) || index >= tail || index < Math.max(runStart, tail - RING_BARS))
      return false;
    const cell = index & RING_MASK;
    Atomics.add(i32, (base + O.revision) >> 2, 1);
    f64[doubles + (O.open >> 3) + cell] = open;
    f64[doubles + (O.high >> 3) + cell] = high;
    f64[doubles + (O.low >> 3) + cell] = low;
    f64[doubles + (O.close >> 3) + cell] = close;
    f64[doubles + (O.volume >> 3) + cell] = volume;
    Atomics.add(i32, (base + O.revision) >> 2, 1);
    return true;
  }

  /** Writes the forming bar's slot (never read by detection). */
  forming(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    eventTimeMs: number,
  ): void {
    const { i32, f64 } = this.#memory;
    const base = this.#memory.base(slot);
    const sequence = (base + O.formingSequence) >> 2;
    const at = (base + O.forming) >> 3;
    Atomics.add(i32, sequence, 1);
    f64[at] = openTimeMs;
    f64[at + 1] = open;
    f64[at + 2] = high;
    f64[at + 3] = low;
    f64[at + 4] = close;
    f64[at + 5] = volume;
    f64[at + 6] = eventTimeMs;
    Atomics.add(i32, sequence, 1);
  }

  /** Writes down whose bars the slot holds; 0 is nobody. */
  setOwner(slot: number, owner: number): void {
    Atomics.store(this.#memory.i32, (this.#memory.base(slot) + O.owner) >> 2, owner);
  }

  owner(slot: number): number {
    return Atomics.load(this.#memory.i32, (this.#memory.base(slot) + O.owner) >> 2);
  }

  /** Open time of the last bar of the present run, or -1 when it has none: where a restarted shard goes on. */
  lastOpenMs(slot: number): number {
    const { i32, f64 } = this.#memory;
    const base = this.#memory.base(slot);
    const tail = i32[(base + O.tail) >> 2] as number;
    if (tail === i32[(base + O.runStart) >> 2]) return -1;
    return f64[((base + O.openTime) >> 3) + ((tail - 1) & RING_MASK)] as number;
  }

  /**
   * Repairs what a writer that died inside an append or a replace left behind. To be called once, before the first
   * write of a new writer on old memory. Returns false when a cell may be half replaced: reset the slot then.
   */
  recover(slot: number): boolean {
    const { i32 } = this.#memory;
    const base = this.#memory.base(slot);
    const forming = (base + O.formingSequence) >> 2;
    if ((Atomics.load(i32, forming) & 1) === 1) Atomics.add(i32, forming, 1);
    // A begun append never became visible: its cell is one that readers already treat as gone.
    Atomics.store(i32, (base + O.intent) >> 2, Atomics.load(i32, (base + O.tail) >> 2));
    const revision = (base + O.revision) >> 2;
    if ((Atomics.load(i32, revision) & 1) === 0) return true;
    Atomics.add(i32, revision, 1);
    return false;
  }
}

/** What a reader's check says of the bars it has just read. */
export type ReadVerdict = "whole" | "torn";

/** Reads rings of another thread; every read is validated afterwards. Not to be shared between threads. */
export class KlineRingReader {
  readonly #memory: RingMemory;
  /** Reads that were refused because the writer overtook them. */
  tornCount = 0;
  /** Set by `begin`: the half-open range of readable bars of the present run, and the epoch and revision it has. */
  from = 0;
  tail = 0;
  epoch = 0;
  revision = 0;
  runStart = 0;
  #base = 0;

  constructor(sab: SharedArrayBuffer) {
    this.#memory = new RingMemory(sab);
  }

  get slots(): number {
    return this.#memory.slots;
  }

  /** The number of bars ever closed in a slot: the cheap question "is there work". */
  tailOf(slot: number): number {
    return Atomics.load(this.#memory.i32, (HEADER.bytes + slot * STRIDE + O.tail) >> 2);
  }

  revisionOf(slot: number): number {
    return Atomics.load(this.#memory.i32, (HEADER.bytes + slot * STRIDE + O.revision) >> 2);
  }

  epochOf(slot: number): number {
    return Atomics.load(this.#memory.i32, (HEADER.bytes + slot * STRIDE + O.epoch) >> 2);
  }

  /** Bars of the present run that stand in the ring. */
  barCount(slot: number): number {
    const base = this.#memory.base(slot);
    const tail = Atomics.load(this.#memory.i32, (base + O.tail) >> 2);
    return Math.min(RING_BARS, tail - Atomics.load(this.#memory.i32, (base + O.runStart) >> 2));
  }

  /** Begins a read of `slot`; false while the writer replaces a cell or resets the run (try again later). */
  begin(slot: number): boolean {
    const { i32 } = this.#memory;
    const base = this.#memory.base(slot);
    this.#base = base;
    this.revision = Atomics.load(i32, (base + O.revision) >> 2);
    if ((this.revision & 1) === 1) return false;
    this.tail = Atomics.load(i32, (base + O.tail) >> 2);
    this.epoch = Atomics.load(i32, (base + O.epoch) >> 2);
    this.runStart = Atomics.load(i32, (base + O.runStart) >> 2);
    // One cell less than the ring holds: the oldest is the next to be overwritten.
    this.from = Math.max(this.runStart, this.tail - RING_BARS + 1);
    return true;
  }

  /** After reading bars from index `from` on: whole, or overtaken by the writer (counted). */
  verdict(from: number): ReadVerdict {
    const { i32 } = this.#memory;
    // A read-modify-write is a full fence: no earlier plain read may move behind this look, on ARM either.
    const intent = Atomics.add(i32, (this.#base + O.intent) >> 2, 0);
    const revision = Atomics.load(i32, (this.#base + O.revision) >> 2);
    if (intent <= from + RING_BARS && revision === this.revision) return "whole";
    this.tornCount++;
    return "torn";
  }

  /** The block's Float64 view and where a field's cells begin, for loops over bars of the begun slot. */
  get doubles(): Float64Array {
    return this.#memory.f64;
  }

  /** Index of the first cell of the open-time column of the begun slot; the other columns follow, 512 cells apart. */
  get columns(): number {
    return (this.#base + O.openTime) >> 3;
  }

  /**
   * Copies bars [from, to) of the begun slot as `BAR_FIELDS` numbers each into `out`; returns whether the copy is
   * whole.
   */
  copy(from: number, to: number, out: Float64Array): boolean {
    const { f64 } = this.#memory;
    const columns = this.columns;
    let at = 0;
    for (let index = from; index < to; index++) {
      const cell = columns + (index & RING_MASK);
      for (let field = 0; field < BAR_FIELDS; field++) out[at++] = f64[cell + field * RING_BARS] as number;
    }
    return this.verdict(from) === "whole";
  }

  /** Fields of the begun slot's last final: see `LastFinal`. */
  lastFinal(field: LastFinal): number {
    return this.#memory.f64[((this.#base + O.liveFromMs) >> 3) + field] as number;
  }

  /** Copies the forming bar (7 numbers: open time, o, h, l, c, v, event time); false when it was being written. */
  forming(slot: number, out: Float64Array): boolean {
    const { i32, f64 } = this.#memory;
    const base = this.#memory.base(slot);
    const sequence = (base + O.formingSequence) >> 2;
    const before = Atomics.load(i32, sequence);
    if ((before & 1) === 1) return false;
    const at = (base + O.forming) >> 3;
    for (let field = 0; field < 7; field++) out[field] = f64[at + field] as number;
    return Atomics.add(i32, sequence, 0) === before;
  }
}

/** Offsets (in doubles) from `liveFromMs`, in the order of the layout. */
export const LastFinal = { LiveFromMs: 0, ReceivedNs: 1, WrittenNs: 2, ExchangeMs: 3, Source: 4 } as const;
export type LastFinal = (typeof LastFinal)[keyof typeof LastFinal];
