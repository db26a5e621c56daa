/** States of a timeframe of so many minutes. */
export interface FrameMemory {
  readonly minutes: number;
  readonly states: SharedArrayBuffer;
}

/** Shared memory of one shard; everything that any thread needs to work on it. */
export interface ShardMemory {
  readonly shardId: number;
  readonly rings: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  /** What the scan of the plan's timeframe keeps; null: it is M1. */
  readonly frames: FrameMemory | null;
  readonly results: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Of the shard's thread: collections of garbage, and turns of its event loop that were late. */
  readonly gc: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
}
