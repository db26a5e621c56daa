import { type EngineConfig, sha256Hex } from "@smcq/config";
import { canonicalJson } from "@smcq/features";
import { errorCode, parseE8 } from "@smcq/kernel";
import type { ResearchBook } from "@smcq/ledger";
import { assess, type DailyResults } from "@smcq/research";
import type { SweepTask, SweepWorkerData } from "../../workers/sweep.worker.ts";
import { backtestScorer } from "../backtest/backtest-scorer.ts";
import {
  fidelityOf,
  type OpenedInputs,
  openInputs,
  scanInputs,
  type ScanOptions,
  tradingRulesOf,
} from "../backtest/run-backtest.ts";
import { sharedSeries } from "../backtest/bars/pack-bars.ts";
import type { ScannedSeries } from "../backtest/scan-series.ts";
import type { PointResult } from "./point-result.ts";
import { requireUnsealed, tradedDays } from "../walkforward/hold-out-gate.ts";
import { dataHash, plain, type TradedSettings, trialOf } from "../backtest/trial.ts";
import { pointSettings } from "./point-settings.ts";
import { ResultLog } from "./result-log.ts";
import { sentFidelity } from "./sent-fidelity.ts";
import { type Point, pointsOf, type Space } from "./space.ts";
import type { SweepPoint, SweepReport } from "./sweep-report.ts";
import { tradePoints } from "./trade-points.ts";

/** JOBS_UNEQUAL of workers on other hosts. */
const UNEQUAL = "JOBS_UNEQUAL";

export interface SweepOptions extends Omit<ScanOptions, "model" | "plan"> {
  readonly space: Space;
  /** The user's settings with these values, `path=value`, on top of them. */
  readonly load: (set: readonly string[]) => EngineConfig;
  /** USDT, decimal text. */
  readonly equity: string;
  readonly fromMs: number | null;
  readonly fidelity: "bar" | "path";
  readonly seed: number;
  /** Folder for the results: new, empty, or that of the same sweep, which goes on. */
  readonly out: string;
  /** Where everything that is tried is counted. */
  readonly book: ResearchBook;
}

/** A combination with its settings, and the number that it has in the space. */
interface Candidate {
  readonly point: number;
  readonly values: Point;
  readonly settings: TradedSettings;
}

/** Combinations that trade on one scan. */
interface ScanGroup {
  readonly opened: OpenedInputs;
  readonly members: readonly Candidate[];
}

/**
 * Trades every combination of a space: bars are scanned once for each model and timeframe, then each combination is a second
 * pass of a backtest on one of `threads`. Everything that is tried stands in the research book before its result is known.
 * The same input gives the same report, whatever the number of threads and of stops between.
 */
export async function runSweep(options: SweepOptions): Promise<SweepReport> {
  const { space, book } = options;
  const candidates = pointsOf(space).map((values, point) => ({
    point,
    values,
    settings: pointSettings(space.axes, values, options.load),
  }));
  const groups = await openGroups(options, candidates);
  const dataSha256 = dataHash(
    options,
    groups.map(({ opened }) => opened),
  );
  const log = new ResultLog(
    options.out,
    sha256Hex(canonicalJson({ space, dataSha256, all: plain(candidates) })),
  );
  const results = new Map(log.done);
  for (const { opened, members } of groups) {
    const pending = members.filter(({ point }) => !results.has(point));
    if (pending.length === 0) continue;
    const series = await scannedSeries(options, opened, pending[0] as Candidate);
    const days = tradedDays(series, options.fromMs);
    // A search never looks at what is held out: one setting is judged there, at the end.
    requireUnsealed(book, days, "leave them out by --from and --to");
    const trials = pending.map((candidate) =>
      trialOf(nameOf(space, candidate), candidate.settings, { dataSha256, days, holdOut: null }),
    );
    const rows = book.record(trials, options.nowMs);
    const { threads, logger, jobs, progress } = options;
    const before = results.size;
    const trading = tradePoints(
      {
        ground: groundOf(options, opened, series),
        tasks: pending.map(taskOf),
        labelOf: (index) => nameOf(space, pending[index] as Candidate),
        threads,
        logger,
        jobs,
        onDone: (done) => progress.show("settings tried", before + done, candidates.length),
      },
      (index, result) => {
        const { point } = pending[index] as Candidate;
        log.add(point, result);
        book.finish(rows[index] as number, result.daily, options.nowMs);
        results.set(point, result);
      },
    );
    await trading.catch((error: unknown) => {
      // Results that workers do not agree on are no results.
      if (errorCode(error) === UNEQUAL) log.discard();
      throw error;
    });
  }
  return reportOf(options, { candidates, results, dataSha256 });
}

/** By model and timeframe, in the order of the space; each model must have been trained for every plan of its group. */
async function openGroups(options: SweepOptions, candidates: readonly Candidate[]): Promise<ScanGroup[]> {
  const byScan = Map.groupBy(candidates, ({ settings: { model, plan } }) => `${plan.timeframe} ${model}`);
  const groups: ScanGroup[] = [];
  for (const members of byScan.values()) {
    const { model, plan } = (members[0] as Candidate).settings;
    const plans = new Map(members.map(({ settings }) => [canonicalJson(settings.plan), settings.plan]));
    for (const other of plans.values()) backtestScorer({ model, nowMs: options.nowMs, plan: other });
    groups.push({ opened: await openInputs({ ...options, model, plan }), members });
  }
  return groups;
}

/** The scan of a group, in memory that the threads share. */
async function scannedSeries(
  options: SweepOptions,
  opened: OpenedInputs,
  { settings: { model, plan } }: Candidate,
): Promise<readonly ScannedSeries[]> {
  const packing = options.fidelity === "path" ? "prices and volumes" : "prices";
  const series = await scanInputs({ ...options, model, plan }, opened, packing);
  // What workers on other hosts have scanned is packed here.
  return series.map((own) => sharedSeries(own, packing));
}

/** What all combinations of a group trade on. */
function groundOf(
  options: SweepOptions,
  opened: OpenedInputs,
  series: readonly ScannedSeries[],
): SweepWorkerData {
  const fidelity = fidelityOf(options, opened, series);
  return {
    series,
    rules: tradingRulesOf(fidelity, opened.rules),
    funding: opened.funding?.rates ?? [],
    walletE8: parseE8(options.equity),
    scorerId: opened.scorerId,
    wins: opened.wins,
    fromMs: options.fromMs,
    fidelity: sentFidelity(fidelity),
  };
}

function taskOf({ settings: { model: _model, ...task } }: Candidate): SweepTask {
  return task;
}

/** A combination's values by their settings. */
function nameOf(space: Space, { values }: Candidate): string {
  return space.axes.map(({ path }, index) => `${path}=${String(values[index])}`).join(" ");
}

function reportOf(
  { space, book, seed }: SweepOptions,
  {
    candidates,
    results,
    dataSha256,
  }: {
    readonly candidates: readonly Candidate[];
    readonly results: ReadonlyMap<number, PointResult>;
    readonly dataSha256: string;
  },
): SweepReport {
  const own = candidates.map(({ point }) => results.get(point) as PointResult);
  const daily: DailyResults[] = own.map((result) => result.daily);
  const hashes = candidates.map(
    ({ settings }) => trialOf("", settings, { dataSha256, days: [], holdOut: null }).trialSha256,
  );
  const tried = book.triedBut(hashes);
  const assessments = assess(daily, tried, seed);
  return {
    version: 1,
    space,
    dataSha256,
    tried: { known: tried.known.length, unseen: tried.unseen },
    points: own.map(({ daily: _daily, ...result }, point): SweepPoint => {
      const assessment = assessments[point] as SweepPoint["assessment"];
      return { values: (candidates[point] as Candidate).values, result, assessment };
    }),
  };
}
