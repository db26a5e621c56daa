/** Scores in lower <= score < upper, and how many of them won. */
export interface Bin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly wins: number;
}

/** Fewer in a bin say nothing of it. */
export const BIN_COUNT_MIN = 30;
const Z95 = 1.959964;

/** The 95 % score interval of a share (E. B. Wilson, 1927); `count` is above 0. */
export function wilson95(wins: number, count: number): readonly [number, number] {
  const share = wins / count;
  const z2 = Z95 * Z95;
  const middle = share + z2 / (2 * count);
  const reach = Z95 * Math.sqrt((share * (1 - share) + z2 / (4 * count)) / count);
  const whole = 1 + z2 / count;
  return [Math.max(0, (middle - reach) / whole), Math.min(1, (middle + reach) / whole)];
}

/** What a bin says: as promised, or that more or fewer won than its scores promise; null: too few to say. */
export function verdictOf({
  lower,
  upper,
  count,
  wins,
}: Bin): "as promised" | "fewer won" | "more won" | null {
  if (count < BIN_COUNT_MIN) return null;
  const [low, high] = wilson95(wins, count);
  if (high < lower) return "fewer won";
  return low > upper ? "more won" : "as promised";
}
