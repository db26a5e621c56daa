const DOUBLE = new Float64Array(1);
const DOUBLE_BITS = new BigInt64Array(DOUBLE.buffer);
const SINGLE = new Float32Array(1);
const SINGLE_BITS = new Int32Array(SINGLE.buffer);

/** The next smaller double; -Infinity stays. */
export function nextDownF64(value: number): number {
  if (value === -Infinity) return value;
  if (value === 0) return -Number.MIN_VALUE;
  DOUBLE[0] = value;
  DOUBLE_BITS[0] = (DOUBLE_BITS[0] as bigint) + (value > 0 ? -1n : 1n);
  return DOUBLE[0];
}

/**
 * The largest float32 that is not above `threshold`: for every float32 x, `x <= threshold` exactly when
 * `x <= floorF32(threshold)`.
 */
export function floorF32(threshold: number): number {
  const nearest = Math.fround(threshold);
  if (nearest <= threshold) return nearest;
  if (nearest === 0) return -(2 ** -149);
  SINGLE[0] = nearest;
  SINGLE_BITS[0] = (SINGLE_BITS[0] as number) + (nearest > 0 ? -1 : 1);
  return SINGLE[0];
}
