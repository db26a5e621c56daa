import type { DailyResults } from "../calendar/days.ts";

/** Sums of R and trades of blocks of neighbouring days. */
export interface Blocks {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

/** Sums days up in blocks of `blockDays` calendar days; a block without a trade is none. */
export function blocksOf(daily: DailyResults, blockDays: number): Blocks {
  const byBlock = new Map<number, { sum: number; count: number }>();
  for (const [k, day] of daily.days.entries()) {
    const block = Math.floor(day / blockDays);
    const own = byBlock.get(block) ?? { sum: 0, count: 0 };
    own.sum += daily.sums[k] as number;
    own.count += daily.counts[k] as number;
    byBlock.set(block, own);
  }
  const rows = [...byBlock.values()];
  return {
    sums: Float64Array.from(rows, ({ sum }) => sum),
    counts: Float64Array.from(rows, ({ count }) => count),
  };
}

/** The quantile of sorted values, linear between two of them. */
export function quantileOf(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
