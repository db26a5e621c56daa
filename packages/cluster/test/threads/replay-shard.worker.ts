import { workerData } from "node:worker_threads";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { runShard, type ShardInit } from "../../src/index.ts";
import { pacedReplayFeed, type ReplayPlan } from "./paced-replay-feed.ts";

const { init, data } = workerData as { readonly init: ShardInit; readonly data: ReplayPlan };
runShard(init, {
  createFeed: (deps) => pacedReplayFeed(deps, data, init.memory),
  createScorers: () => singleScorer(new HeuristicScorer()),
});
