/**
 * Loaded into every thread of the engine's process by `--import`: reports each pause of the garbage collector on a
 * channel of the process. Worker threads inherit the flag, so the product's own workers need no change.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";
import { GC_CHANNEL, type GcPauses } from "./gc-collector.ts";

const channel = new BroadcastChannel(GC_CHANNEL);
channel.unref();
const thread = isMainThread ? "coordinator" : `thread ${threadId}`;

new PerformanceObserver((list) => {
  const pausesMs = list.getEntries().map((entry) => entry.duration);
  channel.postMessage({ thread, pausesMs } satisfies GcPauses);
}).observe({ entryTypes: ["gc"] });
