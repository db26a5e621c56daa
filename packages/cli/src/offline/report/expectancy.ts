import { hashText, Rng } from "@smcq/kernel";

const DAY_MS = 86_400_000;
const RESAMPLES = 2_000;
const SEED = hashText("backtest expectancy");

/** Below it, nothing is said about an edge. */
export const TRADES_MIN = 100;

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
  trades: readonly { readonly entryMs: number; readonly r: number }[],
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
