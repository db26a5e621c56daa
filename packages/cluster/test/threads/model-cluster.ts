import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Signal } from "@smcq/engine";
import type { Rng } from "@smcq/kernel";
import {
  compileLeafMask,
  createModelMemory,
  type ModelMemory,
  parseLightGbm,
  toTreeEnsemble,
} from "@smcq/scoring";
import { attachModels } from "@smcq/scoring/scorer";
import { ClusterMemory, Coordinator } from "../../src/index.ts";
import { openGate } from "./paced-replay-feed.ts";
import {
  keptSignals,
  PLAN,
  replayedShare,
  replayInline,
  replayOptions,
  SHARDS,
  SYMBOLS,
  wallClock,
} from "./replayed-market.ts";

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
  const memory = new ClusterMemory({ symbols: SYMBOLS, shards: SHARDS, hasSpareSlots: false });
  memory.setModels(EPOCHS);
  const signals = await replayInline({
    memory,
    scan: { isEveryBarScored: true },
    scorers: attachModels(modelMemory().shared(), 0),
    modelId,
  });
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
  const memory = new ClusterMemory({ symbols: SYMBOLS, shards: SHARDS });
  memory.setModels(EPOCHS);
  const { signals, inbox, loop } = keptSignals();
  const coordinator = new Coordinator({
    ...replayOptions(),
    memory,
    inbox,
    compute: options.compute,
    modelId,
    scan: { isEveryBarScored: true },
    shardWorker: {
      url: new URL("./model-shard.worker.ts", import.meta.url),
      data: { plan: PLAN, models },
    },
    scanWorker: {
      url: new URL("./model-scan.worker.ts", import.meta.url),
      data: { models, traps: traps.buffer },
    },
  });
  openGate(PLAN, 0, true);
  await coordinator.start();
  const killer = new Killer(coordinator, traps, options.rng, options.kills);
  const done = (): number => replayedShare(memory);
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
