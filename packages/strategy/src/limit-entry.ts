import type { LimitEntry } from "@smcq/features";

/** Ticks that float64 may take a price on the grid for nearer or further than it is. */
const GRID_SLACK_TICKS = 1e-6;

/**
 * Where the order of kind `limit` rests, in ticks: `offsetAtr` from the best quote of its own side, rounded away from the
 * other one (docs/trading.md 5).
 */
export function limitTicks(
  { side, atr, quote }: { readonly side: 1 | -1; readonly atr: number; readonly quote: number },
  { offsetAtr }: LimitEntry,
  tickSize: number,
): number {
  const ticks = (quote - side * offsetAtr * atr) / tickSize;
  return side > 0 ? Math.floor(ticks) : Math.ceil(ticks);
}

/** An order that rests at `ticks` has filled for certain: the bar went at least one tick beyond it. */
export function isTradedThrough(
  side: 1 | -1,
  ticks: number,
  { high, low }: { readonly high: number; readonly low: number },
  tickSize: number,
): boolean {
  return side > 0
    ? low / tickSize <= ticks - 1 + GRID_SLACK_TICKS
    : high / tickSize >= ticks + 1 - GRID_SLACK_TICKS;
}
