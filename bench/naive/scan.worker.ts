import { workerData } from "node:worker_threads";
import type { ScanInit } from "@smcq/cluster";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { RescanCore } from "./rescan-core.ts";
import { ObjectWindow, TypedWindow } from "./rescan.ts";

const { init, data } = workerData as {
  readonly init: ScanInit;
  readonly data: { readonly path: "naive" | "rescan" };
};
const cores = new Map<number, RescanCore>();

/** A rival's scan thread: one task a shard and close, as the product's. */
export const scan = (task: ScanTask): ScanReply => {
  let core = cores.get(task.shardId);
  if (core === undefined) {
    const memory = init.shards.find((shard) => shard.shardId === task.shardId);
    if (memory === undefined) throw new RangeError(`no shard ${task.shardId}`);
    core = new RescanCore(memory, data.path === "naive" ? new ObjectWindow() : new TypedWindow());
    cores.set(task.shardId, core);
  }
  return core.scan(task);
};
