import { AwakeMeter, type Clock, type Logger, SmcqError } from "@smcq/kernel";
import type { ClusterHealth } from "./coordinator-options.ts";
import { FirstKlines, type GateVenue, type ShardSilence } from "./first-klines.ts";

/** What the gate looks at. */
export interface GateView {
  readonly health: () => ClusterHealth;
  /** Shards that have symbols and have not heard one kline yet. */
  readonly silences: () => readonly ShardSilence[];
  readonly isStopping: () => boolean;
  readonly venue: GateVenue;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

export interface GateLimits {
  /** Wall ms awake until the shards that have not heard a kline are judged. */
  readonly dataMsMax: number;
  /** Wall ms awake that symbols which get no further hold the others up, while REST may be asked. */
  readonly stallMsMax: number;
  /** A stop of REST that lasts longer is not waited for, ms. */
  readonly restStopMsMax: number;
  /** Wall ms between two looks. */
  readonly lookMs: number;
}

/**
 * Resolves when every symbol is READY (or has too short a history, or gets no further for `stallMsMax`) and every
 * shard has heard a kline or has nothing to hear. Waits for REST while it is stopped. Refuses with a FEED code, SHARD_OFF,
 * or BINANCE_BANNED when nothing is READY and REST is stopped for longer than `restStopMsMax`.
 */
export async function untilReady(view: GateView, limits: GateLimits): Promise<ClusterHealth> {
  const { wallClock, venue, logger } = view;
  const waited = new AwakeMeter(wallClock);
  const klines = new FirstKlines({ venue, logger, dataMsMax: limits.dataMsMax });
  let warmingMin = Infinity;
  let progressMs = 0;
  for (;;) {
    const health = view.health();
    if (view.isStopping()) return health;
    requireShards(health);
    const waitedMs = waited.look();
    const stoppedMs = venue.restStoppedMs();
    if (stoppedMs > limits.restStopMsMax && health.ready === 0) throw stopped(stoppedMs);
    // Without REST no symbol gets further, which is no fault of the symbol.
    if (health.warming < warmingMin || stoppedMs > 0) {
      warmingMin = Math.min(warmingMin, health.warming);
      progressMs = waitedMs;
    }
    const wait = klines.judge(view.silences(), { waitedMs, symbols: health.symbols });
    const isWarm = health.warming === 0 || waitedMs - progressMs > limits.stallMsMax;
    if (wait === "over" && isWarm) return health;
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

function stopped(stoppedMs: number): SmcqError {
  const minutes = Math.ceil(stoppedMs / 60_000);
  return new SmcqError("BINANCE_BANNED", `REST is banned for another ${minutes} minutes: start again then`, {
    context: { stoppedMs },
  });
}
