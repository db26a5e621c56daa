import { workerData } from "node:worker_threads";
import type { SharedModels } from "@smcq/scoring";
import { attachModels } from "@smcq/scoring/scorer";
import { runShard, type ShardInit } from "../../src/index.ts";
import { pacedReplayFeed, type ReplayPlan } from "./paced-replay-feed.ts";

const { init, data } = workerData as {
  readonly init: ShardInit;
  readonly data: { readonly plan: ReplayPlan; readonly models: SharedModels };
};
runShard(init, {
  createFeed: (deps) => pacedReplayFeed(deps, data.plan, init.memory),
  createScorers: (shardId) => attachModels(data.models, shardId),
});
