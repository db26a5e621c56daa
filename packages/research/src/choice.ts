import { type DailyResults, dailyResults, meanR, type TimedResult, tradesOf } from "./calendar/days.ts";
import { type Fold, type Guard, isTested, isTraining } from "./calendar/folds.ts";

/** Trades that a choice needs to know; with fewer the variant is not chosen. */
export const CHOICE_TRADES_MIN = 30;

/** What came of choosing the best variant on the training days of a fold and trading it on its test days. */
export interface Choice {
  readonly fold: Fold;
  /** Index of the variant; null: none had a mean above 0 where it was learnt, so nothing was traded. */
  readonly chosen: number | null;
  readonly trainedR: number | null;
  readonly testedR: number | null;
  readonly trades: number;
}

/**
 * Makes the choice in every fold. "No trade" is a choice: a variant that loses where it is learnt is not taken.
 */
export function choose(
  variants: readonly (readonly TimedResult[])[],
  folds: readonly Fold[],
  guard: Guard,
): Choice[] {
  return folds.map((fold) => {
    const trained = variants.map((results) =>
      dailyResults(results.filter((result) => isTraining(fold, result, guard))),
    );
    const chosen = bestOf(trained);
    if (chosen === null) return { fold, chosen, trainedR: null, testedR: null, trades: 0 };
    const tested = dailyResults((variants[chosen] ?? []).filter((result) => isTested(fold, result)));
    const learnt = trained[chosen] as DailyResults;
    return { fold, chosen, trainedR: meanR(learnt), testedR: meanR(tested), trades: tradesOf(tested) };
  });
}

function bestOf(trained: readonly DailyResults[]): number | null {
  let best: number | null = null;
  let most = 0;
  for (const [index, daily] of trained.entries()) {
    const mean = meanR(daily);
    if (mean === null || tradesOf(daily) < CHOICE_TRADES_MIN || mean <= most) continue;
    most = mean;
    best = index;
  }
  return best;
}
