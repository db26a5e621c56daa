import { assert } from "@smcq/kernel";

const MAX = 2n ** 63n - 1n;

/**
 * Money as SQL keeps it: an integer of 64 bits in units of 1e-8. More than 92,233,720,368.54775807 USDT is no sum that an
 * account of ours has: InvariantError, the row is not stored, nothing is entered any more, and exits go on.
 */
export function money(valueE8: bigint): bigint {
  assert(valueE8 <= MAX && valueE8 >= -MAX - 1n, "Invariant: money fits into 64 bits of 1e-8 USDT");
  return valueE8;
}
