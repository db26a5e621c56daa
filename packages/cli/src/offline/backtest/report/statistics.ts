import { hashText, Rng } from "@smcq/kernel";

const DAY_MS = 86_400_000;
const RESAMPLES = 2_000;
const SEED = hashText("backtest expectancy");
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

/** Mean result of a trade in stop distances, with what chance alone would do to it. */
export interface Expectancy {
  readonly trades: number;
  /** UTC days on which trades were entered: the blocks that are drawn. */
  readonly days: number;
  readonly meanR: number;
  /** 2.5 % and 97.5 % of the resampled means; null with fewer than two days. */
  readonly interval95: { readonly lower: number; readonly upper: number } | null;
  readonly resamples: number;
  readonly seed: number;
}

/**
 * Returns the mean R and its 95 % percentile interval by a bootstrap of whole UTC days of entry, all symbols together, for
 * trades of a day are not independent; null without trades. The same trades and seed give the same interval.
 */
export function expectancyOf(
  trades: readonly Pick<TradeFigures, "entryMs" | "r">[],
  seed: number = SEED,
): Expectancy | null {
  if (trades.length === 0) return null;
  const days = [...Map.groupBy(trades, ({ entryMs }) => Math.floor(entryMs / DAY_MS)).values()];
  const sums = days.map((own) => own.reduce((sum, { r }) => sum + r, 0));
  return {
    trades: trades.length,
    days: days.length,
    meanR: sums.reduce((sum, own) => sum + own, 0) / trades.length,
    interval95:
      days.length < 2
        ? null
        : bootstrap(
            sums,
            days.map((own) => own.length),
            seed,
          ),
    resamples: RESAMPLES,
    seed,
  };
}

function bootstrap(
  sums: readonly number[],
  counts: readonly number[],
  seed: number,
): { readonly lower: number; readonly upper: number } {
  const rng = new Rng(seed);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < sums.length; draw++) {
      const day = rng.int(sums.length);
      sum += sums[day] as number;
      count += counts[day] as number;
    }
    means[resample] = sum / count;
  }
  means.sort();
  return { lower: quantileOf(means, 0.025), upper: quantileOf(means, 0.975) };
}

/** The quantile of sorted values, linear between two of them. */
function quantileOf(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
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
