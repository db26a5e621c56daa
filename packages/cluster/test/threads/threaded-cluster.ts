import type { Signal } from "@smcq/engine";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, silentLogger, SystemClock, wallNowMs } from "@smcq/kernel";
import {
  ClusterMemory,
  Coordinator,
  type CoordinatorOptions,
  Inbox,
  InlineCluster,
} from "../../src/index.ts";
import { buildLoop } from "../loop-support.ts";
import { openGate, type ReplayPlan } from "./paced-replay-feed.ts";

const PLAN: ReplayPlan = { seed: 3, minutes: 620, paceMs: 2, gate: new SharedArrayBuffer(4) };
const market = new MarketData({ seed: PLAN.seed });
export const SYMBOLS: readonly string[] = market.symbols.slice(0, 24).map((symbol) => symbol.symbol);
const ENGINE = { scoreMin: 0.6, decisionWindowNs: 5e6, signalAgeMsMax: 1e12 };
const wallClock = new SystemClock();
const noHistory = { request() {}, forget() {} };

/** What must be equal between two runs, in an order of its own. */
function canonical(signals: readonly Signal[]): string[] {
  return signals
    .map(({ symbol, openTimeMs, side, setup, score, features }) =>
      JSON.stringify([openTimeMs, symbol, side, setup, score, [...features]]),
    )
    .toSorted();
}

let twin: Promise<string[]> | undefined;

/** The same for every test: it is made once. */
export function inlineTwin(): Promise<string[]> {
  twin ??= makeInlineTwin();
  return twin;
}

async function makeInlineTwin(): Promise<string[]> {
  const signals: Signal[] = [];
  const feeds: ReplayFeed[] = [];
  const clock = new ManualClock(market.startMs);
  const cluster = new InlineCluster({
    memory: new ClusterMemory({ symbols: SYMBOLS, shards: 3, hasSpareSlots: false }),
    ...buildLoop({
      engine: ENGINE,
      clock,
      handlers: { onSignals: (batch) => void signals.push(...batch) },
      defer() {},
    }),
    clock,
    scan: { isEveryBarScored: false },
    scorers: singleScorer(new HeuristicScorer()),
    modelId: () => "heuristic-1",
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
  return canonical(signals);
}

export interface ThreadedRun {
  readonly signals: string[];
  readonly shardRestarts: number;
  readonly scanRestarts: number;
  readonly shardsRunning: number;
}

export interface Disturbance {
  /** Called again and again; true while something is still to come. */
  readonly disturb?: (coordinator: Coordinator, progress: number) => boolean;
  /** Shared with the scan threads: see `replay-scan.worker.ts`. */
  readonly deaths?: SharedArrayBuffer;
}

export function options(
  compute: "pool" | "shard",
  inbox: Inbox,
  deaths?: SharedArrayBuffer,
): CoordinatorOptions {
  return {
    onStuck: (error) => {
      throw error;
    },
    memory: new ClusterMemory({ symbols: SYMBOLS, shards: 3 }),
    inbox,
    compute,
    scanThreads: 2,
    // Time stands (nearly) still at the first bar: everything that is replayed is live.
    clockSpec: { type: "scaled", speed: 0.001, anchorVenueMs: market.startMs, anchorWallMs: wallNowMs() },
    venueClock: wallClock,
    wallClock,
    modelId: () => "heuristic-1",
    scan: { isEveryBarScored: false },
    barsReadyMin: 320,
    seed: { interval: "5m", bars: 0, isRebuiltByScan: false, isRich: false },
    shardWorker: { url: new URL("./replay-shard.worker.ts", import.meta.url), data: PLAN },
    scanWorker: {
      url: new URL("./replay-scan.worker.ts", import.meta.url),
      data: deaths === undefined ? {} : { deaths },
    },
    history: noHistory,
    logger: silentLogger,
  };
}

export async function threaded(
  compute: "pool" | "shard",
  { disturb, deaths }: Disturbance = {},
): Promise<ThreadedRun> {
  const signals: Signal[] = [];
  const { inbox, loop } = buildLoop({
    engine: ENGINE,
    clock: wallClock,
    handlers: { onSignals: (batch) => void signals.push(...batch) },
  });
  const coordinator = new Coordinator(options(compute, inbox, deaths));
  openGate(PLAN, 0, true);
  await coordinator.start();
  const done = (): number =>
    coordinator.memory.slots
      .all()
      .reduce((sum, entry) => sum + coordinator.memory.reader(entry.shardId).tailOf(entry.slot), 0) /
    (SYMBOLS.length * PLAN.minutes);
  for (let waitedMs = 0; done() < 1; waitedMs += 5) {
    if (waitedMs > 60_000) throw new Error(`the replay hangs at ${done()}`);
    const isDisturbed = disturb?.(coordinator, done()) ?? false;
    openGate(PLAN, done(), isDisturbed);
    await new Promise<void>((resolve) => wallClock.after(5, resolve));
  }
  const health = coordinator.health();
  await coordinator.stop();
  loop.stop();
  return { signals: canonical(signals), ...health };
}
