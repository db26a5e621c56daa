import type { MarketTableData, TradePlanParameters } from "@smcq/features";
import type { TimeRange } from "@smcq/history";
import type { SweepTask, SweepWorkerData } from "../../workers/sweep.worker.ts";
import type { ScannedSeries } from "../../offline/backtest/scan-series.ts";

/** The kinds of work that workers know. */
export const JobKind = { Scan: "scan", Trade: "trade", Label: "label" } as const;

/** A file of bars as a job names it: its name, and for months of the store what counts of them. */
export type FileOfBars = { readonly name: string; readonly range: TimeRange | null };

/** The first pass of one symbol. Inputs: its files, then those of the model, then the market's closes (`MarketTableData`). */
export interface ScanJob {
  readonly symbol: string;
  readonly source:
    | { readonly type: "bundled" }
    | { readonly type: "files"; readonly names: readonly string[] }
    | ({ readonly type: "stored"; readonly names: readonly string[] } & TimeRange);
  readonly rowsMax: number | null;
  readonly toMs: number | null;
  readonly plan: TradePlanParameters;
  /** Names of the model's files, the model first; null: the heuristic. */
  readonly model: readonly string[] | null;
  readonly hasMarket: boolean;
}

/** What a result does not depend on: when it is (an expired model is told of), and what the command calls its files. */
export interface JobHint {
  readonly nowMs: number;
  readonly paths: readonly string[];
}

export type MarketInput = MarketTableData;

/** One combination of a sweep. Input: `TradeGround`. */
export type TradeJob = SweepTask;

/** What all combinations trade on; series by the hash of their bytes (`ScannedSeries`). */
export type TradeGround = Omit<SweepWorkerData, "series"> & { readonly series: readonly string[] };
export type GroundSeries = ScannedSeries;

/** The labelled candidates of one symbol. Inputs: its files. */
export interface LabelJob {
  readonly symbol: string;
  readonly tickSize: number;
  readonly plan: TradePlanParameters;
  readonly files: readonly FileOfBars[];
}
