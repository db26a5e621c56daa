import { type DailyResults, daysWithin, meanR, tradesOf } from "../calendar/days.ts";
import { choices, dayGroups } from "../calendar/folds.ts";

/** Groups of days that are combined; half of them choose, half judge: 924 ways. */
export const CSCV_GROUPS = 12;

/** How often choosing the best of the variants was choosing luck. */
export interface Overfitting {
  /** Share of the splits in which the best of one half is no better than the median of the other half. */
  readonly probability: number;
  readonly splits: number;
  /** Mean over the splits of the chosen variant's mean R in the half that chose it, and in the other one. */
  readonly chosenR: number;
  readonly judgedR: number;
}

/**
 * Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, López de Prado and
 * Zhu 2017). The days are those of all variants together. Null with fewer than two variants or than twelve days.
 */
export function backtestOverfitting(variants: readonly DailyResults[]): Overfitting | null {
  const days = [...new Set(variants.flatMap((daily) => daily.days))].toSorted((a, b) => a - b);
  if (variants.length < 2 || days.length < CSCV_GROUPS) return null;
  const groups = dayGroups(days, CSCV_GROUPS);
  const parts = variants.map((daily) =>
    groups.map((group) => {
      const own = daysWithin(daily, [group]);
      const trades = tradesOf(own);
      return { sum: trades === 0 ? 0 : (meanR(own) as number) * trades, trades };
    }),
  );
  const meanOf = (variant: number, chosen: readonly number[]): number => {
    const own = parts[variant] as { sum: number; trades: number }[];
    const trades = chosen.reduce((total, group) => total + (own[group]?.trades ?? 0), 0);
    return trades === 0 ? 0 : chosen.reduce((total, group) => total + (own[group]?.sum ?? 0), 0) / trades;
  };
  let overfitted = 0;
  let chosenR = 0;
  let judgedR = 0;
  const splits = choices(CSCV_GROUPS, CSCV_GROUPS / 2);
  for (const half of splits) {
    const rest = [...groups.keys()].filter((group) => !half.includes(group));
    const inside = variants.map((_, variant) => meanOf(variant, half));
    const outside = variants.map((_, variant) => meanOf(variant, rest));
    const best = inside.indexOf(Math.max(...inside));
    const own = outside[best] as number;
    if (rankShare(outside, own) <= 0.5) overfitted++;
    chosenR += (inside[best] as number) / splits.length;
    judgedR += own / splits.length;
  }
  return { probability: overfitted / splits.length, splits: splits.length, chosenR, judgedR };
}

/** The relative rank of a value among all, inside (0, 1); ties are halved. */
function rankShare(values: readonly number[], own: number): number {
  const below = values.filter((value) => value < own).length;
  const same = values.filter((value) => value === own).length;
  return (below + (same + 1) / 2) / (values.length + 1);
}
