import { workerData } from "node:worker_threads";
import { runShard, type ShardInit } from "@smcq/cluster/shard";
import { HeuristicScorer } from "@smcq/features";
import { createBinanceFeed, type FeedData } from "../engine/binance-feed.ts";

const { init, data } = workerData as { readonly init: ShardInit; readonly data: FeedData };
runShard(init, {
  createFeed: (deps) => createBinanceFeed(deps, data),
  createScorer: () => new HeuristicScorer(),
});
