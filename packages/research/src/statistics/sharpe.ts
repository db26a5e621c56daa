import { normalCdf, normalQuantile } from "./normal.ts";

const EULER_MASCHERONI = 0.577_215_664_901_532_9;

/** Fewer daily returns say nothing about their shape. */
export const SHARPE_DAYS_MIN = 10;

/** Moments of a row of returns. */
export interface Moments {
  readonly count: number;
  /** Mean by standard deviation (n - 1), per period, not annualised. */
  readonly sharpe: number;
  readonly skewness: number;
  /** Not the excess: 3 for a normal distribution. */
  readonly kurtosis: number;
}

/** How probable it is that the true Sharpe ratio of daily returns is above what luck gives the best of `trials`. */
export interface DeflatedSharpe extends Moments {
  readonly trials: number;
  /** The ratio that the best of `trials` without any skill is expected to show, per day. */
  readonly luckSharpe: number;
  /** 0..1; it speaks for an edge near 1 only. */
  readonly probability: number;
}

/**
 * Returns the deflated Sharpe ratio of daily returns after `trials` variants were tried; null with fewer than ten days or
 * without any movement. `variance` is that among the variants' ratios; where they are not known it is taken to be that of
 * trials without skill, 1 / (days - 1).
 */
export function deflatedSharpeOf(
  returns: readonly number[],
  trials: number,
  variance?: number,
): DeflatedSharpe | null {
  if (returns.length < SHARPE_DAYS_MIN) return null;
  const moments = momentsOf(returns);
  if (moments === null) return null;
  const luckSharpe = luckSharpeOf(trials, variance ?? 1 / (moments.count - 1));
  return { ...moments, trials, luckSharpe, probability: sharpeProbability(moments, luckSharpe) };
}

/**
 * The Sharpe ratio that the best of `trials` independent ones without skill is expected to show, with `variance` among
 * their ratios (Bailey & López de Prado 2014, "The Deflated Sharpe Ratio", equation 1); 0 for a single trial.
 */
export function luckSharpeOf(trials: number, variance: number): number {
  if (trials === 1) return 0;
  const expectedMax =
    (1 - EULER_MASCHERONI) * normalQuantile(1 - 1 / trials) +
    EULER_MASCHERONI * normalQuantile(1 - 1 / (trials * Math.E));
  return Math.sqrt(variance) * expectedMax;
}

/**
 * The probability that the true ratio is above `threshold`, given the length and the shape of the returns (Bailey & López
 * de Prado 2014, equation 2); 0..1.
 */
export function sharpeProbability({ count, sharpe, skewness, kurtosis }: Moments, threshold: number): number {
  const spread = Math.sqrt(1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe);
  return normalCdf(((sharpe - threshold) * Math.sqrt(count - 1)) / spread);
}

/** Returns the moments; null with fewer than two values or where all are the same. */
export function momentsOf(returns: readonly number[]): Moments | null {
  const count = returns.length;
  const mean = returns.reduce((sum, value) => sum + value, 0) / count;
  const central = (power: number): number =>
    returns.reduce((sum, value) => sum + (value - mean) ** power, 0) / count;
  const variance = central(2);
  if (count < 2 || !(variance > Number.EPSILON * mean * mean)) return null;
  return {
    count,
    sharpe: mean / Math.sqrt((variance * count) / (count - 1)),
    skewness: central(3) / variance ** 1.5,
    kurtosis: central(4) / variance ** 2,
  };
}
