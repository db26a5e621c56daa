import { planInMinutes, type Scorer, type TradePlanParameters } from "@smcq/features";
import { FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";
import { type DayRange, isInside, type TimedResult, utcDay } from "@smcq/research";
import type { BarSource } from "../dataset/bar-source.ts";
import { DatasetRows, type LabelledRow } from "../dataset/dataset-rows.ts";
import type { SourceCounts } from "../dataset/label-series.ts";
import { labelByJob } from "../../bus/jobs/label-jobs.ts";
import type { Jobs } from "../../bus/jobs/open-jobs.ts";
import type { ShowProgress } from "../../output/progress.ts";
import { labelledSymbol, type LabelledSymbol, type LabelTask } from "./labelled-symbol.ts";
import { Stretches } from "./stretches.ts";

/** A symbol with fewer plans may miss stop and target by chance. */
const STILL_ROWS_MIN = 50;

/** What a candidate's plan brought, by what is counted; `r` is net with slippage twice. */
export interface PlanResult extends TimedResult {
  readonly setup: number;
  readonly grossBps: number;
  readonly grossR: number;
  /** Fees, and slippage of max(the plan's ratio, half a tick) on what takes. */
  readonly netR: number;
  /** The same without ticks: what a label says. */
  readonly netNoTickR: number;
  /** Null without a scorer. */
  readonly score: number | null;
}

export interface PlanOptions {
  readonly sources: readonly BarSource[];
  readonly symbols: readonly string[];
  /** By symbol, price units. */
  readonly tickSizes: readonly number[];
  readonly plan: TradePlanParameters;
  readonly scorer: Scorer | null;
  /** Days that are judged; all others are left out. */
  readonly isJudged: (day: number) => boolean;
  /** Where symbols are labelled; null: here, one after another. */
  readonly jobs: Jobs | null;
  readonly onSymbol: ShowProgress;
}

/** Where the candidates went. */
export interface PlanCounts {
  readonly bars: number;
  readonly candidates: number;
  readonly judged: number;
  readonly stopTooWide: number;
  readonly notFilled: number;
  /** The bars end, or break off, before the longest hold: who left early alone would be counted. */
  readonly cutOff: number;
  /** Of symbols that never met a stop or a target (a pegged pair), by name. */
  readonly stillSymbols: readonly string[];
  readonly still: number;
  /** On days that are not judged, or with an exit on one. */
  readonly otherDays: number;
}

export interface PlanResults {
  readonly results: readonly PlanResult[];
  readonly counts: PlanCounts;
}

/**
 * Every candidate's own plan over the bars, in order of time, with the costs of docs/edge.md. A candidate counts when the bars hold
 * the whole of its longest hold, whatever came of it.
 */
export async function planResults(options: PlanOptions): Promise<PlanResults> {
  const rows = new DatasetRows();
  const stretches: Stretches[] = [];
  const counts: SourceCounts[] = [];
  const take = (labelled: LabelledSymbol): void => {
    rows.append(labelled.rows, stretches.length);
    stretches.push(new Stretches(labelled.endsMs));
    counts.push(...labelled.counts);
  };
  const tasks = tasksOf(options);
  const { jobs } = options;
  if (jobs === null) for (const task of tasks) take(await labelledSymbol(task));
  else for (const labelled of await labelAll(tasks, jobs, options.onSymbol)) take(labelled);
  return sift(options, rows, { stretches, counts });
}

/** A task a symbol, in their order. */
function tasksOf({ sources, symbols, tickSizes, plan }: PlanOptions): readonly LabelTask[] {
  return symbols.map((symbol, index) => ({
    symbol,
    sources: sources.filter((source) => source.symbol === symbol),
    tickSize: isOnTicks(plan) ? (tickSizes[index] as number) : 0,
    plan,
  }));
}

/** All of them by other hosts, in the order of the tasks; the first refusal in it ends it, as it would here. */
async function labelAll(
  tasks: readonly LabelTask[],
  jobs: Jobs,
  show: ShowProgress,
): Promise<readonly LabelledSymbol[]> {
  let done = 0;
  const outcomes = await Promise.allSettled(
    tasks.map(async (task) => {
      const labelled = await labelByJob(jobs, task);
      show("symbols labelled", ++done, tasks.length);
      return labelled;
    }),
  );
  await jobs.verify();
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

function sift(
  options: PlanOptions,
  rows: DatasetRows,
  { stretches, counts }: { stretches: readonly Stretches[]; counts: readonly SourceCounts[] },
): PlanResults {
  const { symbols, tickSizes, plan, isJudged } = options;
  const holdMs = planInMinutes(plan).holdBarsMax * MINUTE_MS;
  const stillSymbols = stillIndices(rows);
  const scores = scoresOf(rows, options.scorer);
  const results: PlanResult[] = [];
  const left = { cutOff: 0, still: 0, otherDays: 0 };
  for (const index of rows.order()) {
    const row = rows.at(index);
    const { symbolIndex, t0Ms, t1Ms } = row;
    if (stillSymbols.has(symbolIndex)) left.still++;
    else if (!(stretches[symbolIndex] as Stretches).isWhole(t0Ms, holdMs)) left.cutOff++;
    else if (!isJudged(utcDay(t0Ms)) || !isJudged(utcDay(t1Ms - 1))) left.otherDays++;
    else
      results.push(
        resultOf(row, { plan, tickSize: tickSizes[symbolIndex] as number, score: scores?.[index] ?? null }),
      );
  }
  const sum = (key: keyof SourceCounts): number => counts.reduce((total, each) => total + each[key], 0);
  return {
    results,
    counts: {
      bars: sum("bars"),
      candidates: sum("candidates"),
      judged: results.length,
      stopTooWide: sum("stopTooWide"),
      notFilled: sum("notFilled"),
      ...left,
      cutOff: left.cutOff + sum("openAtEnd") + sum("openAtHole"),
      stillSymbols: [...stillSymbols].map((index) => symbols[index] as string),
    },
  };
}

/** Returns whether a plan itself knows ticks; of the first one they are costs alone, so that it stays what was measured. */
function isOnTicks({ entry, target, slippageTicks }: TradePlanParameters): boolean {
  return entry.kind === "limit" || target === "maker" || slippageTicks > 0;
}

/** Symbols of which no plan ever met its stop or its target. */
function stillIndices(rows: DatasetRows): ReadonlySet<number> {
  const met = new Set<number>();
  const seen = new Map<number, number>();
  for (let index = 0; index < rows.count; index++) {
    const { symbolIndex, reason } = rows.at(index);
    seen.set(symbolIndex, (seen.get(symbolIndex) ?? 0) + 1);
    if (reason === "stop" || reason === "target") met.add(symbolIndex);
  }
  return new Set([...seen].filter(([symbol, n]) => n >= STILL_ROWS_MIN && !met.has(symbol)).map(([s]) => s));
}

function scoresOf(rows: DatasetRows, scorer: Scorer | null): Float64Array | null {
  if (scorer === null) return null;
  const scores = new Float64Array(rows.count);
  const features = new Float32Array(rows.count * FEATURE_COUNT);
  for (let index = 0; index < rows.count; index++)
    features.set(rows.featuresAt(index), index * FEATURE_COUNT);
  scorer.score(features, rows.count, scores);
  return scores;
}

interface Costing {
  readonly plan: TradePlanParameters;
  readonly tickSize: number;
  readonly score: number | null;
}

/** What rests pays its own fee and has no slippage: an entry of kind `limit`, a target of a plan whose targets rest. */
function resultOf(row: LabelledRow, { plan, tickSize, score }: Costing): PlanResult {
  const { takerFeeRatio, makerFeeRatio, slippageRatio } = plan;
  const { side, exitPrice, stopDistance } = row;
  const gross = side * (exitPrice - row.entry);
  const isResting = plan.entry.kind === "limit";
  const isRestingExit = plan.target === "maker" && row.reason === "target";
  const fee = (rests: boolean): number => (rests ? makerFeeRatio : takerFeeRatio);
  const fees = fee(isResting) * row.entry + fee(isRestingExit) * exitPrice;
  const slippage = (tick: number): number => {
    const at = (price: number): number => Math.max(slippageRatio * price, tick / 2);
    return (isResting ? 0 : at(row.entry)) + (isRestingExit ? 0 : at(exitPrice));
  };
  return {
    t0Ms: row.t0Ms,
    t1Ms: row.t1Ms,
    setup: row.setup,
    score,
    grossBps: (gross / row.entry) * 10_000,
    grossR: gross / stopDistance,
    netR: (gross - fees - slippage(tickSize)) / stopDistance,
    netNoTickR: (gross - fees - slippage(0)) / stopDistance,
    r: (gross - fees - 2 * slippage(tickSize)) / stopDistance,
  };
}

/** Which days are judged: those of the hold-out that is opened, or all that no hold-out keeps. */
export function judgedDays(
  { fromDay, toDay }: DayRange,
  kept: readonly DayRange[],
  opened: DayRange | null,
): (day: number) => boolean {
  return (day) => {
    if (day < fromDay || day > toDay) return false;
    return opened === null ? !kept.some((range) => isInside(day, range)) : isInside(day, opened);
  };
}
