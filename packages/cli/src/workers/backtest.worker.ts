import { workerData } from "node:worker_threads";
import { MarketTable, type MarketTableData } from "@smcq/features";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { backtestScorer, type ScorerChoice } from "../offline/backtest/backtest-scorer.ts";
import { ScanCache } from "../offline/backtest/cache/scan-cache.ts";
import { type Packing, sharedSeries } from "../offline/backtest/bars/pack-bars.ts";
import { runSeriesTask, type SeriesScan, type SeriesTask } from "../offline/backtest/series-task.ts";

/** What a thread of pass 1 is started with. */
export interface BacktestWorkerData extends ScorerChoice {
  /** Null: nothing is cached. */
  readonly cacheFolder: string | null;
  /** All symbols' closes, for a model of feature set v2; null: the scorer takes v1. */
  readonly market: MarketTableData | null;
  /** Of a scan whose bars many threads will trade on. */
  readonly packing: Packing;
}

/** An error's class does not cross a thread: its code and text do. */
export type SeriesOutcome =
  | ({ readonly type: "scanned" } & SeriesScan)
  | { readonly type: "refused"; readonly code: string; readonly message: string };

const data = workerData as BacktestWorkerData;
const { scorer } = backtestScorer(data);
const { timeframe } = data.plan;
const market = data.market === null ? null : MarketTable.from(data.market);
const cache = data.cacheFolder === null ? null : new ScanCache(data.cacheFolder, data.nowMs);

/** A thread's only task. */
export async function scanSeries(task: SeriesTask): Promise<SeriesOutcome> {
  try {
    const scan = await runSeriesTask(task, { scorer, timeframe, market }, cache);
    const reply = { ...scan.reply, series: sharedSeries(scan.reply.series, data.packing) };
    return { type: "scanned", ...scan, reply };
  } catch (error) {
    if (!(error instanceof SmcqError)) throw error;
    return { type: "refused", code: error.code, message: errorMessage(error) };
  }
}
