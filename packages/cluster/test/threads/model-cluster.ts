import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Signal } from "@smcq/engine";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, Rng, silentLogger, SystemClock, wallNowMs } from "@smcq/kernel";
import {
  compileLeafMask,
  createModelMemory,
  type ModelMemory,
  parseLightGbm,
  toTreeEnsemble,
} from "@smcq/scoring";
import { attachModels } from "@smcq/scoring/scorer";
import { ClusterMemory, Coordinator, InlineCluster } from "../../src/index.ts";
import { buildLoop } from "../loop-support.ts";
import { openGate, type ReplayPlan } from "./paced-replay-feed.ts";

const SHARDS = 3;
const PLAN: ReplayPlan = { seed: 3, minutes: 620, paceMs: 2, gate: new SharedArrayBuffer(4) };
const market = new MarketData({ seed: PLAN.seed });
const SYMBOLS = market.symbols.slice(0, 24).map(({ symbol }) => symbol);
const ENGINE = { scoreMin: 0.6, decisionWindowNs: 5e6, signalAgeMsMax: 1e12 };
const noHistory = { request() {}, forget() {} };
const wallClock = new SystemClock();
const EPOCHS = { model: 1, challenger: 2 };

/** A real LightGBM model under epoch 1 and another one, as challenger, under epoch 2. */
function modelMemory(): ModelMemory {
  const memory = createModelMemory({ lanes: SHARDS });
  for (const [name, epoch] of [
    ["plain", 1],
    ["dart", 2],
  ] as const) {
    const file = join(import.meta.dirname, `../../../scoring/test/fixtures/${name}.model.txt.gz`);
    const tables = compileLeafMask(toTreeEnsemble(parseLightGbm(gunzipSync(readFileSync(file)).toString())));
    memory.install({ epoch, id: name, calibration: { a: 1, b: 0 }, tables });
  }
  return memory;
}

/** What must be equal between two runs, in an order of its own: every bar's scores, to the bit. */
function canonical(signals: readonly Signal[]): string[] {
  return signals
    .map(({ symbol, openTimeMs, score, scorerId, challenger, features }) =>
      JSON.stringify([openTimeMs, symbol, score, scorerId, challenger, [...features]]),
    )
    .toSorted();
}

const modelId = (epoch: number): string => ["heuristic-1", "plain", "dart"][epoch] ?? "none";

/** Every bar of the plan scored in this thread. */
export async function inlineRun(): Promise<string[]> {
  const signals: Signal[] = [];
  const feeds: ReplayFeed[] = [];
  const clock = new ManualClock(market.startMs);
  const memory = new ClusterMemory({ symbols: SYMBOLS, shards: SHARDS, hasSpareSlots: false });
  memory.setModels(EPOCHS);
  const cluster = new InlineCluster({
    memory,
    ...buildLoop({
      engine: ENGINE,
      clock,
      handlers: { onSignals: (batch) => void signals.push(...batch) },
      defer() {},
    }),
    clock,
    scan: { isEveryBarScored: true },
    scorers: attachModels(modelMemory().shared(), 0),
    modelId,
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
  readonly kills: number;
  readonly scanRestarts: number;
}

/** The same in real threads; `kills` scan threads are ended while they are inside the scorer, at random moments. */
export async function threadedRun(options: {
  readonly kills: number;
  readonly compute: "pool" | "shard";
  readonly rng: Rng;
}): Promise<ThreadedRun> {
  const traps = new Int32Array(new SharedArrayBuffer(8));
  const models = modelMemory().shared();
  const signals: Signal[] = [];
  const memory = new ClusterMemory({ symbols: SYMBOLS, shards: SHARDS });
  memory.setModels(EPOCHS);
  const { inbox, loop } = buildLoop({
    engine: ENGINE,
    clock: wallClock,
    handlers: { onSignals: (batch) => void signals.push(...batch) },
  });
  const coordinator = new Coordinator({
    onStuck: (error) => {
      throw error;
    },
    memory,
    inbox,
    compute: options.compute,
    scanThreads: 2,
    clockSpec: { type: "scaled", speed: 0.001, anchorVenueMs: market.startMs, anchorWallMs: wallNowMs() },
    venueClock: wallClock,
    wallClock,
    modelId,
    scan: { isEveryBarScored: true },
    barsReadyMin: 320,
    seed: { interval: "5m", bars: 0, isRebuiltByScan: false, isRich: false },
    shardWorker: {
      url: new URL("./model-shard.worker.ts", import.meta.url),
      data: { plan: PLAN, models },
    },
    scanWorker: {
      url: new URL("./model-scan.worker.ts", import.meta.url),
      data: { models, traps: traps.buffer },
    },
    history: noHistory,
    logger: silentLogger,
  });
  openGate(PLAN, 0, true);
  await coordinator.start();
  const killer = new Killer(coordinator, traps, options.rng, options.kills);
  const done = (): number =>
    memory.slots.all().reduce((sum, entry) => sum + memory.reader(entry.shardId).tailOf(entry.slot), 0) /
    (SYMBOLS.length * PLAN.minutes);
  for (let waitedMs = 0; done() < 1 || !killer.isDone; waitedMs += 2) {
    if (waitedMs > 60_000) throw new Error(`the replay hangs at ${done()}, ${killer.killed} threads ended`);
    killer.look(done());
    openGate(PLAN, done(), !killer.isDone);
    await new Promise<void>((resolve) => wallClock.after(2, resolve));
  }
  await coordinator.stop();
  const { scanRestarts } = coordinator.health();
  loop.stop();
  return { signals: canonical(signals), kills: killer.killed, scanRestarts };
}

/** Sets a trap, waits until a thread is inside, lets it score a while, ends every thread of the pool that is. */
class Killer {
  readonly #coordinator: Coordinator;
  readonly #traps: Int32Array;
  readonly #rng: Rng;
  readonly #kills: number;
  #isSet = false;
  killed = 0;

  constructor(coordinator: Coordinator, traps: Int32Array, rng: Rng, kills: number) {
    this.#coordinator = coordinator;
    this.#traps = traps;
    this.#rng = rng;
    this.#kills = kills;
  }

  get isDone(): boolean {
    return this.killed >= this.#kills;
  }

  look(progress: number): void {
    if (this.isDone) return;
    if (!this.#isSet && progress > 0.1 + (0.8 * this.killed) / this.#kills) {
      Atomics.store(this.#traps, 0, 1 + this.#rng.int(4));
      this.#isSet = true;
    } else if (this.#isSet && Atomics.load(this.#traps, 1) > this.killed && this.#rng.chance(0.3)) {
      this.killed++;
      this.#isSet = false;
      for (const thread of this.#coordinator.threads().scans) void thread.terminate();
    }
  }
}
