import { workerData } from "node:worker_threads";
import { runShard, type ShardInit } from "@smcq/cluster/shard";
import type { SharedModels } from "@smcq/scoring";
import { createBinanceFeed, type FeedData } from "../modes/binance/shard-feed.ts";
import { createScorers } from "../run/models/create-scorers.ts";

const { init, data } = workerData as {
  readonly init: ShardInit;
  readonly data: FeedData & { readonly models: SharedModels | null };
};
runShard(init, {
  createFeed: (deps) => createBinanceFeed(deps, data),
  createScorers: (shardId) => createScorers(data.models, shardId),
});
