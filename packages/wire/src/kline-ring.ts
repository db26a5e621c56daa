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
      slotBytes: STRIDE,
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

/**
 * Stores a counter that announces plain stores to come. On ARM a plain store may overtake the store-release before it,
 * but neither may pass a load-acquire that follows: the load is the fence, and its value proves the single writer.
 */
function announce(i32: Int32Array, at: number, value: number): void {
  Atomics.store(i32, at, value);
  assert(Atomics.load(i32, at) === value, "Invariant: a ring has one writer");
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
    const before = i32[revision] as number;
    announce(i32, revision, (before + 1) | 0);
    this.#voidRun(base);
    f64[(base + O.liveFromMs) >> 3] = liveFromMs;
    Atomics.store(i32, revision, (before + 2) | 0);
    this.forming(slot, 0, 0, 0, 0, 0, 0, 0);
  }

  /** Ends the run; to be called while `revision` is odd. */
  #voidRun(base: number): void {
    const { i32 } = this.#memory;
    Atomics.store(i32, (base + O.runStart) >> 2, i32[(base + O.tail) >> 2] as number);
    Atomics.add(i32, (base + O.generation) >> 2, 1);
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
    } else {
      assert(openTimeMs % MINUTE_MS === 0, "Invariant: a run starts on a whole minute");
    }
    announce(i32, (base + O.intent) >> 2, index + 1);
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

  /** Replaces a bar of the present run; false when it is not in the ring or has these numbers already. */
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
    const isEqual =
      f64[doubles + (O.open >> 3) + cell] === open &&
      f64[doubles + (O.high >> 3) + cell] === high &&
      f64[doubles + (O.low >> 3) + cell] === low &&
      f64[doubles + (O.close >> 3) + cell] === close &&
      f64[doubles + (O.volume >> 3) + cell] === volume;
    if (isEqual) return false;
    const revision = (base + O.revision) >> 2;
    const before = i32[revision] as number;
    announce(i32, revision, (before + 1) | 0);
    f64[doubles + (O.open >> 3) + cell] = open;
    f64[doubles + (O.high >> 3) + cell] = high;
    f64[doubles + (O.low >> 3) + cell] = low;
    f64[doubles + (O.close >> 3) + cell] = close;
    f64[doubles + (O.volume >> 3) + cell] = volume;
    Atomics.store(i32, revision, (before + 2) | 0);
    return true;
  }

  /** Writes the forming bar's slot (never read by detection); an open time of 0 says that there is none. */
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
    // A writer that died in here left an odd number: the next even one is still beyond it.
    const before = (i32[sequence] as number) & ~1;
    announce(i32, sequence, (before + 1) | 0);
    f64[at] = openTimeMs;
    f64[at + 1] = open;
    f64[at + 2] = high;
    f64[at + 3] = low;
    f64[at + 4] = close;
    f64[at + 5] = volume;
    f64[at + 6] = eventTimeMs;
    Atomics.store(i32, sequence, (before + 2) | 0);
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
   * Repairs what a writer that died at any step left behind. To be called once, before the first write of a new
   * writer on old memory. Returns false when a cell may be half replaced: the run is then void, reset the slot.
   */
  recover(slot: number): boolean {
    const { i32 } = this.#memory;
    const base = this.#memory.base(slot);
    // A half-written forming bar is wiped before its number becomes even again.
    if (((i32[(base + O.formingSequence) >> 2] as number) & 1) === 1) this.forming(slot, 0, 0, 0, 0, 0, 0, 0);
    // A begun append never became visible. Its intent stays: the cell it spoilt held the oldest bar, and a reader that
    // began before the death must go on being refused.
    const revision = (base + O.revision) >> 2;
    const before = i32[revision] as number;
    if ((before & 1) === 0) return true;
    // The run ends while the number is odd: no reader ever sees the half-replaced cell as whole.
    this.#voidRun(base);
    Atomics.store(i32, revision, (before + 1) | 0);
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
  /** Set by `begin`: the half-open range of readable bars of the present run, and the generation and revision it has. */
  from = 0;
  tail = 0;
  generation = 0;
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

  generationOf(slot: number): number {
    return Atomics.load(this.#memory.i32, (HEADER.bytes + slot * STRIDE + O.generation) >> 2);
  }

  /** Whose bars a slot holds (`symbolId` + 1); 0 is nobody. */
  ownerOf(slot: number): number {
    return Atomics.load(this.#memory.i32, (this.#memory.base(slot) + O.owner) >> 2);
  }

  /** Bars of the present run that stand in the ring (0..512); during a reset it may say too few, never too many. */
  barCount(slot: number): number {
    const base = this.#memory.base(slot);
    const tail = Atomics.load(this.#memory.i32, (base + O.tail) >> 2);
    const runStart = Atomics.load(this.#memory.i32, (base + O.runStart) >> 2);
    return Math.max(0, Math.min(RING_BARS, tail - runStart));
  }

  /**
   * Begins a read of `slot`; false while the writer replaces a cell or resets the run (try again later). What it sets
   * belongs to one run; whether that is still the run after the read, `verdict` says, for an empty range too.
   */
  begin(slot: number): boolean {
    const { i32 } = this.#memory;
    const base = this.#memory.base(slot);
    this.#base = base;
    this.revision = Atomics.load(i32, (base + O.revision) >> 2);
    if ((this.revision & 1) === 1) return false;
    this.tail = Atomics.load(i32, (base + O.tail) >> 2);
    this.generation = Atomics.load(i32, (base + O.generation) >> 2);
    this.runStart = Atomics.load(i32, (base + O.runStart) >> 2);
    // A reset between these looks would pair the old run's tail with the new run's start.
    if (Atomics.load(i32, (base + O.revision) >> 2) !== this.revision) return false;
    // One bar less than the ring holds: the oldest stands in the cell that the next append spoils first. So a read of
    // the whole range survives one append under way; it is never needed for safety, which is the verdict's.
    this.from = Math.max(this.runStart, this.tail - RING_BARS + 1);
    return true;
  }

  /**
   * After reading bars from index `from` on: whole, or overtaken by the writer (counted). Appending bar n announces
   * n + 1 and spoils bar n - 512, so bar `from` stands until an intent of from + 513 is announced.
   */
  verdict(from: number): ReadVerdict {
    const { i32 } = this.#memory;
    // The release half of the read-modify-write keeps the plain reads before it, on ARM too, and its write, being
    // older than the writer's next announcement, cannot be passed by what that announcement precedes. The load-acquire
    // of `revision` cannot move before it.
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
   * Copies bars [from, to) of the begun slot and its run as `BAR_FIELDS` numbers each into `out`; returns whether the copy is
   * whole.
   */
  copy(from: number, to: number, out: Float64Array): boolean {
    assert(
      from >= this.runStart && from <= to && to <= this.tail && out.length >= (to - from) * BAR_FIELDS,
      "Invariant: a copy asks for bars of the begun run and has room for them",
    );
    const { f64 } = this.#memory;
    const columns = this.columns;
    let at = 0;
    for (let index = from; index < to; index++) {
      const cell = columns + (index & RING_MASK);
      for (let field = 0; field < BAR_FIELDS; field++) out[at++] = f64[cell + field * RING_BARS] as number;
    }
    return this.verdict(from) === "whole";
  }

  /**
   * Fields of the begun slot's last final: see `LastFinal`. `LiveFromMs` changes with the run only: read before a
   * `verdict` that says whole, it belongs to the begun run. The others change with every append: each number is whole,
   * but they are those of bar `tail - 1`, and of one bar, only when `isLastFinalWhole` says so after reading them.
   */
  lastFinal(field: LastFinal): number {
    return this.#memory.f64[((this.#base + O.liveFromMs) >> 3) + field] as number;
  }

  /** True when the `lastFinal` fields read since `begin` are those of bar `tail - 1` (or of none yet). */
  isLastFinalWhole(): boolean {
    const { i32 } = this.#memory;
    return (
      Atomics.add(i32, (this.#base + O.intent) >> 2, 0) === this.tail &&
      Atomics.load(i32, (this.#base + O.revision) >> 2) === this.revision
    );
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
