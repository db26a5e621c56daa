import type { TradePlanParameters } from "@smcq/features";
import type { BarSource } from "../dataset/bar-source.ts";
import { DatasetRows, type RowsPart } from "../dataset/dataset-rows.ts";
import { LabelSeries, type SourceCounts } from "../dataset/label-series.ts";
import { labelSymbol } from "../dataset/run-dataset.ts";
import { Stretches } from "./stretches.ts";

/** The bars of one symbol, to be labelled. */
export interface LabelTask {
  readonly symbol: string;
  /** Its own, in order of time. */
  readonly sources: readonly BarSource[];
  /** 0 where the plan knows no ticks. */
  readonly tickSize: number;
  readonly plan: TradePlanParameters;
}

/** What a symbol's bars came to. */
export interface LabelledSymbol {
  readonly rows: RowsPart;
  /** Ends of its stretches of bars without a hole, ms. */
  readonly endsMs: Float64Array;
  /** By source. */
  readonly counts: readonly SourceCounts[];
}

/** Every candidate of a symbol with what its plan came to. Refuses with KLINES_* what is no series of bars. */
export async function labelledSymbol({ sources, tickSize, plan }: LabelTask): Promise<LabelledSymbol> {
  const rows = new DatasetRows();
  const stretches = new Stretches();
  const series = new LabelSeries({ symbolIndex: 0, plan, tickSize }, rows);
  const counts = await labelSymbol(
    series,
    sources.map((source) => stretches.watch(source)),
  );
  return { rows: rows.part(), endsMs: stretches.endsMs, counts };
}
