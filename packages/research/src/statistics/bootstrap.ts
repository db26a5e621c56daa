import { Rng } from "@smcq/kernel";
import { type DailyResults, meanR } from "../calendar/days.ts";
import { blocksOf, quantileOf } from "./blocks.ts";

export const RESAMPLES = 2_000;

/** A mean with what chance alone would do to it. */
export interface Interval {
  readonly mean: number;
  /** 2.5 % and 97.5 % of the resampled means. */
  readonly lower: number;
  readonly upper: number;
  readonly blocks: number;
}

/**
 * Mean R of a trade and its 95 % percentile interval: whole blocks of `blockDays` days are drawn with replacement. Null
 * with fewer than two blocks. The same input and seed give the same interval.
 */
export function blockInterval(
  daily: DailyResults,
  { blockDays, seed, resamples = RESAMPLES }: BlockDraws,
): Interval | null {
  const { sums, counts } = blocksOf(daily, blockDays);
  const mean = meanR(daily);
  if (sums.length < 2 || mean === null) return null;
  const rng = new Rng(seed);
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < sums.length; draw++) {
      const block = rng.int(sums.length);
      sum += sums[block] as number;
      count += counts[block] as number;
    }
    means[resample] = sum / count;
  }
  means.sort();
  return { mean, lower: quantileOf(means, 0.025), upper: quantileOf(means, 0.975), blocks: sums.length };
}

export interface BlockDraws {
  /** Days of a block: 1, or 3 where a day may depend on the one before. */
  readonly blockDays: number;
  readonly seed: number;
  readonly resamples?: number;
}
