import type { Rng } from "@smcq/kernel";
import type { DailyResults } from "@smcq/research";

export interface SeriesOptions {
  readonly rng: Rng;
  readonly days: number;
  readonly fromDay?: number;
  /** Mean R of a trade. */
  readonly mean?: number;
  readonly tradesADay?: number;
}

/** Days whose trades share a market: R of a trade = mean + the day's 0.3 + its own 1. */
export function seriesOf({
  rng,
  days,
  fromDay = 20_000,
  mean = 0,
  tradesADay = 8,
}: SeriesOptions): DailyResults {
  const counts = Array.from({ length: days }, () => 1 + rng.int(2 * tradesADay - 1));
  return {
    days: counts.map((_, day) => fromDay + day),
    counts,
    sums: counts.map((count) => count * (mean + 0.3 * rng.normal()) + Math.sqrt(count) * rng.normal()),
  };
}
