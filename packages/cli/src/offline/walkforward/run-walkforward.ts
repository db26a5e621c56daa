import { sha256Hex } from "@smcq/config";
import { loadUniverseText } from "@smcq/exchange-sim";
import {
  canonicalJson,
  featureSchemaJson,
  planInMinutes,
  type Scorer,
  tradePlanDocument,
  type TradePlanParameters,
} from "@smcq/features";
import { MINUTE_MS, SmcqError } from "@smcq/kernel";
import { type HoldOut, ResearchBook, researchFile, type Trial } from "@smcq/ledger";
import {
  assess,
  type Assessment,
  backtestOverfitting,
  blockInterval,
  choose,
  combinatorialFolds,
  DAY_MS,
  type DailyResults,
  dailyResults,
  type DayRange,
  type Fold,
  rangesOf,
  utcDay,
  walkForwardFolds,
} from "@smcq/research";
import type { ModelMetadata } from "@smcq/scoring";
import { instrumentsFile, readInstruments } from "../backtest/read-instruments.ts";
import type { BarSource } from "../dataset/bar-source.ts";
import type { Jobs } from "../../bus/jobs/open-jobs.ts";
import type { ShowProgress } from "../../output/progress.ts";
import { checkCalendar } from "./model-days.ts";
import { judgedDays, type PlanResult, planResults } from "./plan-results.ts";
import { requireSealed } from "./hold-out-gate.ts";
import type { ChoiceReport, HoldOutReport, VariantReport, WalkforwardReport } from "./report-types.ts";
import { variantsOf } from "./variants.ts";

/** Folds of the walk; groups, and those of them that are judged, of the combinatorial folds. */
const WALK_FOLDS = 5;
const COMBINED = { groups: 6, testGroups: 2 };
/** A day: more than the look-back of the longest lived input (the M5 trend: 256 M5 bars, 21.3 h). */
const EMBARGO_MS = DAY_MS;

export interface WalkforwardOptions {
  readonly sources: readonly BarSource[];
  readonly plan: TradePlanParameters;
  /** File of rules by symbol or the venue's exchangeInfo; null: the bundled one. */
  readonly instruments: string | null;
  /** Null: every candidate is taken. The heuristic has no metadata. */
  readonly scorer: {
    readonly name: string;
    readonly scorer: Scorer;
    readonly metadata: ModelMetadata | null;
  } | null;
  readonly days: DayRange;
  /** The hold-out that is opened; null: none, and all of them stay closed. */
  readonly holdOut: string | null;
  readonly dataDir: string;
  readonly seed: number;
  readonly nowMs: number;
  /** Where symbols are labelled; null: here. */
  readonly jobs: Jobs | null;
  readonly onSymbol: ShowProgress;
}

/**
 * Bars to candidates to the results of their plans to a verdict by the calendar. What is tried is written into the book of
 * research before anything of its result is looked at, and counts in every later correction. Refuses a model that knows
 * the days (RESEARCH_CALENDAR), and what has no result to judge (RESEARCH_EMPTY).
 */
export async function runWalkforward(options: WalkforwardOptions): Promise<WalkforwardReport> {
  const book = new ResearchBook(researchFile(options.dataDir));
  try {
    return await walk(options, book);
  } finally {
    book.close();
  }
}

async function walk(options: WalkforwardOptions, book: ResearchBook): Promise<WalkforwardReport> {
  const { sources, plan, scorer, nowMs } = options;
  const symbols = [...new Set(sources.map(({ symbol }) => symbol))];
  const tickSizes = tickSizesOf(options.instruments, symbols);
  const holdOut = options.holdOut === null ? null : requireSealed(book, options.holdOut);
  const isJudged = judgedDays(options.days, book.holdOuts(), holdOut);
  const ground = { symbols, tickSizes, isJudged, scorer: scorer?.scorer ?? null };
  const { results, counts } = await planResults({ ...options, ...ground });
  const days = [...new Set(results.map(({ t0Ms }) => utcDay(t0Ms)))];
  if (days.length === 0)
    throw new SmcqError(
      "RESEARCH_EMPTY",
      `no plan to judge: ${counts.candidates} candidates in ${counts.bars} bars, ${counts.cutOff} cut off by the end of the bars or a hole, ${counts.otherDays} on days that are not judged`,
    );
  if (scorer !== null && scorer.metadata !== null) checkCalendar(scorer.metadata, days);
  const dataSha256 = sha256Hex(
    canonicalJson({
      files: sources.map(({ name, sha256 }) => sha256 ?? name).toSorted(compareText),
      tickSizes,
    }),
  );
  const opened =
    holdOut === null ? null : book.open(holdOut.name, `walkforward of ${scorer?.name ?? "the plan"}`, nowMs);
  const variants = variantsOf(scorer !== null);
  const trials = variants.map(({ name }) => trialOf(options, { name, days, dataSha256 }));
  const rows = book.record(trials, nowMs);
  const taken = variants.map(({ takes }) => results.filter(takes));
  const daily = taken.map(dailyResults);
  const tried = book.triedBut(trials.map(({ trialSha256 }) => trialSha256));
  const assessments = assess(daily, tried, options.seed);
  for (const [k, trialId] of rows.entries()) book.finish(trialId, daily[k] as DailyResults, nowMs);
  return {
    version: 1,
    plan: tradePlanDocument(plan),
    scorer: scorer?.name ?? null,
    dataSha256,
    symbols: symbols.length,
    counts,
    days: rangesOf(days),
    tried: { variants: variants.length, known: tried.known.length, unseen: tried.unseen },
    holdOut: opened === null ? null : holdOutReport(opened),
    variants: variants.map(({ name }, k) => {
      const what = {
        name,
        trialSha256: (trials[k] as Trial).trialSha256,
        assessment: assessments[k] as Assessment,
      };
      return Object.assign(what, figuresOf(taken[k] as PlanResult[], options.seed));
    }),
    walkForward: choiceOf(taken, walkFolds(days), plan),
    combinatorial: choiceOf(taken, combinedFolds(days), plan),
    overfitting: backtestOverfitting(daily),
    seed: options.seed,
  };
}

function tickSizesOf(file: string | null, symbols: readonly string[]): number[] {
  const text =
    file === null ? { name: "the bundled exchangeInfo", text: loadUniverseText() } : instrumentsFile(file);
  return readInstruments(text, symbols).map(({ tickSize }) => tickSize);
}

function holdOutReport({ name, fromDay, toDay, openings }: HoldOut): HoldOutReport {
  return { name, fromDay, toDay, openings, isHoldOut: openings === 1 };
}

function trialOf(
  { plan, scorer, holdOut }: WalkforwardOptions,
  { name, days, dataSha256 }: { name: string; days: readonly number[]; dataSha256: string },
): Trial {
  const what = {
    planSha256: sha256Hex(canonicalJson(tradePlanDocument(plan))),
    featuresSha256: sha256Hex(featureSchemaJson(plan)),
    modelId: scorer?.name ?? null,
    dataSha256,
    days: rangesOf(days),
  };
  const trialSha256 = sha256Hex(canonicalJson({ name, ...what }));
  return { name, trialSha256, ...what, holdOut, count: 1 };
}

function figuresOf(
  results: readonly PlanResult[],
  seed: number,
): Pick<VariantReport, "trades" | "grossBps" | "grossR" | "netR" | "netNoTickR"> {
  const of = (value: (result: PlanResult) => number): ReturnType<typeof blockInterval> =>
    blockInterval(dailyResults(results.map((result) => ({ t0Ms: result.t0Ms, r: value(result) }))), {
      blockDays: 1,
      seed,
    });
  return {
    trades: results.length,
    grossBps: of(({ grossBps }) => grossBps),
    grossR: of(({ grossR }) => grossR),
    netR: of(({ netR }) => netR),
    netNoTickR: of(({ netNoTickR }) => netNoTickR),
  };
}

function walkFolds(days: readonly number[]): Fold[] {
  return days.length > WALK_FOLDS ? walkForwardFolds(days, WALK_FOLDS) : [];
}

function combinedFolds(days: readonly number[]): Fold[] {
  return days.length >= COMBINED.groups ? combinatorialFolds(days, COMBINED) : [];
}

/** What choosing the best variant where it is learnt would have brought where it is judged. */
function choiceOf(
  taken: readonly (readonly PlanResult[])[],
  folds: readonly Fold[],
  plan: TradePlanParameters,
): ChoiceReport {
  const holdMs = planInMinutes(plan).holdBarsMax * MINUTE_MS;
  const choices = choose(taken, folds, { holdMs, embargoMs: EMBARGO_MS });
  const traded = choices.filter(({ trades }) => trades > 0);
  const trades = traded.reduce((sum, choice) => sum + choice.trades, 0);
  const testedR = traded.reduce((sum, choice) => sum + (choice.testedR ?? 0) * choice.trades, 0);
  return {
    folds: folds.length,
    foldsTraded: traded.length,
    trades,
    meanR: trades === 0 ? null : testedR / trades,
  };
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
