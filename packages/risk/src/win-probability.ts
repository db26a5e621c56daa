/** Rows that the model gave lower <= p < upper (the last bin: <= upper), and how many of them won. */
export interface WinBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly wins: number;
}

/** What a proven model's card says of its scores: bins from 0 to 1, and the share of winners among all labelled rows. */
export interface WinCounts {
  readonly baseRate: number;
  readonly bins: readonly WinBin[];
}

/** A lower bound of the probability that a trade of this score wins, 0..1; null: nothing is proven, no Kelly. */
export type WinProbability = ((score: number) => number) | null;

/** One-sided 90 % of a normal distribution. */
const Z_90 = 1.2815515655446004;

/** Rows of a bin at which its own bound counts as much as the base rate does. */
export const BASE_RATE_ROWS = 50;

/**
 * Lower bound of a bin's win rate (docs/trading.md 4, `p_L`): Wilson's one-sided 90 % bound, drawn to the base rate the
 * fewer rows there are, and never above what was observed. Without rows it is the base rate.
 */
export function winLowerBound({ wins, count }: Pick<WinBin, "wins" | "count">, baseRate: number): number {
  if (count === 0) return baseRate;
  const observed = wins / count;
  const weight = count / (count + BASE_RATE_ROWS);
  const blended = weight * wilsonLower90(wins, count) + (1 - weight) * baseRate;
  return Math.min(blended, observed);
}

/** The bound by score of what a card says; null where nothing is proven. A score outside of all bins wins never. */
export function winProbabilityOf(counts: WinCounts | null): WinProbability {
  if (counts === null) return null;
  const { baseRate, bins } = counts;
  return (score) => {
    const own = bins.findLast(({ lower, upper }) => score >= lower && score <= upper);
    return own === undefined ? 0 : winLowerBound(own, baseRate);
  };
}

/** Lower end of the one-sided 90 % score interval of a share (E. B. Wilson, 1927); `count` is above 0. */
function wilsonLower90(wins: number, count: number): number {
  const share = wins / count;
  const z2 = (Z_90 * Z_90) / count;
  const spread = Z_90 * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count));
  return Math.max((share + z2 / 2 - spread) / (1 + z2), 0);
}
