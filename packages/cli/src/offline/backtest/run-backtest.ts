import { mkdir, readdir } from "node:fs/promises";
import { TaskPool } from "@smcq/cluster";
import { sha256Hex } from "@smcq/config";
import type { ProtocolLimits } from "@smcq/engine";
import type { FeeRates, TradingRules } from "@smcq/exchange";
import { researchFile } from "@smcq/ledger";
import { bundledSymbols, loadUniverseText, type VenueRules, withPrices } from "@smcq/exchange-sim";
import { type FeatureSet, featureSchemaJson, type TradePlanParameters } from "@smcq/features";
import {
  errorCode,
  errorMessage,
  type Logger,
  numberToE8,
  parseE8,
  SmcqError,
  workerUrl,
} from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import type { BacktestWorkerData, SeriesOutcome } from "../../workers/backtest.worker.ts";
import { ScanJobs } from "../../bus/jobs/scan-jobs.ts";
import type { Jobs } from "../../bus/jobs/open-jobs.ts";
import type { Progress } from "../../output/progress.ts";
import { openKlineFiles, sha256OfFile } from "../dataset/bar-source.ts";
import { type BacktestReport, reportOf, type SymbolInput } from "./backtest-report.ts";
import type { Packing } from "./bars/pack-bars.ts";
import { ScanCache, scanKeyHash } from "./cache/scan-cache.ts";
import { backtestScorer } from "./backtest-scorer.ts";
import { DecisionLog } from "./decision-log.ts";
import { instrumentsFile, readInstruments, readVenueRules } from "./read-instruments.ts";
import { type StoredChoice, storedFunding, storedInputs } from "./inputs/stored-inputs.ts";
import { type FundingFile, readFunding } from "./read-funding.ts";
import { marketOf, ROUNDING_RATIO, type SeriesScan, type SeriesTask } from "./series-task.ts";
import { type Fidelity, TradePass, type TradePassOptions } from "./trade-pass.ts";
import type { ScannedSeries } from "./scan-series.ts";
import { judgedDays } from "../report/judged-days.ts";
import { type HoldOutChoice, passHoldOuts, tradedDays } from "../walkforward/hold-out-gate.ts";
import { countTry, dataHash, trialOf } from "./trial.ts";
import { writeBacktest } from "./write-backtest.ts";

const SYMBOLS_MAX = 1_000;
/** Blocks of stored bars are gone as soon as they are scanned. */
const YOUNG_MB = 6;

export interface BacktestOptions {
  /** Files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip; null: the bars that come with the engine. */
  readonly klines: readonly string[] | null;
  /** Bars of the store instead, and its funding rates where no file is given; null: none. */
  readonly stored: StoredChoice | null;
  /** File of rules by symbol, or the venue's exchangeInfo document; null: the document that comes with the engine. */
  readonly instruments: string | null;
  /** File of funding rates (`readFunding`); null: no funding. */
  readonly funding: string | null;
  /** "heuristic" or a model file. */
  readonly model: string;
  /** USDT, decimal text. */
  readonly equity: string;
  readonly risk: RiskParameters;
  readonly protocol: ProtocolLimits;
  /** How plans are entered; a model must have been trained for it. */
  readonly plan: TradePlanParameters;
  readonly fees: FeeRates;
  /** Signals above it are decided on. */
  readonly scoreMin: number;
  /** Bars that open before it only warm up; null: the first one. */
  readonly fromMs: number | null;
  /** Bars that open at or after it are left out; null: none. */
  readonly toMs: number | null;
  /** First rows of each file; null: all. */
  readonly rowsMax: number | null;
  /** `path` is drawn from the seed. */
  readonly fidelity: "bar" | "path";
  readonly seed: number;
  /** Days of a hold-out that was never opened are not traded. */
  readonly sealed: HoldOutChoice;
  /** Variants that were tried, this one included: what the Sharpe ratio is deflated by. */
  readonly trials: number;
  readonly threads: number;
  /** Folder for the result, new or empty. */
  readonly out: string;
  /** Folder where scans are kept for other runs; null: none. */
  readonly cacheFolder: string | null;
  /** Judges the model's expiry. */
  readonly nowMs: number;
  readonly progress: Progress;
  readonly logger: Logger;
  /** Where bars are scanned; null: on threads of this process. */
  readonly jobs: Jobs | null;
}

/**
 * Scans every symbol on `threads`, trades what was found by the core that trades live against a venue in memory, and
 * writes trades.csv, decisions.csv, equity.csv, report.json and report.html. The same input gives the same bytes, whatever the number
 * of threads.
 */
export async function runBacktest(options: BacktestOptions): Promise<BacktestReport> {
  const { risk, plan, scoreMin, fromMs } = options;
  await requireEmpty(options.out);
  const opened = await openInputs(options);
  // A folder that cannot be made is refused before the work, not after it.
  await makeFolder(options.out);
  const { rules, funding, scorerId, wins } = opened;
  const series = await scanInputs(options, opened);
  const days = tradedDays(series, fromMs);
  passHoldOuts(options.sealed, days, `backtest of ${scorerId}`);
  const { dataDir, holdOut } = options.sealed;
  const on = { dataSha256: dataHash(options, [opened]), days, holdOut };
  const { protocol, fees, model } = options;
  const settings = { risk, protocol, plan, fees, scoreMin, model };
  const trial = trialOf(`backtest of ${scorerId}`, settings, on);
  const finish = countTry(researchFile(dataDir), trial, options);
  const walletE8 = parseE8(options.equity);
  const fidelity = fidelityOf(options, opened, series);
  const pass: TradePassOptions = {
    series,
    rules: tradingRulesOf(fidelity, rules),
    fees,
    funding: funding?.rates ?? [],
    walletE8,
    risk,
    protocol,
    plan,
    scoreMin,
    scorerId,
    wins,
    fromMs,
    fidelity,
    onDay: (done, of) => options.progress.show("days traded", done, of),
  };
  const result = new TradePass(pass, new DecisionLog()).run();
  const { inputs } = opened;
  const report = reportOf(options, { inputs, funding, series, result, scorerId, walletE8 });
  finish(
    judgedDays(
      result.trades,
      plan,
      rules.map(({ tickSize }) => tickSize),
    ),
  );
  writeBacktest(options.out, result, rules, report);
  return report;
}

/** What is read before any bar: symbols and their files, rules, funding, the scorer. */
export interface OpenedInputs {
  readonly inputs: readonly SymbolInput[];
  readonly instruments: { readonly name: string; readonly text: string };
  readonly rules: readonly TradingRules[];
  readonly funding: FundingFile | null;
  readonly scorerId: string;
  /** What is proven of its scores; null: nothing. */
  readonly wins: ReturnType<typeof backtestScorer>["wins"];
  /** Features that the scorer takes. */
  readonly set: FeatureSet;
}

/** What opening and scanning need of a backtest's options. */
export type ScanOptions = Pick<
  BacktestOptions,
  | "stored"
  | "klines"
  | "instruments"
  | "funding"
  | "model"
  | "plan"
  | "rowsMax"
  | "fromMs"
  | "toMs"
  | "threads"
  | "cacheFolder"
  | "nowMs"
  | "progress"
  | "logger"
  | "jobs"
>;

/** Opens everything but the bars; a bad model is refused before any bar is read. */
export async function openInputs(options: ScanOptions): Promise<OpenedInputs> {
  const { model, nowMs, plan } = options;
  const inputs = await inputsOf(options);
  if (inputs.length > SYMBOLS_MAX)
    throw new SmcqError("USAGE_KLINES", `${inputs.length} symbols: at most ${SYMBOLS_MAX} are taken`);
  const instruments =
    options.instruments === null
      ? { name: "the bundled exchangeInfo", text: loadUniverseText() }
      : instrumentsFile(options.instruments);
  const symbols = inputs.map(({ symbol }) => symbol);
  const rules = readInstruments(instruments, symbols);
  const funding = await fundingOf(options, symbols);
  const { scorer, wins, set } = backtestScorer({ model, nowMs, plan });
  return { inputs, instruments, rules, funding, scorerId: scorer.id, wins, set };
}

/** The first pass: every symbol read and scanned on threads, or taken from the cache; packed there too, if that is wanted. */
export async function scanInputs(
  options: ScanOptions,
  opened: OpenedInputs,
  packing: Packing = "none",
): Promise<readonly ScannedSeries[]> {
  const work = { set: opened.set, tasks: await scanTasks(options, opened), packing };
  const scans = await scanAll(options, work);
  tellOfCache(options, scans);
  const replies = scans.map(({ reply }) => reply);
  const rounded = replies.reduce((sum, { roundedBars }) => sum + roundedBars, 0);
  if (rounded > 0)
    options.logger.warn(
      { roundedBars: rounded },
      `${rounded} bars have an open or close outside their high and low by rounding; taken as they are`,
    );
  return replies.map(({ series }) => series);
}

/** How the venue moves inside a minute, with rules that hold the prices which were traded. */
export function fidelityOf(
  { fidelity, seed }: Pick<BacktestOptions, "fidelity" | "seed">,
  { instruments, rules }: OpenedInputs,
  series: readonly ScannedSeries[],
): Fidelity {
  if (fidelity === "bar") return { type: "bar" };
  return { type: "path", seed, rules: pricedRules(readVenueRules(instruments, rules), series) };
}

/** Where the venue holds orders against brackets, sizes keep to them. */
export function tradingRulesOf(fidelity: Fidelity, rules: readonly TradingRules[]): readonly TradingRules[] {
  return fidelity.type === "path" ? fidelity.rules.map(({ trading }) => trading) : rules;
}

/** The venue's rules with room for the prices that were traded. */
function pricedRules(rules: readonly VenueRules[], series: readonly ScannedSeries[]): VenueRules[] {
  return rules.map((own, index) => {
    const { span } = series[index] as ScannedSeries;
    return span === null ? own : withPrices(own, numberToE8(span.lowest), numberToE8(span.highest));
  });
}

async function fundingOf(
  { funding, stored, fromMs, toMs, logger }: ScanOptions,
  symbols: readonly string[],
): Promise<FundingFile | null> {
  if (funding === null) return stored && storedFunding(stored.store, symbols, { fromMs, toMs });
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

async function makeFolder(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
  } catch (error) {
    throw new SmcqError("OUTPUT_WRITE", `cannot write ${out}: ${errorMessage(error)}`, { cause: error });
  }
}

async function inputsOf({ klines, stored, fromMs, toMs }: ScanOptions): Promise<SymbolInput[]> {
  if (stored === null) return klines === null ? bundledInputs() : fileInputs(klines);
  const inputs = await storedInputs(stored, { fromMs, toMs });
  if (inputs.length > 0) return inputs;
  throw new SmcqError("HISTORY_EMPTY", `${stored.store.folder} holds no bars of these symbols in this time`);
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

/** What a scan depends on besides its own bars: of v2 the bars of all symbols. */
function marketText(set: FeatureSet, inputs: readonly SymbolInput[]): string {
  if (set.name === "v1") return "";
  return JSON.stringify(inputs.map(({ symbol, files }) => [symbol, files.map(({ sha256 }) => sha256)]));
}

/** A task a symbol; bars from files are looked for in the cache by everything that their scan depends on. */
async function scanTasks(
  { model, plan, rowsMax, toMs, cacheFolder }: ScanOptions,
  { inputs, scorerId, set }: Pick<OpenedInputs, "inputs" | "scorerId" | "set">,
): Promise<readonly SeriesTask[]> {
  const schema = sha256Hex(featureSchemaJson(undefined, set) + marketText(set, inputs));
  const scorer = model === "heuristic" ? scorerId : await sha256OfFile(model);
  return inputs.map(({ symbol, source, files }) => {
    const hashes = files.flatMap(({ sha256 }) => sha256 ?? []);
    const readFromMs = source.type === "stored" ? source.fromMs : null;
    const { timeframe } = plan;
    const key = { symbol, files: hashes, schema, timeframe, scorer, rowsMax, toMs, readFromMs };
    const isKept = cacheFolder !== null && hashes.length === files.length;
    return { symbol, source, rowsMax, toMs, cacheHash: isKept ? scanKeyHash(key) : null };
  });
}

interface ScanWork {
  readonly set: FeatureSet;
  readonly tasks: readonly SeriesTask[];
  readonly packing: Packing;
}

/** The first pass: replies in the order of the symbols; the first refusal ends it. */
async function scanAll(options: ScanOptions, { set, tasks, packing }: ScanWork): Promise<SeriesScan[]> {
  const { progress } = options;
  const market =
    set.name === "v2" ? (await marketOf(tasks, (...step) => progress.show(...step))).data() : null;
  const pool = scannersOf(options, { market, packing, tasks: tasks.length });
  let done = 0;
  const outcomes = await Promise.allSettled(
    tasks.map(async (task) => {
      const outcome = await pool.run(task);
      if (outcome.type === "refused") throw new SmcqError(outcome.code, outcome.message);
      progress.show("symbols scanned", ++done, tasks.length);
      return outcome;
    }),
  );
  await pool.close();
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

/** Who scans: threads of this process, or workers on other hosts. */
function scannersOf(
  { model, nowMs, plan, cacheFolder, threads, logger, jobs }: ScanOptions,
  { market, packing, tasks }: Pick<BacktestWorkerData, "market" | "packing"> & { readonly tasks: number },
): Pick<TaskPool<SeriesTask, SeriesOutcome>, "run" | "close"> {
  const scorer = { model, nowMs, plan, cacheFolder, market };
  if (jobs !== null) return new ScanJobs({ jobs, ...scorer });
  const data: BacktestWorkerData = { ...scorer, packing };
  return new TaskPool<SeriesTask, SeriesOutcome>({
    entry: { url: workerUrl(import.meta.url, "../../workers/backtest.worker"), data },
    name: "scanSeries",
    threads: Math.min(threads, tasks),
    youngMb: YOUNG_MB,
    logger,
  });
}

/** Says what came from the cache, keeps it within its bounds, and warns where nothing could be kept. */
function tellOfCache({ cacheFolder, nowMs, logger }: ScanOptions, scans: readonly SeriesScan[]): void {
  if (cacheFolder === null) return;
  const count = (origin: SeriesScan["origin"]): number =>
    scans.filter((scan) => scan.origin === origin).length;
  const [cached, kept, unkept] = [count("cached"), count("kept"), count("unkept")];
  if (cached > 0)
    logger.info({ folder: cacheFolder, cached }, `${cached} of ${scans.length} scans came from the cache`);
  if (unkept > 0)
    logger.warn(
      { folder: cacheFolder, unkept },
      `${unkept} scans could not be kept in ${cacheFolder}; another run makes them again`,
    );
  if (kept > 0) new ScanCache(cacheFolder, nowMs).prune();
}
