import { workerData } from "node:worker_threads";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { backtestScorer } from "../offline/backtest/backtest-scorer.ts";
import { runSeriesTask, type SeriesReply, type SeriesTask } from "../offline/backtest/series-task.ts";

/** What a thread of pass 1 is started with. */
export interface BacktestWorkerData {
  readonly model: string;
  readonly nowMs: number;
}

/** An error's class does not cross a thread: its code and text do. */
export type SeriesOutcome =
  | { readonly type: "scanned"; readonly reply: SeriesReply }
  | { readonly type: "refused"; readonly code: string; readonly message: string };

const { model, nowMs } = workerData as BacktestWorkerData;
const { scorer } = backtestScorer(model, nowMs);

/** A thread's only task. */
export async function scanSeries(task: SeriesTask): Promise<SeriesOutcome> {
  try {
    return { type: "scanned", reply: await runSeriesTask(task, scorer) };
  } catch (error) {
    if (!(error instanceof SmcqError)) throw error;
    return { type: "refused", code: error.code, message: errorMessage(error) };
  }
}
