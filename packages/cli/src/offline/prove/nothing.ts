import { BAR_FIELDS, type Rng } from "@smcq/kernel";
import type { FollowedPlan, Pipeline, Seen } from "./pipeline.ts";

/** Fewer blocks say nothing of a mean. */
const BLOCKS_MIN = 20;
/** So many standard errors above nothing are something; by chance once in some 4,000 checks. */
export const ERRORS_MAX = 3.5;
/** Stated change of the mean result when entries come one bar later, R. */
export const DELAY_R_MAX = 0.1;

/** A result at a bar. */
export interface BarResult {
  readonly bar: number;
  readonly r: number;
}

/** A mean in R with its standard error by blocks; null with too few of them. */
export interface Mean {
  readonly mean: number;
  readonly error: number;
  readonly trades: number;
}

/** Results of plans that begin within `blockBars`, the longest hold, share their market and count as one. */
export function meanOf(results: readonly BarResult[], blockBars: number): Mean | null {
  const blocks = new Map<number, { sum: number; count: number }>();
  for (const { bar, r } of results) {
    const block = Math.floor(bar / blockBars);
    const own = blocks.get(block) ?? { sum: 0, count: 0 };
    blocks.set(block, { sum: own.sum + r, count: own.count + 1 });
  }
  if (blocks.size < BLOCKS_MIN) return null;
  const trades = results.length;
  const mean = results.reduce((sum, { r }) => sum + r, 0) / trades;
  const squares = [...blocks.values()].reduce((sum, own) => sum + (own.sum - mean * own.count) ** 2, 0);
  return { mean, error: Math.sqrt((squares * blocks.size) / (blocks.size - 1)) / trades, trades };
}

/** What the trades of a series earn before costs. */
export function tradeMean({ holdMinutes }: Pipeline, { trades }: Seen): Mean | null {
  return meanOf(
    trades.map(({ bar, grossR }) => ({ bar, r: grossR })),
    holdMinutes,
  );
}

/** The same candidates with a side that a coin has chosen. */
export function randomSides(pipeline: Pipeline, bars: Float64Array, { seen, rng }: Chance): Mean | null {
  return meanOf(
    candidatesOf(seen).flatMap((bar) =>
      followed(pipeline, bars, plain(bars, seen, { bar, at: bar, side: rng.chance(0.5) ? 1 : -1 })),
    ),
    pipeline.holdMinutes,
  );
}

/** The sides of candidates at the places of others: as many bars later as chance says, once for all. */
export function shiftedSides(pipeline: Pipeline, bars: Float64Array, { seen, rng }: Chance): Mean | null {
  const count = bars.length / BAR_FIELDS;
  const shift = pipeline.holdMinutes + rng.int(Math.max(1, Math.floor(count / 2)));
  return meanOf(
    candidatesOf(seen).flatMap((bar) => {
      const side = (seen.candidates[bar] as number) > 0 ? 1 : -1;
      const at = bar + shift;
      return at < count ? followed(pipeline, bars, plain(bars, seen, { bar, at, side })) : [];
    }),
    pipeline.holdMinutes,
  );
}

/** How much more the better half by score brings than the other one, when results are dealt out anew. */
export function permutedLabels({ holdMinutes }: Pipeline, { seen, rng }: Chance): Mean | null {
  const { trades, scores } = seen;
  const labels = trades.map(({ grossR }) => grossR);
  for (let k = labels.length - 1; k > 0; k--) {
    const other = rng.int(k + 1);
    [labels[k], labels[other]] = [labels[other] as number, labels[k] as number];
  }
  const middle =
    trades.map(({ bar }) => scores[bar] as number).toSorted((a, b) => a - b)[trades.length >> 1] ?? 0;
  const mean = labels.reduce((sum, r) => sum + r, 0) / Math.max(1, labels.length);
  return meanOf(
    trades.map(({ bar }, k) => ({
      bar,
      r: ((scores[bar] as number) > middle ? 1 : -1) * ((labels[k] as number) - mean),
    })),
    holdMinutes,
  );
}

/** How much less each candidate's plan brings when its entry comes one bar later. */
export function delayCost(pipeline: Pipeline, bars: Float64Array, seen: Seen): Mean | null {
  return meanOf(
    candidatesOf(seen).flatMap((bar) => {
      const side = (seen.candidates[bar] as number) > 0 ? (1 as const) : (-1 as const);
      const plan = {
        bar,
        side,
        invalidationPrice: seen.invalidationPrices[bar] as number,
        atr: seen.atrs[bar] as number,
      };
      const [now, later] = [0, 1].map((delayBars) => pipeline.follow(bars, { ...plan, delayBars }));
      return typeof now === "number" && typeof later === "number" ? [{ bar, r: now - later }] : [];
    }),
    pipeline.holdMinutes,
  );
}

export interface Chance {
  readonly seen: Seen;
  readonly rng: Rng;
}

function candidatesOf({ candidates }: Seen): number[] {
  return [...candidates.keys()].filter((bar) => candidates[bar] !== 0);
}

/** A plan at a bar with a candidate's ATR, whose stop knows nothing of the market: one ATR away. */
function plain(
  bars: Float64Array,
  seen: Seen,
  { bar, at, side }: { readonly bar: number; readonly at: number; readonly side: 1 | -1 },
): FollowedPlan {
  const atr = seen.atrs[bar] as number;
  const close = bars[at * BAR_FIELDS + 4] as number;
  return { bar: at, side, atr, invalidationPrice: close - side * atr, delayBars: 0 };
}

function followed(pipeline: Pipeline, bars: Float64Array, plan: FollowedPlan): BarResult[] {
  const r = pipeline.follow(bars, plan);
  return r === null ? [] : [{ bar: plan.bar, r }];
}
