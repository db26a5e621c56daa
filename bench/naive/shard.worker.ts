import { workerData } from "node:worker_threads";
import { runShard, type ShardInit } from "@smcq/cluster";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { JsonFeed } from "./json-feed.ts";

const { init, data } = workerData as {
  readonly init: ShardInit;
  readonly data: { readonly feed: { readonly wsBaseUrl: string; readonly symbolsPerConnection: number } };
};
runShard(init, {
  createFeed: (deps) => new JsonFeed(deps, data.feed),
  createScorers: () => singleScorer(new HeuristicScorer()),
});
