import type { Signal } from "@smcq/engine";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, silentLogger, SystemClock, wallNowMs } from "@smcq/kernel";
import {
  type ClusterMemory,
  type CoordinatorOptions,
  type EngineLoop,
  type Inbox,
  InlineCluster,
} from "../../src/index.ts";
import type { InlineClusterOptions } from "../../src/inline-cluster.ts";
import { buildLoop } from "../loop-support.ts";
import type { ReplayPlan } from "./paced-replay-feed.ts";

/** What every test with real threads replays, and its twin in one thread. */
export const PLAN: ReplayPlan = { seed: 3, minutes: 620, paceMs: 2, gate: new SharedArrayBuffer(4) };
const market = new MarketData({ seed: PLAN.seed });
export const SYMBOLS: readonly string[] = market.symbols.slice(0, 24).map(({ symbol }) => symbol);
export const SHARDS = 3;
const ENGINE = { scoreMin: 0.6, decisionWindowNs: 5e6, signalAgeMsMax: 1e12 };
export const wallClock: SystemClock = new SystemClock();
const noHistory = { request() {}, forget() {} };

/** The signals of the whole plan, scanned in this thread. */
export async function replayInline(
  own: Pick<InlineClusterOptions, "memory" | "scan" | "scorers" | "modelId">,
): Promise<readonly Signal[]> {
  const signals: Signal[] = [];
  const feeds: ReplayFeed[] = [];
  const clock = new ManualClock(market.startMs);
  const cluster = new InlineCluster({
    ...own,
    ...buildLoop({
      engine: ENGINE,
      clock,
      handlers: { onSignals: (batch) => void signals.push(...batch) },
      defer() {},
    }),
    clock,
    createFeed: ({ sink }) => {
      const feed = new ReplayFeed({ market, sink });
      feeds.push(feed);
      return feed;
    },
    history: noHistory,
    logger: silentLogger,
  });
  await cluster.start();
  for (let minute = 0; minute < PLAN.minutes; minute++) {
    clock.advance(MINUTE_MS);
    for (const feed of feeds) feed.step();
    cluster.scanAll();
  }
  await cluster.stop();
  return signals;
}

/** A loop whose signals are kept. */
export function keptSignals(): {
  readonly signals: Signal[];
  readonly inbox: Inbox;
  readonly loop: EngineLoop;
} {
  const signals: Signal[] = [];
  const { inbox, loop } = buildLoop({
    engine: ENGINE,
    clock: wallClock,
    handlers: { onSignals: (batch) => void signals.push(...batch) },
  });
  return { signals, inbox, loop };
}

/** What coordinators of the plan have in common. */
export function replayOptions(): Omit<
  CoordinatorOptions,
  "memory" | "inbox" | "compute" | "modelId" | "scan" | "shardWorker" | "scanWorker"
> {
  return {
    onStuck: (error) => {
      throw error;
    },
    scanThreads: 2,
    // Time stands (nearly) still at the first bar: everything that is replayed is live.
    clockSpec: { type: "scaled", speed: 0.001, anchorVenueMs: market.startMs, anchorWallMs: wallNowMs() },
    venueClock: wallClock,
    wallClock,
    barsReadyMin: 320,
    seed: { interval: "5m", bars: 0, isRebuiltByScan: false, isRich: false },
    history: noHistory,
    logger: silentLogger,
  };
}

/** Share of the plan's bars that stand in the rings. */
export function replayedShare(memory: ClusterMemory): number {
  const bars = memory.slots
    .all()
    .reduce((sum, entry) => sum + memory.reader(entry.shardId).tailOf(entry.slot), 0);
  return bars / (SYMBOLS.length * PLAN.minutes);
}
