/** States of a timeframe of so many minutes. */
export interface FrameMemory {
  readonly minutes: number;
  readonly states: SharedArrayBuffer;
}

/** What rows of feature set v2 are made of, beside the shard's own rings. */
export interface RichMemory {
  readonly states: SharedArrayBuffer;
  /** Every shard's, by its number: a row tells of all symbols. */
  readonly rings: readonly SharedArrayBuffer[];
  /** Owner (`symbolId` + 1) of the symbol that the others are measured against; 0: it is not watched. */
  readonly leaderOwner: number;
}

/** Shared memory of one shard; everything that any thread needs to work on it. */
export interface ShardMemory {
  readonly shardId: number;
  readonly rings: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  /** What the scan of the plan's timeframe keeps; null: it is M1. */
  readonly frames: FrameMemory | null;
  /** Null: rows are those of feature set v1. */
  readonly rich: RichMemory | null;
  readonly results: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Of the shard's thread: collections of garbage, and turns of its event loop that were late. */
  readonly gc: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
}
