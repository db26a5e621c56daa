import type { Signal } from "@smcq/engine";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, Rng, silentLogger, SystemClock, wallNowMs } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  ClusterMemory,
  Coordinator,
  type CoordinatorOptions,
  Inbox,
  InlineCluster,
} from "../../src/index.ts";
import { buildLoop } from "../loop-support.ts";
import { seed } from "../support.ts";
import { openGate, type ReplayPlan } from "./paced-replay-feed.ts";

const PLAN: ReplayPlan = { seed: 3, minutes: 620, paceMs: 2, gate: new SharedArrayBuffer(4) };
const market = new MarketData({ seed: PLAN.seed });
const SYMBOLS = market.symbols.slice(0, 24).map((symbol) => symbol.symbol);
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
function inlineTwin(): Promise<string[]> {
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

interface ThreadedRun {
  readonly signals: string[];
  readonly shardRestarts: number;
  readonly scanRestarts: number;
  readonly shardsRunning: number;
}

interface Disturbance {
  /** Called again and again; true while something is still to come. */
  readonly disturb?: (coordinator: Coordinator, progress: number) => boolean;
  /** Shared with the scan threads: see `replay-scan.worker.ts`. */
  readonly deaths?: SharedArrayBuffer;
}

function options(compute: "pool" | "shard", inbox: Inbox, deaths?: SharedArrayBuffer): CoordinatorOptions {
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

async function threaded(
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

describe("Coordinator with real threads", () => {
  it.each(["pool", "shard"] as const)(
    "threads equal the inline twin, bit for bit (--compute %s)",
    async (compute) => {
      const wanted = await inlineTwin();
      const run = await threaded(compute);
      expect(wanted.length).toBeGreaterThan(50);
      expect(run.signals).toEqual(wanted);
      expect(run.shardsRunning).toBe(3);
    },
  );

  it("loses and doubles nothing when a scan thread dies between finding and committing", async () => {
    const deaths = new SharedArrayBuffer(4);
    let arms = 0;
    const run = await threaded("pool", {
      deaths,
      disturb: (_, progress) => {
        // Armed twice, once each: a shard outlives three deaths, and a window of time could bring more. The second
        // death comes from a thread that replaced the first.
        const left = new Int32Array(deaths);
        const isArmed = Atomics.load(left, 0) > 0;
        if (isArmed || arms === 2) return isArmed;
        if (progress > (arms === 0 ? 0.4 : 0.7)) Atomics.store(left, 0, arms++ === 0 ? 3 : 2);
        return true;
      },
    });
    expect(run.scanRestarts).toBeGreaterThanOrEqual(2);
    expect(run.signals).toEqual(await inlineTwin());
  });

  it(`outlives threads of the pool that are ended at random (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    let ended = 0;
    const run = await threaded("pool", {
      disturb: (coordinator, progress) => {
        if (ended === 2) return false;
        if (progress < 0.4 + ended * 0.2) return true;
        ended++;
        const threads = coordinator.threads().scans;
        void threads[rng.int(threads.length)]?.terminate();
        return true;
      },
    });
    expect(ended).toBe(2);
    expect(run.signals).toEqual(await inlineTwin());
  });

  it.each(["pool", "shard"] as const)(
    "goes on with the same rings when a shard thread is ended (--compute %s)",
    async (compute) => {
      let isEnded = false;
      const run = await threaded(compute, {
        disturb: (coordinator, progress) => {
          if (isEnded || progress < 0.6) return !isEnded;
          isEnded = true;
          void coordinator.threads().shards[1]?.terminate();
          return true;
        },
      });
      expect(run.shardRestarts).toBe(1);
      expect(run.shardsRunning).toBe(3);
      expect(run.signals).toEqual(await inlineTwin());
    },
  );

  it.each(["pool", "shard"] as const)(
    "refuses to start when a shard dies again and again, and still stops (--compute %s)",
    async (compute) => {
      const errors: unknown[] = [];
      const coordinator = new Coordinator({
        ...options(compute, new Inbox()),
        shardWorker: { url: new URL("./mortal-shard.worker.ts", import.meta.url), data: { how: "refuses" } },
        logger: { ...silentLogger, error: (_fields, text) => void errors.push(text) },
      });
      await expect(coordinator.start()).rejects.toMatchObject({ code: "SHARD_OFF" });
      expect(coordinator.health().shardsOff).toBeGreaterThan(0);
      // A task for a shard that is gone must not be waited for.
      coordinator.removeSymbol(SYMBOLS[0] as string);
      await coordinator.stop();
      expect(errors.length).toBeGreaterThanOrEqual(4);
    },
  );
});
