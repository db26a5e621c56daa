import { mkdir, readdir } from "node:fs/promises";
import { TaskPool } from "@smcq/cluster";
import type { ProtocolLimits } from "@smcq/engine";
import type { EntryPlan } from "@smcq/features";
import type { FeeRates } from "@smcq/exchange";
import { bundledSymbols, loadUniverseText } from "@smcq/exchange-sim";
import { errorCode, errorMessage, type Logger, parseE8, SmcqError, workerUrl } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import type { BacktestWorkerData, SeriesOutcome } from "../../workers/backtest.worker.ts";
import { openKlineFiles } from "../dataset/bar-source.ts";
import { type BacktestReport, reportOf, type SymbolInput } from "./backtest-report.ts";
import { backtestScorer } from "./backtest-scorer.ts";
import { instrumentsFile, readInstruments } from "./read-instruments.ts";
import { type FundingFile, readFunding } from "./read-funding.ts";
import { ROUNDING_RATIO, type SeriesReply, type SeriesTask } from "./series-task.ts";
import { TradePass } from "./trade-pass.ts";
import { writeBacktest } from "./write-backtest.ts";

const SYMBOLS_MAX = 1_000;

export interface BacktestOptions {
  /** Files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip; null: the bars that come with the engine. */
  readonly klines: readonly string[] | null;
  /** File of rules by symbol, or the venue's exchangeInfo document; null: the document that comes with the engine. */
  readonly instruments: string | null;
  /** File of funding rates, .csv or .csv.gz; null: no funding. */
  readonly funding: string | null;
  /** "heuristic" or a model file. */
  readonly model: string;
  /** USDT, decimal text. */
  readonly equity: string;
  readonly risk: RiskParameters;
  readonly protocol: ProtocolLimits;
  /** How plans are entered; a model must have been trained for it. */
  readonly entry: EntryPlan;
  readonly fees: FeeRates;
  /** Signals above it are decided on. */
  readonly scoreMin: number;
  /** Bars that open before it only warm up; null: the first one. */
  readonly fromMs: number | null;
  /** Bars that open at or after it are left out; null: none. */
  readonly toMs: number | null;
  /** First rows of each file; null: all. */
  readonly rowsMax: number | null;
  /** Variants that were tried, this one included: what the Sharpe ratio is deflated by. */
  readonly trials: number;
  readonly threads: number;
  /** Folder for the result, new or empty. */
  readonly out: string;
  /** Judges the model's expiry. */
  readonly nowMs: number;
  readonly onScanned: (done: number, of: number) => void;
  readonly logger: Logger;
}

/**
 * Scans every symbol on `threads`, trades what was found by the core that trades live against a venue in memory, and
 * writes trades.csv, decisions.csv, equity.csv, report.json and report.html. The same input gives the same bytes, whatever the number
 * of threads.
 */
export async function runBacktest(options: BacktestOptions): Promise<BacktestReport> {
  const { model, nowMs, risk, entry, scoreMin, fromMs } = options;
  await requireEmpty(options.out);
  const inputs = options.klines === null ? bundledInputs() : await fileInputs(options.klines);
  if (inputs.length > SYMBOLS_MAX)
    throw new SmcqError("USAGE_KLINES", `${inputs.length} symbols: at most ${SYMBOLS_MAX} are taken`);
  const rules = readInstruments(
    options.instruments === null
      ? { name: "the bundled exchangeInfo", text: loadUniverseText() }
      : instrumentsFile(options.instruments),
    inputs.map(({ symbol }) => symbol),
  );
  const funding = await fundingOf(
    options,
    inputs.map(({ symbol }) => symbol),
  );
  // A bad model is refused before any bar is read.
  const {
    scorer: { id: scorerId },
    wins,
  } = backtestScorer({ model, nowMs, entry });
  const replies = await scanAll(options, inputs);
  const rounded = replies.reduce((sum, { roundedBars }) => sum + roundedBars, 0);
  if (rounded > 0)
    options.logger.warn(
      { roundedBars: rounded },
      `${rounded} bars have an open or close outside their high and low by rounding; taken as they are`,
    );
  const series = replies.map(({ series: own }) => own);
  const walletE8 = parseE8(options.equity);
  const result = new TradePass({
    series,
    rules,
    fees: options.fees,
    funding: funding?.rates ?? [],
    walletE8,
    risk,
    protocol: options.protocol,
    entry,
    scoreMin,
    scorerId,
    wins,
    fromMs,
  }).run();
  const report = reportOf(options, { inputs, funding, series, result, scorerId, walletE8 });
  await mkdir(options.out, { recursive: true });
  writeBacktest(options.out, result, rules, report);
  return report;
}

async function fundingOf(
  { funding, logger }: BacktestOptions,
  symbols: readonly string[],
): Promise<FundingFile | null> {
  if (funding === null) return null;
  const file = await readFunding(funding, { symbols });
  const { ignoredRows, ignoredSymbols } = file;
  if (ignoredRows > 0)
    logger.warn(
      { file: funding, ignoredRows, ignoredSymbols: ignoredSymbols.length },
      `${ignoredRows} funding rates are of ${ignoredSymbols.length} symbols without bars, such as ${ignoredSymbols[0]}; ignored`,
    );
  return file;
}

async function requireEmpty(out: string): Promise<void> {
  let names: readonly string[] = [];
  try {
    names = await readdir(out);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw new SmcqError("OUTPUT_WRITE", `cannot write ${out}: ${errorMessage(error)}`, { cause: error });
  }
  if (names.length > 0)
    throw new SmcqError("OUTPUT_WRITE", `${out} is not empty: name a new folder`, { context: { file: out } });
}

function bundledInputs(): SymbolInput[] {
  const files = [{ name: "bundled", sha256: null }];
  return bundledSymbols().map((symbol) => ({ symbol, files, source: { type: "bundled" } }));
}

async function fileInputs(klines: readonly string[]): Promise<SymbolInput[]> {
  const files = await openKlineFiles(klines, { roundingRatio: ROUNDING_RATIO });
  const bySymbol = Map.groupBy(files, ({ symbol }) => symbol);
  return [...bySymbol].map(([symbol, own]) => ({
    symbol,
    files: own.map(({ name, sha256 }) => ({ name, sha256 })),
    source: { type: "files", paths: own.map(({ path }) => path) },
  }));
}

/** The first pass: a task a symbol, replies in the order of the symbols; the first refusal ends it. */
async function scanAll(options: BacktestOptions, inputs: readonly SymbolInput[]): Promise<SeriesReply[]> {
  const { model, nowMs, entry, rowsMax, toMs, onScanned } = options;
  const pool = new TaskPool<SeriesTask, SeriesOutcome>({
    entry: {
      url: workerUrl(import.meta.url, "../../workers/backtest.worker"),
      data: { model, nowMs, entry } satisfies BacktestWorkerData,
    },
    name: "scanSeries",
    threads: Math.min(options.threads, inputs.length),
    logger: options.logger,
  });
  let done = 0;
  const outcomes = await Promise.allSettled(
    inputs.map(async ({ symbol, source }) => {
      const outcome = await pool.run({ symbol, source, rowsMax, toMs });
      if (outcome.type === "refused") throw new SmcqError(outcome.code, outcome.message);
      onScanned(++done, inputs.length);
      return outcome.reply;
    }),
  );
  await pool.close();
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
