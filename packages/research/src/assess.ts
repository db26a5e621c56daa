import { type DailyResults, daysWithin, type DayRange, meanR, tradesOf } from "./calendar/days.ts";
import { periodsOf } from "./calendar/periods.ts";
import { bestDaysShare } from "./statistics/best-days.ts";
import { blockInterval, type Interval } from "./statistics/bootstrap.ts";
import { type CorrectedMean, maxT, type MaxT } from "./statistics/max-t.ts";
import { type DeflatedSharpe, deflatedSharpeOf, momentsOf } from "./statistics/sharpe.ts";
import { judge, type ProofFigures, type Verdict } from "./verdict.ts";

/** Days of the blocks that are drawn; the least favourable of the results counts. */
export const BLOCK_DAYS = [1, 3] as const;

/** A stretch of the calendar with the mean R of its trades. */
export interface PeriodResult extends DayRange {
  /** Days with trades. */
  readonly days: number;
  readonly trades: number;
  readonly meanR: number;
}

/** All that is said of one variant, every figure with slippage twice. */
export interface Assessment {
  readonly figures: ProofFigures;
  readonly verdict: Verdict;
  /** 95 % intervals of the mean R, not corrected, by blocks of one and of three days; null with too few. */
  readonly intervals: readonly (Interval | null)[];
  /** The same means, corrected, by blocks of one and of three days. */
  readonly corrected: readonly (CorrectedMean | null)[];
  readonly periods: readonly PeriodResult[];
  /** Of the daily sums of R; null with too few days. */
  readonly deflatedSharpe: DeflatedSharpe | null;
}

/** Other variants that were ever tried. */
export interface Tried {
  /** Those whose days are known. */
  readonly known: readonly DailyResults[];
  /** How many more. */
  readonly unseen: number;
}

/** Assesses variants against one another and against everything that was tried before. Same input, same seed: same words. */
export function assess(variants: readonly DailyResults[], tried: Tried, seed: number): Assessment[] {
  const all = [...variants, ...tried.known];
  const corrections = BLOCK_DAYS.map((blockDays) => maxT(all, { blockDays, seed, unseen: tried.unseen }));
  const ratios = all.flatMap(({ sums }) => momentsOf(sums)?.sharpe ?? []);
  const trials = all.length + tried.unseen;
  return variants.map((daily, index) => assessOne(daily, { corrections, index, ratios, trials, seed }));
}

interface Context {
  readonly corrections: readonly MaxT[];
  readonly index: number;
  /** Sharpe ratios of the known variants. */
  readonly ratios: readonly number[];
  readonly trials: number;
  readonly seed: number;
}

function assessOne(daily: DailyResults, { corrections, index, ratios, trials, seed }: Context): Assessment {
  const corrected = corrections.map(({ variants }) => variants[index] ?? null);
  const periods = periodResults(daily);
  const share = bestDaysShare(daily);
  const figures: ProofFigures = {
    correctedLowerR: corrected.includes(null)
      ? null
      : corrected.reduce((least, own) => Math.min(least, own?.lower ?? -Infinity), Infinity),
    gainingPeriods: periods.filter((period) => period.meanR > 0).length,
    days: daily.days.length,
    trades: tradesOf(daily),
    bestDaysShare: Number.isFinite(share) ? share : null,
  };
  return {
    figures,
    verdict: judge(figures),
    intervals: BLOCK_DAYS.map((blockDays) => blockInterval(daily, { blockDays, seed })),
    corrected,
    periods,
    deflatedSharpe: deflatedSharpeOf(daily.sums, trials, varianceOf(ratios)),
  };
}

/** Mean R by separate period of the calendar. */
export function periodResults(daily: DailyResults): PeriodResult[] {
  return periodsOf(daily.days).map((range) => {
    const own = daysWithin(daily, [range]);
    const { fromDay, toDay } = range;
    return { fromDay, toDay, days: own.days.length, trades: tradesOf(own), meanR: meanR(own) ?? 0 };
  });
}

/** Variance (n - 1); undefined with fewer than two. */
function varianceOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
