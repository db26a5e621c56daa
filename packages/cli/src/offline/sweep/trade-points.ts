import { TaskPool } from "@smcq/cluster";
import { type Logger, workerUrl } from "@smcq/kernel";
import { TradeJobs } from "../../bus/jobs/trade-jobs.ts";
import type { Jobs } from "../../bus/jobs/open-jobs.ts";
import { growSlowly } from "../../process/engine-memory.ts";
import type { SweepTask, SweepWorkerData } from "../../workers/sweep.worker.ts";
import type { PointResult } from "./point-result.ts";

/** A pass of a market makes little that lives: more room would only be filled with what is dead. */
const YOUNG_MB = 6;
/** Combinations that are handed out and not done: a thread never waits, and 10,000 of them are no queue. */
const HANDED_OUT_MAX = 512;

export interface TradePointsOptions {
  readonly ground: SweepWorkerData;
  readonly tasks: readonly SweepTask[];
  /** What people call a task. */
  readonly labelOf: (index: number) => string;
  readonly threads: number;
  readonly logger: Logger;
  /** Null: threads of this process. */
  readonly jobs: Jobs | null;
  /** So many are done. */
  readonly onDone: (done: number) => void;
}

/**
 * Trades every task by threads or by workers on other hosts. Results come as they are made; those of other hosts in the order of
 * the tasks, as one thread makes them. The first failure is thrown when all are through.
 */
export async function tradePoints(
  options: TradePointsOptions,
  onResult: (index: number, result: PointResult) => void,
): Promise<void> {
  growSlowly(true);
  try {
    await tradeAll(options, onResult);
  } finally {
    growSlowly(false);
  }
}

async function tradeAll(
  options: TradePointsOptions,
  onResult: (index: number, result: PointResult) => void,
): Promise<void> {
  const { tasks, jobs, labelOf, onDone } = options;
  const traders = tradersOf(options);
  const take = jobs === null ? onResult : inOrder(onResult);
  let done = 0;
  const outcomes = await allOf(tasks, async (task, index) => {
    const result = await traders.run(task, labelOf(index));
    onDone(++done);
    take(index, result);
  });
  await traders.close();
  for (const outcome of outcomes) if (outcome?.status === "rejected") throw outcome.reason;
}

interface Traders {
  run(task: SweepTask, label: string): Promise<PointResult>;
  close(): Promise<void>;
}

function tradersOf({ ground, tasks, threads, logger, jobs }: TradePointsOptions): Traders {
  if (jobs !== null) return new TradeJobs(jobs, ground);
  return new TaskPool<SweepTask, PointResult>({
    entry: { url: workerUrl(import.meta.url, "../../workers/sweep.worker"), data: ground },
    name: "trade",
    threads: Math.min(threads, tasks.length),
    youngMb: YOUNG_MB,
    logger,
  });
}

/** All of them, so many at once; by item what became of it. */
async function allOf<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<readonly (PromiseSettledResult<void> | undefined)[]> {
  const outcomes: (PromiseSettledResult<void> | undefined)[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++)
      [outcomes[index]] = await Promise.allSettled([work(items[index] as Item, index)]);
  };
  await Promise.all(Array.from({ length: Math.min(HANDED_OUT_MAX, items.length) }, lane));
  return outcomes;
}

/** Hands results on when all before them were handed on. */
function inOrder<T>(onResult: (index: number, result: T) => void): (index: number, result: T) => void {
  const early = new Map<number, T>();
  let next = 0;
  return (index, result) => {
    early.set(index, result);
    for (let due = early.get(next); due !== undefined; due = early.get(next)) {
      early.delete(next);
      onResult(next++, due);
    }
  };
}
