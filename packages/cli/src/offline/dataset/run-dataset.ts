import {
  type FeatureSet,
  featureSchemaJson,
  MarketTable,
  tradePlanDocument,
  type TradePlanParameters,
} from "@smcq/features";
import { sha256Hex } from "@smcq/config";
import type { HistoryStore, TimeRange } from "@smcq/history";
import { assertNever, BAR_FIELDS, SmcqError } from "@smcq/kernel";
import { type DayRange, rangesOf, utcDay } from "@smcq/research";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { BarSource } from "./bar-source.ts";
import { openKlineFiles } from "./bar-source.ts";
import { openStoredMonths } from "./stored-months.ts";
import { DatasetRows, EXIT_REASONS } from "./dataset-rows.ts";
import { emptyCounts, LabelSeries } from "./label-series.ts";
import type { SourceCounts } from "./label-series.ts";
import type { RandomWalkSpec } from "./random-walk.ts";
import { openRandomWalks, WALK_TICK_SIZE } from "./random-walk.ts";
import { type HoldOutChoice, passHoldOuts } from "../walkforward/hold-out-gate.ts";
import { tickSizesOf } from "./tick-sizes.ts";
import { averageUniqueness } from "./uniqueness.ts";
import { checkOutput, writeDataset } from "./write-dataset.ts";

/** Rises when the files of a data set change their meaning. */
const DATASET_VERSION = 1;

/** Where the bars come from, and the folder to write. */
export interface DatasetOptions {
  readonly bars:
    | { readonly type: "klines"; readonly files: readonly string[] }
    | ({
        readonly type: "store";
        readonly store: HistoryStore;
        readonly symbols: readonly string[];
      } & TimeRange)
    | ({ readonly type: "random-walk" } & RandomWalkSpec);
  readonly out: string;
  readonly plan: TradePlanParameters;
  /** What a row says of its candidate. */
  readonly set: FeatureSet;
  /** File of rules by symbol, or the venue's exchangeInfo document; null: the bundled one where entries rest, else none. */
  readonly instruments: string | null;
  /** Days of a hold-out that was never opened get no labels; left out: there are no hold-outs. */
  readonly sealed?: HoldOutChoice;
  /** So many of the files, or walks, are done. */
  readonly onSource?: (done: number, of: number) => void;
}

/** Sums over all sources. */
export interface DatasetTotals {
  readonly symbols: number;
  readonly bars: number;
  readonly candidates: number;
  readonly labelled: number;
  readonly tickTooCoarse: number;
  readonly stopTooWide: number;
  readonly notFilled: number;
  readonly openAtEnd: number;
  readonly openAtHole: number;
  readonly holes: number;
  /** Labelled rows by the reason of their exit. */
  readonly exits: Readonly<Record<string, number>>;
  /** Share of wins among the labelled rows. */
  readonly baseRate: number;
}

/**
 * Runs detector, candidates and trade plans over bars and writes a data set: features.npy (rows x features, float32, side
 * view), labels.csv and dataset.json, ordered by time, then symbol. The same input gives the same bytes. Refuses bad
 * files (with file and line), overlapping files of a symbol, and a folder that is not empty.
 */
export async function runDataset(options: DatasetOptions): Promise<DatasetTotals> {
  await checkOutput(options.out);
  const { bars } = options;
  const sources = await sourcesOf(bars);
  const rows = new DatasetRows(options.set.columns.length);
  const symbols = [...new Set(sources.map(({ symbol }) => symbol))];
  const { plan } = options;
  const tickSizes =
    bars.type === "random-walk" ? symbols.map(() => WALK_TICK_SIZE) : tickSizesOf(options, symbols);
  const counts: SourceCounts[] = [];
  const table = options.set.name === "v2" ? await marketOf(symbols, sources) : null;
  for (const [index, symbol] of symbols.entries()) {
    const own = sources.filter((source) => source.symbol === symbol);
    options.onSource?.(counts.length, sources.length);
    const tickSize = tickSizes[index] as number;
    const market = table === null ? undefined : { table, symbol };
    const series = new LabelSeries({ symbolIndex: index, plan, tickSize, market }, rows);
    counts.push(...(await labelSymbol(series, own)));
  }
  options.onSource?.(sources.length, sources.length);
  const totals = sumUp(counts, rows, symbols.length);
  if (totals.labelled === 0)
    throw new SmcqError(
      "DATASET_EMPTY",
      `no labelled candidate in ${totals.bars} bars: a symbol needs 320 bars without a hole before its first one`,
    );
  if (options.sealed !== undefined) passHoldOuts(options.sealed, labelledDays(rows), "dataset");
  const summary = describe(options, sources, counts, totals);
  await writeDataset(options.out, { rows, weights: averageUniqueness(rows), symbols, summary });
  return totals;
}

function labelledDays(rows: DatasetRows): DayRange[] {
  const days = new Set<number>();
  for (let index = 0; index < rows.count; index++) days.add(utcDay(rows.at(index).t0Ms));
  return rangesOf([...days]);
}

function sourcesOf(bars: DatasetOptions["bars"]): Promise<readonly BarSource[]> | readonly BarSource[] {
  switch (bars.type) {
    case "klines":
      return openKlineFiles(bars.files);
    case "store":
      return openStoredMonths(bars);
    case "random-walk":
      return openRandomWalks(bars);
    default:
      return assertNever(bars);
  }
}

/** What the data set says of its bars' place. */
function placeOf(bars: DatasetOptions["bars"]): object {
  if (bars.type === "klines") return { type: bars.type };
  return bars.type === "store" ? { type: bars.type, fromMs: bars.fromMs, toMs: bars.toMs } : bars;
}

/** A first pass over all bars: the closes of every symbol, which rows of v2 look at. */
async function marketOf(symbols: readonly string[], sources: readonly BarSource[]): Promise<MarketTable> {
  const table = MarketTable.empty(symbols);
  for (const source of sources)
    for await (const { bars, count } of source.bars())
      table.takeBars(source.symbol, bars.subarray(0, count * BAR_FIELDS));
  return table;
}

/** Takes the sources of one symbol, which are in order of time. Refuses those that overlap. */
export async function labelSymbol(
  series: LabelSeries,
  sources: readonly BarSource[],
): Promise<SourceCounts[]> {
  const counts: SourceCounts[] = [];
  let before = "";
  for (const source of sources) {
    const own = emptyCounts();
    const lastOpenMs = series.lastOpenMs;
    series.startSource(own);
    for await (const batch of source.bars()) {
      if ((batch.bars[0] as number) <= lastOpenMs)
        throw new SmcqError("KLINES_OVERLAP", `${before} and ${source.name} overlap in time`, {
          context: { files: [before, source.name] },
        });
      series.take(batch);
    }
    before = source.name;
    counts.push(own);
  }
  series.finish();
  return counts;
}

function sumUp(counts: readonly SourceCounts[], rows: DatasetRows, symbols: number): DatasetTotals {
  const sum = (key: keyof SourceCounts): number => counts.reduce((total, each) => total + each[key], 0);
  const exits: Record<string, number> = Object.fromEntries(EXIT_REASONS.map((reason) => [reason, 0]));
  let wins = 0;
  for (let index = 0; index < rows.count; index++) {
    const { reason, r } = rows.at(index);
    exits[reason] = (exits[reason] ?? 0) + 1;
    if (r > 0) wins++;
  }
  return {
    symbols,
    bars: sum("bars"),
    candidates: sum("candidates"),
    labelled: sum("labelled"),
    tickTooCoarse: sum("tickTooCoarse"),
    stopTooWide: sum("stopTooWide"),
    notFilled: sum("notFilled"),
    openAtEnd: sum("openAtEnd"),
    openAtHole: sum("openAtHole"),
    holes: sum("holes"),
    exits,
    baseRate: wins / rows.count,
  };
}

function describe(
  { bars, plan, set }: DatasetOptions,
  sources: readonly BarSource[],
  counts: readonly SourceCounts[],
  totals: DatasetTotals,
): object {
  return {
    datasetVersion: DATASET_VERSION,
    source: placeOf(bars),
    featureVersion: set.version,
    featureSchemaSha256: sha256Hex(featureSchemaJson(plan, set)),
    features: set.columns.map(({ name }) => name),
    smcParameters: SMC_PARAMETERS,
    tradePlanParameters: tradePlanDocument(plan),
    totals,
    files: sources.map(({ name, sha256, symbol }, k) => ({ name, sha256, symbol, ...counts[k] })),
  };
}
