import { assert, type ModelEpochs } from "@smcq/kernel";
import { CONTROL, CONTROL_MAGIC, CONTROL_VERSION, LATENCY_BUCKETS } from "./layouts/control.layout.ts";
import { FEED_COUNTER_LINES } from "./layouts/control-sizes.ts";
import { createBlock, HEADER, openBlock } from "./layouts/layout.ts";

const O = CONTROL.offsets;
const MODEL_EPOCH = (HEADER.bytes + O.modelEpoch) >> 2;
const CHALLENGER_EPOCH = (HEADER.bytes + O.challengerEpoch) >> 2;
const MODEL_USED = (HEADER.bytes + O.modelUsed) >> 2;
const CHALLENGER_USED = (HEADER.bytes + O.challengerUsed) >> 2;

/** Allocates one shard's control block. */
export function createControlBlock(): SharedArrayBuffer {
  return createBlock({
    magic: CONTROL_MAGIC,
    version: CONTROL_VERSION,
    slots: 1,
    capacity: LATENCY_BUCKETS,
    slotBytes: CONTROL.bytes,
  });
}

/** Counters of whoever scans the shard, in the order of the layout. */
export const ScanCounter = {
  Tasks: 0,
  BarsScanned: 1,
  Candidates: 2,
  Rebuilds: 3,
  TornReads: 4,
  Laps: 5,
  ScanNsTotal: 6,
  LatencyUsMax: 7,
} as const;
export type ScanCounter = (typeof ScanCounter)[keyof typeof ScanCounter];

/** The bucket of a latency: 8 buckets an octave of microseconds. */
export function latencyBucket(latencyUs: number): number {
  if (!(latencyUs > 1)) return 0;
  return Math.min(LATENCY_BUCKETS - 1, Math.floor(Math.log2(latencyUs) * 8));
}

/** Upper edge of a bucket in microseconds. */
export function latencyBucketUs(bucket: number): number {
  return 2 ** ((bucket + 1) / 8);
}

/** The value below which a share `ratio` (0..1) of the counted latencies lies, in us; 0 for an empty histogram. */
export function latencyQuantileUs(histogram: Int32Array | Uint32Array, ratio: number): number {
  let total = 0;
  for (const count of histogram) total += count;
  if (total === 0) return 0;
  let left = Math.max(1, Math.ceil(total * ratio));
  for (let bucket = 0; bucket < histogram.length; bucket++) {
    left -= histogram[bucket] as number;
    if (left <= 0) return latencyBucketUs(bucket);
  }
  return latencyBucketUs(histogram.length - 1);
}

/** One thread's view of a shard's control block. Each method belongs to one writer, named in its text. */
export class ControlBlock {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #feed: number = (HEADER.bytes + O.feed) >> 3;
  readonly #scan: number = (HEADER.bytes + O.tasks) >> 3;
  readonly #latency: number = (HEADER.bytes + O.latency) >> 2;

  constructor(sab: SharedArrayBuffer) {
    openBlock(sab, {
      magic: CONTROL_MAGIC,
      version: CONTROL_VERSION,
      name: "control",
      slotBytes: CONTROL.bytes,
    });
    this.#f64 = new Float64Array(sab);
    this.#i32 = new Int32Array(sab);
  }

  /** Shard: counts what its feed saw; fits the port's `FeedMeter`. */
  count(counter: number, by: number): void {
    assert(
      counter >= 0 && counter < FEED_COUNTER_LINES,
      "Invariant: a feed counter has its place in the control block",
    );
    this.#f64[this.#feed + counter] = (this.#f64[this.#feed + counter] as number) + by;
  }

  feedCounter(counter: number): number {
    return this.#f64[this.#feed + counter] as number;
  }

  /** Shard: says that its event loop turns, and how long the longest turn was since the last beat. */
  beat(nowNs: number, stallMs: number): void {
    this.#f64[(HEADER.bytes + O.heartbeatNs) >> 3] = nowNs;
    const at = (HEADER.bytes + O.stallMsMax) >> 3;
    if (stallMs > (this.#f64[at] as number)) this.#f64[at] = stallMs;
  }

  get heartbeatNs(): number {
    return this.#f64[(HEADER.bytes + O.heartbeatNs) >> 3] as number;
  }

  get stallMsMax(): number {
    return this.#f64[(HEADER.bytes + O.stallMsMax) >> 3] as number;
  }

  /** Scan: adds to a counter. */
  addScan(counter: ScanCounter, by: number): void {
    this.#f64[this.#scan + counter] = (this.#f64[this.#scan + counter] as number) + by;
  }

  scanCounter(counter: ScanCounter): number {
    return this.#f64[this.#scan + counter] as number;
  }

  /** Scan: counts the latency of one closed bar, from its frame to its score. */
  addLatency(latencyUs: number): void {
    const at = this.#latency + latencyBucket(latencyUs);
    this.#i32[at] = ((this.#i32[at] as number) + 1) | 0;
    const max = this.#scan + ScanCounter.LatencyUsMax;
    if (latencyUs > (this.#f64[max] as number)) this.#f64[max] = latencyUs;
  }

  /** Coordinator: takes the largest latency since the last call; a beat lost to a race is found in the histogram. */
  takeLatencyUsMax(): number {
    const at = this.#scan + ScanCounter.LatencyUsMax;
    const value = this.#f64[at] as number;
    this.#f64[at] = 0;
    return value;
  }

  /** Adds the histogram since the start to `into`. */
  sumLatency(into: Int32Array | Uint32Array): void {
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      into[bucket] = (into[bucket] as number) + (this.#i32[this.#latency + bucket] as number);
    }
  }

  /** Coordinator: which models the next task scores with. */
  setModels({ model, challenger }: Readonly<ModelEpochs>): void {
    Atomics.store(this.#i32, MODEL_EPOCH, model);
    Atomics.store(this.#i32, CHALLENGER_EPOCH, challenger);
  }

  /**
   * Scan, at the start of a task: reads which models to score with and says so. The coordinator, having taken a model
   * back, sees it in use here or this reads the new epochs: all four are sequentially consistent (a hazard pointer).
   */
  enterModels(into: ModelEpochs): void {
    const i32 = this.#i32;
    do {
      into.model = Atomics.load(i32, MODEL_EPOCH);
      into.challenger = Atomics.load(i32, CHALLENGER_EPOCH);
      Atomics.store(i32, MODEL_USED, into.model);
      Atomics.store(i32, CHALLENGER_USED, into.challenger);
    } while (
      Atomics.load(i32, MODEL_EPOCH) !== into.model ||
      Atomics.load(i32, CHALLENGER_EPOCH) !== into.challenger
    );
  }

  /** Scan, at the end of a task; for one that died in its task the coordinator, before the shard's next scan. */
  leaveModels(): void {
    Atomics.store(this.#i32, MODEL_USED, 0);
    Atomics.store(this.#i32, CHALLENGER_USED, 0);
  }

  /** Coordinator: true while a task may still score with this model. */
  isModelUsed(epoch: number): boolean {
    return (
      Atomics.load(this.#i32, MODEL_USED) === epoch || Atomics.load(this.#i32, CHALLENGER_USED) === epoch
    );
  }

  /** Coordinator: the offset of the venue's clock against the local one. */
  setClockOffsetMs(offsetMs: number): void {
    this.#f64[(HEADER.bytes + O.clockOffsetMs) >> 3] = offsetMs;
  }

  get clockOffsetMs(): number {
    return this.#f64[(HEADER.bytes + O.clockOffsetMs) >> 3] as number;
  }
}
