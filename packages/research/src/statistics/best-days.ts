import type { DailyResults } from "../calendar/days.ts";

/** Days that a profit must not hang on. */
export const BEST_DAYS = 5;

/** The share of the whole profit that its best five days brought; Infinity where there is no profit. */
export function bestDaysShare({ sums }: DailyResults): number {
  const profit = sums.reduce((sum, own) => sum + own, 0);
  if (profit <= 0) return Infinity;
  const best = sums.toSorted((a, b) => b - a).slice(0, BEST_DAYS);
  return best.reduce((sum, own) => sum + own, 0) / profit;
}
