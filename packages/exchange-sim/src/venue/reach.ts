import { divCeil, divRound } from "@smcq/kernel";
import type { Level } from "./order-book.ts";
import type { Print } from "./orders.ts";

/**
 * The first of `levels` on the straight way between two moments of a market, as the print to be made there: a level of the
 * last price is met exactly, its time and the other price lie on the way. Null: the way meets none. A level that the way
 * starts on or beyond is not met again.
 */
export function reachOf(from: Print, to: Print, levels: readonly Level[]): Print | null {
  let first: { readonly share: bigint; readonly level: Level } | null = null;
  for (const level of levels) {
    const share = shareOf(from, to, level);
    if (share !== null && (first === null || share < first.share)) first = { share, level };
  }
  if (first === null) return null;
  const { share, level } = first;
  const on = (a: bigint, b: bigint): bigint => a + divRound((b - a) * share, SHARES);
  return {
    timeMs: from.timeMs + Number(divCeil(BigInt(to.timeMs - from.timeMs) * share, SHARES)),
    lastE8: level.isMark ? on(from.lastE8, to.lastE8) : level.priceE8,
    markE8: level.isMark ? level.priceE8 : on(from.markE8, to.markE8),
  };
}

/** Parts that a way is divided into. */
const SHARES = 1_000_000_000n;

/** How much of the way lies before a level; null: the way does not meet it. */
function shareOf(from: Print, to: Print, { priceE8, isUp, isMark }: Level): bigint | null {
  const a = isMark ? from.markE8 : from.lastE8;
  const b = isMark ? to.markE8 : to.lastE8;
  if (isUp ? a >= priceE8 || b < priceE8 : a <= priceE8 || b > priceE8) return null;
  return divRound((priceE8 - a) * SHARES * (b > a ? 1n : -1n), b > a ? b - a : a - b);
}
