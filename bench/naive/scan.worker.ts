import { workerData } from "node:worker_threads";
import type { ScanInit } from "@smcq/cluster";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { OrtRival } from "../model/ort-rival.ts";
import { modelOnnx } from "../pipeline/pipeline-model.ts";
import { RescanCore } from "./rescan-core.ts";
import { ObjectWindow, TypedWindow } from "./rescan.ts";

const { init, data } = workerData as {
  readonly init: ScanInit;
  readonly data: { readonly path: "naive" | "rescan" };
};
const cores = new Map<number, RescanCore>();
const ort = await OrtRival.open(modelOnnx());

/** A rival's scan thread: one task a shard and close, as the product's. */
export const scan = (task: ScanTask): Promise<ScanReply> => {
  let core = cores.get(task.shardId);
  if (core === undefined) {
    const memory = init.shards.find((shard) => shard.shardId === task.shardId);
    if (memory === undefined) throw new RangeError(`no shard ${task.shardId}`);
    core = new RescanCore(memory, data.path === "naive" ? new ObjectWindow() : new TypedWindow(), ort);
    cores.set(task.shardId, core);
  }
  return core.scan(task);
};
