import { BAR_FIELDS } from "@smcq/kernel";

/** Minutes whose turnover says how much a symbol can take. */
export const TURNOVER_BARS = 60;

const sorted = new Float64Array(TURNOVER_BARS);

/**
 * Median of volume times close over 60 flat bars from `offset` on, quote units: the mean of the two middle values. NaN
 * where fewer bars stand there.
 */
export function medianTurnover(bars: Float64Array, offset: number): number {
  if (bars.length < offset + TURNOVER_BARS * BAR_FIELDS) return Number.NaN;
  for (let index = 0; index < TURNOVER_BARS; index++) {
    const at = offset + index * BAR_FIELDS;
    sorted[index] = (bars[at + 5] as number) * (bars[at + 4] as number);
  }
  sorted.sort();
  const middle = TURNOVER_BARS / 2;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
