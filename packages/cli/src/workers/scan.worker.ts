import { workerData } from "node:worker_threads";
import { createScanner, type ScanInit } from "@smcq/cluster/scan";
import type { SharedModels } from "@smcq/scoring";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { createScorers } from "../run/models/create-scorers.ts";

const { init, data } = workerData as {
  readonly init: ScanInit;
  readonly data: { readonly models: SharedModels | null };
};

/** A scan thread's only task. */
export const scan: (task: ScanTask) => ScanReply = createScanner(init, (shardId) =>
  createScorers(data.models, shardId),
);
