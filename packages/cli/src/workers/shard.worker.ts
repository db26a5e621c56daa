import { workerData } from "node:worker_threads";
import { runShard, type ShardInit } from "@smcq/cluster/shard";
import { createBook } from "../engine/models/scan-models.ts";
import { createBinanceFeed, type FeedData } from "../engine/binance-feed.ts";

const { init, data } = workerData as { readonly init: ShardInit; readonly data: FeedData };
runShard(init, {
  createFeed: (deps) => createBinanceFeed(deps, data),
  createBook,
});
