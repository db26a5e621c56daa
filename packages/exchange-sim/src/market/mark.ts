import { MINUTE_MS } from "@smcq/kernel";
import { unit4 } from "../hash.ts";

const MARK_SALT = 0x6d61726b;
/** How far the mark lies from the last price at most, share. */
export const BASIS_RATIO_MAX = 0.0005;

/**
 * The mark of a symbol while its last price is `lastE8`: `last * (1 + basis)`. The basis is drawn anew for each minute's
 * beginning, within `BASIS_RATIO_MAX`, and moves in a straight line in between.
 */
export function markE8At(lastE8: bigint, seed: number, symbolKey: number, timeMs: number): bigint {
  const minute = Math.floor(timeMs / MINUTE_MS);
  const at = (index: number): number => unit4(seed ^ MARK_SALT, symbolKey, index, 0);
  const share = (timeMs - minute * MINUTE_MS) / MINUTE_MS;
  const drawn = at(minute) * (1 - share) + at(minute + 1) * share;
  const markE8 = BigInt(Math.round(Number(lastE8) * (1 + (2 * drawn - 1) * BASIS_RATIO_MAX)));
  return markE8 > 0n ? markE8 : 1n;
}
