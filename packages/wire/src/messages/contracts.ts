/** Shared memory of one shard; everything that any thread needs to work on it. */
export interface ShardMemory {
  readonly shardId: number;
  readonly rings: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  readonly results: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Of the shard's thread: collections of garbage, and turns of its event loop that were late. */
  readonly gc: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
}
