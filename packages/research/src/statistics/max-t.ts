import { Rng } from "@smcq/kernel";
import type { DailyResults } from "../calendar/days.ts";
import { quantileOf } from "./blocks.ts";
import { normalQuantile } from "./normal.ts";

/** With fewer blocks of its own a variant's resampled t has no shape; it counts as one that is not seen. */
export const VARIANT_BLOCKS_MIN = 30;
export const MAX_T_DRAWS = 1_000;
/** One side of 95 %. */
export const TAIL = 0.025;
/** Rounding of a sum of squares that is 0. */
const SPREAD_MIN = 1e-12;

export interface MaxTOptions {
  /** Days of a block. */
  readonly blockDays: number;
  readonly seed: number;
  /** Variants that were tried and whose days are not here: they count as independent ones without any edge. */
  readonly unseen: number;
  readonly draws?: number;
  readonly tail?: number;
}

/** A variant's mean R, and what is left of it after the best of all tries was expected to look good. */
export interface CorrectedMean {
  readonly mean: number;
  /** Standard error of the mean, from the blocks. */
  readonly error: number;
  readonly t: number;
  /** Lower 95 % bound that holds for all variants at once (single step). */
  readonly lower: number;
  /** Family-wise p of "the mean is 0 or less" (Westfall and Young, step-down). */
  readonly adjustedP: number;
}

export interface MaxT {
  /** One a variant, in order; null where it has too few blocks, or all of its blocks are alike. */
  readonly variants: readonly (CorrectedMean | null)[];
  /** So many standard errors are taken off. */
  readonly criticalT: number;
  /** Variants that count in the correction. */
  readonly tried: number;
}

/** A variant's deviations from its own mean by block of the common calendar; 0 where it has none. */
interface Centred {
  readonly index: number;
  readonly mean: number;
  readonly error: number;
  readonly deviations: Float64Array;
  readonly squares: Float64Array;
}

/**
 * Studentised max-t bootstrap: the same blocks of days are drawn for all variants, so that what they share counts once;
 * the largest t of a draw is what the best of so many variants without an edge would show.
 */
export function maxT(variants: readonly DailyResults[], options: MaxTOptions): MaxT {
  const { draws = MAX_T_DRAWS, tail = TAIL, seed, unseen } = options;
  const blocks = [
    ...new Set(variants.flatMap(({ days }) => days.map((day) => Math.floor(day / options.blockDays)))),
  ];
  const placeOf = new Map(blocks.map((block, place) => [block, place]));
  const centred = variants.flatMap((daily, index) => centre(daily, index, options.blockDays, placeOf) ?? []);
  // From the best to the worst: the step-down of a variant asks only those that are not better.
  centred.sort((a, b) => b.mean / b.error - a.mean / a.error);
  const hidden = unseen + variants.length - centred.length;
  const largest = new Float64Array(draws);
  const beaten = new Uint32Array(centred.length);
  const rng = new Rng(seed);
  const weights = new Float64Array(blocks.length);
  for (let draw = 0; draw < draws; draw++) {
    weights.fill(0);
    for (let k = 0; k < blocks.length; k++) {
      const place = rng.int(blocks.length);
      weights[place] = (weights[place] as number) + 1;
    }
    let most = hidden === 0 ? -Infinity : normalQuantile(largestOfUniforms(rng.next(), hidden));
    for (let rank = centred.length - 1; rank >= 0; rank--) {
      const own = centred[rank] as Centred;
      most = Math.max(most, resampledT(own, weights));
      if (most >= own.mean / own.error) beaten[rank] = (beaten[rank] as number) + 1;
    }
    largest[draw] = most;
  }
  largest.sort();
  const criticalT = centred.length === 0 ? Infinity : quantileOf(largest, 1 - tail);
  return {
    variants: described(centred, variants.length, { criticalT, beaten, draws }),
    criticalT,
    tried: variants.length + unseen,
  };
}

/** The largest of `count` uniform numbers, from one; kept off 0 and 1. */
function largestOfUniforms(uniform: number, count: number): number {
  return Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, uniform) ** (1 / count));
}

function centre(
  { days, sums, counts }: DailyResults,
  index: number,
  blockDays: number,
  placeOf: ReadonlyMap<number, number>,
): Centred[] | null {
  const sumOf = new Float64Array(placeOf.size);
  const countOf = new Float64Array(placeOf.size);
  let sum = 0;
  let count = 0;
  for (const [k, day] of days.entries()) {
    const place = placeOf.get(Math.floor(day / blockDays)) as number;
    sumOf[place] = (sumOf[place] as number) + (sums[k] as number);
    countOf[place] = (countOf[place] as number) + (counts[k] as number);
    sum += sums[k] as number;
    count += counts[k] as number;
  }
  const own = countOf.reduce((blocks, trades) => blocks + (trades > 0 ? 1 : 0), 0);
  if (own < VARIANT_BLOCKS_MIN) return null;
  const mean = sum / count;
  const deviations = sumOf.map((value, place) => value - mean * (countOf[place] as number));
  const squares = deviations.map((value) => value * value);
  const error = Math.sqrt((squares.reduce((total, value) => total + value, 0) * own) / (own - 1)) / count;
  return error > SPREAD_MIN ? [{ index, mean, error, deviations, squares }] : null;
}

/** The t of a draw's mean against the mean that the blocks really have. */
function resampledT({ deviations, squares }: Centred, weights: Float64Array): number {
  let sum = 0;
  let square = 0;
  const count = weights.length;
  for (let place = 0; place < count; place++) {
    const weight = weights[place] as number;
    sum += weight * (deviations[place] as number);
    square += weight * (squares[place] as number);
  }
  const spread = square - (sum * sum) / count;
  return spread > SPREAD_MIN * square ? sum / Math.sqrt(spread) : 0;
}

function described(
  centred: readonly Centred[],
  count: number,
  { criticalT, beaten, draws }: { criticalT: number; beaten: Uint32Array; draws: number },
): (CorrectedMean | null)[] {
  const variants = Array.from({ length: count }, (): CorrectedMean | null => null);
  let adjustedP = 0;
  for (const [rank, { index, mean, error }] of centred.entries()) {
    adjustedP = Math.max(adjustedP, (1 + (beaten[rank] as number)) / (1 + draws));
    variants[index] = { mean, error, t: mean / error, lower: mean - criticalT * error, adjustedP };
  }
  return variants;
}
