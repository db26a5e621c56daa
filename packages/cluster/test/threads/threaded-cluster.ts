import type { Signal } from "@smcq/engine";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { silentLogger } from "@smcq/kernel";
import { expect } from "vitest";
import { ClusterMemory, Coordinator, type CoordinatorOptions, Inbox } from "../../src/index.ts";
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
  const signals = await replayInline({
    memory: new ClusterMemory({ symbols: SYMBOLS, shards: SHARDS, hasSpareSlots: false }),
    scan: { isEveryBarScored: false },
    scorers: singleScorer(new HeuristicScorer()),
    modelId: () => "heuristic-1",
  });
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
    ...replayOptions(),
    memory: new ClusterMemory({ symbols: SYMBOLS, shards: SHARDS }),
    inbox,
    compute,
    modelId: () => "heuristic-1",
    scan: { isEveryBarScored: false },
    shardWorker: { url: new URL("./replay-shard.worker.ts", import.meta.url), data: PLAN },
    scanWorker: {
      url: new URL("./replay-scan.worker.ts", import.meta.url),
      data: deaths === undefined ? {} : { deaths },
    },
  };
}

export async function threaded(
  compute: "pool" | "shard",
  { disturb, deaths }: Disturbance = {},
): Promise<ThreadedRun> {
  const { signals, inbox, loop } = keptSignals();
  const coordinator = new Coordinator(options(compute, inbox, deaths));
  openGate(PLAN, 0, true);
  await coordinator.start();
  const done = (): number => replayedShare(coordinator.memory);
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

export async function expectEqual(compute: "pool" | "shard"): Promise<void> {
  const wanted = await inlineTwin();
  const run = await threaded(compute);
  expect(wanted.length).toBeGreaterThan(50);
  expect(run.signals).toEqual(wanted);
  expect(run.shardsRunning).toBe(3);
}

export async function expectRefused(compute: "pool" | "shard"): Promise<void> {
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
}
