import { availableParallelism } from "node:os";
import type { EngineConfig } from "@smcq/config";

/** `auto`: one thread a core, at least one. */
export function threadCount(setting: number | "auto"): number {
  return setting === "auto" ? Math.max(1, availableParallelism()) : setting;
}

/** `auto`: one thread a core, no more than shards: each has one task at most, so further ones would hold memory and wait. */
export function scanThreadCount({
  scanThreads,
  shards,
}: Pick<EngineConfig, "scanThreads" | "shards">): number {
  return scanThreads === "auto" ? Math.min(threadCount("auto"), threadCount(shards)) : scanThreads;
}
