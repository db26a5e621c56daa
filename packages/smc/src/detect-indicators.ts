import type { Bar } from "@smcq/kernel";

/** ATR-14 after Wilder by bar (docs/smc.md section 1), price units; NaN for the 14 bars before the first. */
export function averageTrueRanges(bars: readonly Bar[]): readonly number[] {
  const ranges = bars.map(({ high, low }, i) => {
    const before = bars[i - 1];
    if (before === undefined) return 0;
    return Math.max(high - low, Math.abs(high - before.close), Math.abs(low - before.close));
  });
  return wilder(ranges);
}

/** RSI-14 after Wilder by bar in 0..1 (docs/smc.md section 2), 0.5 when nothing moved; NaN for the first 14 bars. */
export function relativeStrengths(bars: readonly Bar[]): readonly number[] {
  const changes = bars.map(({ close }, i) => close - (bars[i - 1]?.close ?? close));
  const gains = wilder(changes.map((change) => (change > 0 ? change : 0)));
  const losses = wilder(changes.map((change) => (change < 0 ? -change : 0)));
  return bars.map(({ close }, i) => {
    const gain = gains[i] ?? Number.NaN;
    const loss = losses[i] ?? Number.NaN;
    return gain + loss <= 1e-14 * close ? 0.5 : gain / (gain + loss);
  });
}

/** The mean of values 1..14 at index 14, then (13 * before + value) / 14; value 0 is never used. */
function wilder(values: readonly number[]): readonly number[] {
  let mean = Number.NaN;
  return values.map((value, i) => {
    if (i === 14) mean = values.slice(1, 15).reduce((sum, each) => sum + each, 0) / 14;
    else if (i > 14) mean = (13 * mean + value) / 14;
    return mean;
  });
}
