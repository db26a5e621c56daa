/** Beyond it the distribution function is 0 or 1 in float64. */
const DEVIATIONS_MAX = 8;
const LOG_SQRT_2_PI = 0.918_938_533_204_672_8;
const HALVINGS = 64;

/** The standard normal distribution function, to about 1e-15 (Marsaglia 2004, "Evaluating the Normal Distribution"). */
export function normalCdf(x: number): number {
  if (x <= -DEVIATIONS_MAX) return 0;
  if (x >= DEVIATIONS_MAX) return 1;
  let sum = x;
  let before = 0;
  let term = x;
  for (let odd = 3; sum !== before; odd += 2) {
    before = sum;
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x - LOG_SQRT_2_PI);
}

/** The x that `normalCdf` makes `share` of, by halving; refuses what lies outside (0, 1). */
export function normalQuantile(share: number): number {
  if (!(share > 0 && share < 1)) throw new RangeError(`share must lie inside (0, 1), got ${share}`);
  let low = -DEVIATIONS_MAX;
  let high = DEVIATIONS_MAX;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
