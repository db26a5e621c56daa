import type { Bar } from "@smcq/kernel";

/*
 * The old design's rules, word for word (docs/smc.md 7). They are kept to show what they measure, and are used by
 * nothing: over three candles its "bullish" gap is the bearish one.
 */

/** A gap by the literal rule; `size` in price units, `sizeAtr` in ATR of the bar. */
export interface LiteralGap {
  readonly dir: 1 | -1;
  readonly top: number;
  readonly bottom: number;
  readonly size: number;
  readonly sizeAtr: number;
}

export interface LiteralBlock {
  readonly dir: number;
  readonly price: number;
  /** Body in ATR of the bar judged at. */
  readonly strength: number;
  /** Index of the block's candle. */
  readonly bar: number;
}

export interface LiteralSweep {
  readonly dir: 1 | -1;
  readonly distanceAtr: number;
}

const LOOK_BACK_BARS = 10;

function ratio(value: number, atr: number): number {
  return atr > 0 ? value / atr : 0;
}

/** "Bullish FVG: prev_low > curr_high" at bar `i`; null when there is none. */
export function literalGap(bars: readonly Bar[], i: number, atr: number): LiteralGap | null {
  const first = bars[i - 2];
  const third = bars[i];
  if (first === undefined || third === undefined) return null;
  if (first.low > third.high) return gapOf(1, first.low, third.high, atr);
  if (first.high < third.low) return gapOf(-1, third.low, first.high, atr);
  return null;
}

function gapOf(dir: 1 | -1, top: number, bottom: number, atr: number): LiteralGap {
  const size = top - bottom;
  return { dir, top, bottom, size, sizeAtr: ratio(size, atr) };
}

/** The last of the bars i-4..i with a body above 1.5 ATR of bar `i`; null when there is none. */
export function literalBlock(bars: readonly Bar[], i: number, atr: number): LiteralBlock | null {
  for (let t = i; t >= Math.max(i - 4, 0); t--) {
    const bar = bars[t];
    if (bar === undefined) continue;
    const body = bar.close - bar.open;
    if (Math.abs(body) > 1.5 * atr)
      return { dir: Math.sign(body), price: bar.open, strength: ratio(Math.abs(body), atr), bar: t };
  }
  return null;
}

/** A wick beyond the 10 bars before, whatever the close; of two, the farther; null when there is none. */
export function literalSweep(bars: readonly Bar[], i: number, atr: number): LiteralSweep | null {
  const range = rangeBefore(bars, i);
  const bar = bars[i];
  if (range === null || bar === undefined) return null;
  const above = bar.high - range.high;
  const below = range.low - bar.low;
  if (above <= 0 && below <= 0) return null;
  return above >= below
    ? { dir: 1, distanceAtr: ratio(above, atr) }
    : { dir: -1, distanceAtr: ratio(below, atr) };
}

/** +1 when bar `i` closes above the 10 bars before, -1 below them, else 0. */
export function literalStructure(bars: readonly Bar[], i: number): number {
  const range = rangeBefore(bars, i);
  const bar = bars[i];
  if (range === null || bar === undefined) return 0;
  return bar.close > range.high ? 1 : bar.close < range.low ? -1 : 0;
}

function rangeBefore(
  bars: readonly Bar[],
  i: number,
): { readonly high: number; readonly low: number } | null {
  if (i < LOOK_BACK_BARS) return null;
  const before = bars.slice(i - LOOK_BACK_BARS, i);
  return {
    high: Math.max(...before.map(({ high }) => high)),
    low: Math.min(...before.map(({ low }) => low)),
  };
}
