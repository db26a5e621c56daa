import { workerData } from "node:worker_threads";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { backtestScorer, type ScorerChoice } from "../offline/backtest/backtest-scorer.ts";
import { runSeriesTask, type SeriesReply, type SeriesTask } from "../offline/backtest/series-task.ts";

/** What a thread of pass 1 is started with. */
export type BacktestWorkerData = ScorerChoice;

/** An error's class does not cross a thread: its code and text do. */
export type SeriesOutcome =
  | { readonly type: "scanned"; readonly reply: SeriesReply }
  | { readonly type: "refused"; readonly code: string; readonly message: string };

const { scorer } = backtestScorer(workerData as BacktestWorkerData);

/** A thread's only task. */
export async function scanSeries(task: SeriesTask): Promise<SeriesOutcome> {
  try {
    return { type: "scanned", reply: await runSeriesTask(task, scorer) };
  } catch (error) {
    if (!(error instanceof SmcqError)) throw error;
    return { type: "refused", code: error.code, message: errorMessage(error) };
  }
}
