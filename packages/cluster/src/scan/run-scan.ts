import { type ClockSpec, createClock } from "@smcq/kernel";
import type { ScorerRegistry } from "@smcq/features";
import { Pauses, type ScanReply, type ScanTask, type ShardMemory } from "@smcq/wire";
import { watchGc } from "../threads/gc-watch.ts";
import { ScanCore, type ScanOptions } from "./scan-core.ts";

/** What every scan thread is started with. */
export interface ScanInit {
  readonly shards: readonly ShardMemory[];
  /** Where every scan thread counts its collections of garbage. */
  readonly gc: SharedArrayBuffer;
  readonly clockSpec: ClockSpec;
  readonly scan: ScanOptions;
}

/** Returns the task function of a scan thread. Any thread can scan any shard: the state lies in shared memory. */
export function createScanner(
  init: ScanInit,
  createScorers: (shardId: number) => ScorerRegistry,
): (task: ScanTask) => ScanReply {
  const clock = createClock(init.clockSpec);
  const gc = new Pauses(init.gc);
  watchGc((ms) => gc.add(ms));
  const cores = new Map<number, ScanCore>();
  return (task) => {
    let core = cores.get(task.shardId);
    if (core === undefined) {
      const memory = init.shards.find((shard) => shard.shardId === task.shardId);
      if (memory === undefined) throw new RangeError(`no shard ${task.shardId}`);
      core = new ScanCore(memory, createScorers(task.shardId), clock, init.scan);
      cores.set(task.shardId, core);
    }
    return core.scan(task);
  };
}
