import { bundledBars } from "@smcq/exchange-sim";
import { MarketTable } from "@smcq/features";
import { BAR_FIELDS, SmcqError } from "@smcq/kernel";
import type { ShowProgress } from "../../output/progress.ts";
import type { ScanCache } from "./cache/scan-cache.ts";
import { HistoryStore, readKlinesCsv, StoredRows } from "@smcq/history";
import {
  scanSeries,
  scanStoredSeries,
  type SeriesReply,
  type SeriesScorer,
  type StoredBarsChoice,
} from "./scan-series.ts";

/** Open or close of a bar that was shifted or rounded by hand lies outside its high and low by this share at most. */
export const ROUNDING_RATIO = 0.002;

/** The bars of one symbol that a thread reads and scans. */
export interface SeriesTask {
  readonly symbol: string;
  /** Files in order of time, or the bars that come with the engine. */
  readonly source:
    | { readonly type: "files"; readonly paths: readonly string[] }
    | { readonly type: "bundled" }
    | ({ readonly type: "stored" } & StoredBarsChoice);
  /** First rows of each file; null: all. */
  readonly rowsMax: number | null;
  /** Bars that open at or after it are left out (ms); null: none. */
  readonly toMs: number | null;
  /** The name of its scan in the cache; null: it is neither looked for nor kept. */
  readonly cacheHash: string | null;
}

/** A scan with where it came from. */
export interface SeriesScan {
  readonly reply: SeriesReply;
  /** `cached`: kept by an earlier run. `kept`: for later ones. `unkept`: that failed. `uncached`: nobody wanted it kept. */
  readonly origin: "cached" | "kept" | "unkept" | "uncached";
}

/** Takes a symbol's scan from the cache, or makes it and keeps it. Refuses as `scanTask` does. */
export async function runSeriesTask(
  task: SeriesTask,
  scorer: SeriesScorer,
  cache: ScanCache | null,
): Promise<SeriesScan> {
  const { cacheHash } = task;
  if (cache === null || cacheHash === null)
    return { reply: await scanTask(task, scorer), origin: "uncached" };
  const found = cache.read(cacheHash, task.source.type === "stored" ? task.source : null);
  if (found !== null) return { reply: found, origin: "cached" };
  const reply = await scanTask(task, scorer);
  return { reply, origin: cache.write(cacheHash, reply) ? "kept" : "unkept" };
}

/** Reads and scans a symbol; refuses with KLINES_* what is no series of bars. */
async function scanTask(task: SeriesTask, scorer: SeriesScorer): Promise<SeriesReply> {
  const { source, symbol } = task;
  if (source.type === "stored") {
    const { folder, fromMs, toMs } = source;
    const choice = { folder, symbol, fromMs, toMs };
    return { series: scanStoredSeries(storedRows(choice), choice, scorer), roundedBars: 0 };
  }
  let roundedBars = 0;
  const bars = await heldBars(source, task, () => roundedBars++);
  return { series: scanSeries(symbol, bars, scorer), roundedBars };
}

/** A pass before the first one, for models of feature set v2: the closes of every symbol, read symbol by symbol. */
export async function marketOf(tasks: readonly SeriesTask[], show: ShowProgress): Promise<MarketTable> {
  const table = MarketTable.empty(tasks.map(({ symbol }) => symbol));
  for (const [done, task] of tasks.entries()) {
    show("symbols read for the market", done, tasks.length);
    const { source, symbol } = task;
    if (source.type !== "stored") table.takeBars(symbol, await heldBars(source, task, () => {}));
    else for (const { bars } of storedRows({ ...source, symbol }).batches()) table.takeBars(symbol, bars);
  }
  return table;
}

function storedRows(choice: StoredBarsChoice): StoredRows {
  const { symbol, fromMs, toMs } = choice;
  return new StoredRows(new HistoryStore(choice.folder), { kind: "bars", symbol, fromMs, toMs });
}

/** Bars that are read whole; refuses with KLINES_* what is no series of bars. */
async function heldBars(
  source: Exclude<SeriesTask["source"], { readonly type: "stored" }>,
  task: SeriesTask,
  onRounded: () => void,
): Promise<Float64Array> {
  return source.type === "bundled"
    ? cut(bundledBars(task.symbol), task)
    : await readFiles(source.paths, task, onRounded);
}

async function readFiles(
  paths: readonly string[],
  task: SeriesTask,
  onRounded: () => void,
): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const path of paths) {
    const bars = await readFile(path, task, onRounded);
    if (bars.length === 0) continue;
    if ((bars[0] as number) <= lastMs)
      throw new SmcqError("KLINES_OVERLAP", `${path} overlaps the file before it in time`, {
        context: { file: path },
      });
    lastMs = bars.at(-BAR_FIELDS) as number;
    parts.push(bars);
  }
  return joined(parts);
}

async function readFile(path: string, task: SeriesTask, onRounded: () => void): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  let left = task.rowsMax ?? Number.POSITIVE_INFINITY;
  for await (const { bars, count } of readKlinesCsv(path, { roundingRatio: ROUNDING_RATIO, onRounded })) {
    const part = cut(bars.subarray(0, count * BAR_FIELDS), { rowsMax: left, toMs: task.toMs });
    parts.push(part);
    left -= part.length / BAR_FIELDS;
    if (part.length < count * BAR_FIELDS || left === 0) break;
  }
  return joined(parts);
}

/** A copy of the first bars that the task wants. */
function cut(bars: Float64Array, { rowsMax, toMs }: Pick<SeriesTask, "rowsMax" | "toMs">): Float64Array {
  let count = Math.min(bars.length / BAR_FIELDS, rowsMax ?? Number.POSITIVE_INFINITY);
  while (toMs !== null && count > 0 && (bars[(count - 1) * BAR_FIELDS] as number) >= toMs) count--;
  return bars.slice(0, count * BAR_FIELDS);
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const bars = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bars.set(part, at);
    at += part.length;
  }
  return bars;
}
