import type { ClusterHealth } from "@smcq/cluster";
import type { Readiness } from "./metrics-server.ts";

/** An engine is ready while it watches the market with every shard; a halted one is, for it guards what it holds. */
export function readinessOf(
  {
    symbols,
    ready,
    shardsOff,
    shardsRunning,
  }: Pick<ClusterHealth, "symbols" | "ready" | "shardsOff" | "shardsRunning">,
  isStopping: boolean,
): Readiness {
  if (isStopping) return { isReady: false, text: "the run is ending" };
  if (shardsOff > 0) return { isReady: false, text: `${shardsOff} shards are off, ${shardsRunning} run` };
  if (ready === 0) return { isReady: false, text: `no pair of ${symbols} is ready` };
  return { isReady: true, text: `ready: ${ready} of ${symbols} pairs` };
}
