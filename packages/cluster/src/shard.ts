/** What a shard's thread needs, without the pool: every thread has a heap of its own for what it loads. */
export { runShard } from "./shard/run-shard.ts";
export type { ShardInit } from "./threads/shard-init.ts";
export type { CreateFeed, FeedDeps } from "./shard/shard-core.ts";
