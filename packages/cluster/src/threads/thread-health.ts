import type { ClusterHealth } from "../coordinator-options.ts";
import type { ShardThread } from "./shard-thread.ts";
import type { ShardScanQueue } from "../shard/shard-scan-queue.ts";

/** Nothing of the shard's symbols is received or scanned any more. */
export function isShardOff(host: ShardThread | undefined, lane: ShardScanQueue | undefined): boolean {
  return host?.state === "off" || lane?.isOff === true;
}

/** A scan of the shard runs or may begin: what a shard that is off left behind is nobody's. */
export function mayScan(host: ShardThread | undefined, lane: ShardScanQueue | undefined): boolean {
  return lane?.isInFlight === true || !isShardOff(host, lane);
}

/** How the threads are: the part of a cluster's health that is theirs. */
export function threadHealth(
  hosts: readonly ShardThread[],
  lanes: readonly ShardScanQueue[],
): Omit<ClusterHealth, "symbols" | "ready" | "m5Ready" | "short" | "warming"> {
  const isOff = hosts.map((host, shardId) => isShardOff(host, lanes[shardId]));
  return {
    shardsRunning: hosts.filter((host, shardId) => host.state === "running" && isOff[shardId] !== true)
      .length,
    shardsOff: isOff.filter(Boolean).length,
    shardRestarts: hosts.reduce((sum, host) => sum + host.restarts.total, 0),
    scanRestarts: lanes.reduce((sum, lane) => sum + lane.restarts.total, 0),
    scansInFlight: lanes.filter((lane) => lane.isInFlight).length,
  };
}
