/** Median, extremes and count of a sample; all in the sample's unit. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** The value below which a share `ratio` (0..1) of the sample lies (nearest rank); NaN for an empty sample. */
export function quantile(sample: readonly number[], ratio: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(sorted.length * ratio));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Median of a sample: the mean of the two middle values when their count is even. */
export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function spreadOf(sample: readonly number[]): Spread {
  return {
    median: median(sample),
    min: Math.min(...sample),
    max: Math.max(...sample),
    count: sample.length,
  };
}

/** Arithmetic mean; NaN for an empty sample. */
export function mean(sample: readonly number[]): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}

/** Slope of a least-squares line through (x, y); 0 for fewer than two points. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let above = 0;
  let below = 0;
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
