const DAY_MS = 86_400_000;
/** Bins of a score are this wide: 1 / 20. */
const SCORE_BINS = 20;
/** Keeps a score that is a bin's edge but for its last bit in the bin above. */
const SCORE_EDGE = 1e-9;

/** The trade's figures that statistics are made of. */
export interface TradeFigures {
  readonly entryMs: number;
  readonly score: number;
  readonly isWon: boolean;
  /** Result in stop distances. */
  readonly r: number;
}

/** A point of the equity curve, USDT. */
export interface EquityPoint {
  readonly timeMs: number;
  readonly equity: number;
}

/**
 * Returns the return of each UTC day, a share of the equity at its start, from the day of `fromMs` to the one that ends
 * at or holds `endMs`; a row of 00:00 closes the day before it. Ends where the equity is gone.
 */
export function dailyReturns(
  rows: readonly EquityPoint[],
  { start, fromMs, endMs }: { readonly start: number; readonly fromMs: number; readonly endMs: number },
): number[] {
  const returns: number[] = [];
  let row = 0;
  let before = start;
  for (let day = Math.floor(fromMs / DAY_MS); day * DAY_MS < endMs && before > 0; day++) {
    let close = before;
    for (; row < rows.length && (rows[row] as EquityPoint).timeMs <= (day + 1) * DAY_MS; row++)
      close = (rows[row] as EquityPoint).equity;
    returns.push(close / before - 1);
    before = close;
  }
  return returns;
}

/** Trades whose scores fall into [scoreMin, scoreMin + 0.05). */
export interface CalibrationBin {
  readonly scoreMin: number;
  readonly trades: number;
  readonly meanScore: number;
  readonly wonRatio: number;
}

/** Returns the bins of 0.05 that hold trades, lowest score first; a score of 1 counts to the last one. */
export function calibrationOf(
  trades: readonly Pick<TradeFigures, "score" | "isWon">[],
): readonly CalibrationBin[] {
  const binOf = (score: number): number =>
    Math.min(SCORE_BINS - 1, Math.floor(score * SCORE_BINS + SCORE_EDGE));
  return [...Map.groupBy(trades, ({ score }) => binOf(score))]
    .toSorted(([a], [b]) => a - b)
    .map(([bin, own]) => ({
      scoreMin: bin / SCORE_BINS,
      trades: own.length,
      meanScore: own.reduce((sum, { score }) => sum + score, 0) / own.length,
      wonRatio: own.filter(({ isWon }) => isWon).length / own.length,
    }));
}

/**
 * Counts values in `bins` bins [min + k*width, min + (k+1)*width); the first also takes what lies below, the last what
 * lies above.
 */
export function histogramOf(
  values: readonly number[],
  { min, width, bins }: { readonly min: number; readonly width: number; readonly bins: number },
): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - min) / width)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}
