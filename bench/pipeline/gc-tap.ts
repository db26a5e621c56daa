/**
 * Loaded into every thread of the engine's process by `--import`: reports each pause of the garbage collector on a
 * channel of the process. Worker threads inherit the flag, so the product's own workers need no change.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { BroadcastChannel, isMainThread, threadId, workerData } from "node:worker_threads";
import { GC_CHANNEL, type GcPauses } from "./gc-collector.ts";

const channel = new BroadcastChannel(GC_CHANNEL);
channel.unref();

/** A shard's thread is started with one shard's memory, a scan thread with all of them. */
function threadName(): string {
  if (isMainThread) return "coordinator";
  const { init } = workerData as { readonly init?: { readonly memory?: { readonly shardId: number } } };
  return init?.memory === undefined ? `scan thread ${threadId}` : `shard ${init.memory.shardId}`;
}

const thread = threadName();

new PerformanceObserver((list) => {
  const pausesMs = list.getEntries().map((entry) => entry.duration);
  channel.postMessage({ thread, pausesMs } satisfies GcPauses);
}).observe({ entryTypes: ["gc"] });
