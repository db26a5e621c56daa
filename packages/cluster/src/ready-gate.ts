import { AwakeMeter, type Clock, SmcqError } from "@smcq/kernel";
import type { ClusterHealth } from "./coordinator-options.ts";

/** What the gate looks at. */
export interface GateView {
  readonly health: () => ClusterHealth;
  /** Shards that have symbols and have not heard one unfinished kline yet. */
  readonly silentShards: () => number;
  readonly isStopping: () => boolean;
  readonly wallClock: Clock;
}

export interface GateLimits {
  /** Wall ms awake until every shard must have heard a kline. */
  readonly dataMsMax: number;
  /** Wall ms awake that symbols which get no further hold the others up. */
  readonly stallMsMax: number;
  /** Wall ms between two looks. */
  readonly lookMs: number;
}

/**
 * Resolves when every symbol is READY (or has too short a history, or gets no further for `stallMsMax`) and every
 * shard has heard a kline: a subscription that was acknowledged proves nothing. Refuses with FEED_SILENT or SHARD_OFF.
 */
export async function untilReady(view: GateView, limits: GateLimits): Promise<ClusterHealth> {
  const { wallClock } = view;
  const waited = new AwakeMeter(wallClock);
  let warmingMin = Infinity;
  let progressMs = 0;
  for (;;) {
    const health = view.health();
    if (view.isStopping()) return health;
    requireShards(health);
    const waitedMs = waited.look();
    if (health.warming < warmingMin) {
      warmingMin = health.warming;
      progressMs = waitedMs;
    }
    const silentShards = view.silentShards();
    const isWarm = health.warming === 0 || waitedMs - progressMs > limits.stallMsMax;
    if (silentShards === 0 && isWarm) return health;
    if (silentShards > 0 && waitedMs > limits.dataMsMax) throw silent(silentShards, limits);
    await new Promise<void>((resolve) => {
      wallClock.after(limits.lookMs, resolve);
    });
  }
}

/** A shard that cannot live through its start says that something is broken, not that a market is quiet. */
export function requireShards({ shardsOff }: ClusterHealth): void {
  if (shardsOff === 0) return;
  throw new SmcqError("SHARD_OFF", `${shardsOff} shards died too often while starting`, {
    context: { shardsOff },
  });
}

function silent(silentShards: number, { dataMsMax }: GateLimits): SmcqError {
  return new SmcqError("FEED_SILENT", "the venue acknowledges but sends no kline", {
    context: {
      silentShards,
      waitedMs: dataMsMax,
      hint: "klines come only on the routed path /market/stream; check feed.wsBaseUrl",
    },
  });
}
