import {
  FIRST_FEATURE_BAR,
  labelPlan,
  planInMinutes,
  type Scorer,
  TIMEFRAME_MINUTES,
  TimeframeScanner,
  type TradePlanParameters,
} from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";
import { EventBuffer } from "@smcq/smc";
import {
  isTickTooCoarse,
  isTradedThrough,
  limitTicks,
  type PlanExit,
  planTrade,
  stepEntryBar,
  stepPlan,
  type TradePlan,
} from "@smcq/strategy";
import { DatasetRows } from "../dataset/dataset-rows.ts";
import { emptyCounts, LabelSeries } from "../dataset/label-series.ts";

/** A trade of a candidate's plan, before costs. */
export interface SeenTrade {
  /** Bar whose close raised the candidate, and bar of the exit. */
  readonly bar: number;
  readonly exitBar: number;
  readonly side: 1 | -1;
  readonly grossR: number;
}

/** Everything that is known of a series of bars, by minute; what stands at a bar was known at its close. */
export interface Seen {
  /** The events of each bar in words. */
  readonly events: readonly string[];
  /** 12 a bar, long side; NaN where there are none yet, and where no bar of the timeframe closes. */
  readonly features: Float32Array;
  /** Side times setup; 0: no candidate. */
  readonly candidates: Int8Array;
  /** NaN without a candidate. */
  readonly scores: Float64Array;
  readonly invalidationPrices: Float64Array;
  readonly atrs: Float64Array;
  readonly trades: readonly SeenTrade[];
}

/** A plan to follow from the open of the bar behind `bar`, `delayBars` later. */
export interface FollowedPlan {
  readonly bar: number;
  readonly side: 1 | -1;
  readonly invalidationPrice: number;
  readonly atr: number;
  readonly delayBars: number;
}

/**
 * What is proved, as functions of bars: `BAR_FIELDS` numbers each, ascending. They get whole series, so that whoever looks
 * ahead can, and is found.
 */
export interface Pipeline {
  readonly scan: (bars: Float64Array) => Seen;
  /** Gross R of a plan; null when the bars end or break off before its exit, it is not entered, or its stop would be too wide. */
  readonly follow: (bars: Float64Array, plan: FollowedPlan) => number | null;
  /** Minutes of a bar that setups are found on, and the longest hold of a plan. */
  readonly barMinutes: number;
  readonly holdMinutes: number;
}

/** What is proved of, and on which ticks; 0: nobody knows them, and only entries at the market are asked for. */
export interface PipelineOptions {
  readonly scorer: Scorer;
  readonly plan: TradePlanParameters;
  readonly tickSize: number;
}

/** The engine's own detector, features, candidates, scorer and trade plan. */
export function enginePipeline(options: PipelineOptions): Pipeline {
  const plan = planInMinutes(labelPlan(options.plan));
  return {
    scan: (bars) => scan(bars, options),
    follow: (bars, followed) => follow(bars, followed, { plan, tickSize: options.tickSize }),
    barMinutes: TIMEFRAME_MINUTES[plan.timeframe],
    holdMinutes: plan.holdBarsMax,
  };
}

function scan(bars: Float64Array, options: PipelineOptions): Seen {
  const { scorer, plan } = options;
  const count = bars.length / BAR_FIELDS;
  const buffer = new EventBuffer();
  const frames = new TimeframeScanner(plan.timeframe, { events: buffer });
  const { scanner } = frames;
  const minutes = TIMEFRAME_MINUTES[plan.timeframe];
  const events: string[] = [];
  const features = new Float32Array(count * FEATURE_COUNT).fill(Number.NaN);
  const candidates = new Int8Array(count);
  const columns = { scores: nans(count), invalidationPrices: nans(count), atrs: nans(count) };
  const row = new Float32Array(FEATURE_COUNT);
  const score = new Float64Array(1);
  for (let bar = 0; bar < count; bar++) {
    const at = bar * BAR_FIELDS;
    const [openMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
      at,
      at + BAR_FIELDS,
    );
    const code = frames.push(openMs, open, high, low, close, volume);
    // The scanner's minute is a bar of the timeframe; between two of them it stays where it was.
    const hasClosed = scanner.lastBarOpenMs * minutes === openMs + MINUTE_MS - minutes * MINUTE_MS;
    events.push(hasClosed ? eventText(buffer) : "");
    if (hasClosed && scanner.barCount > FIRST_FEATURE_BAR) scanner.features(features, bar * FEATURE_COUNT, 1);
    if (code === 0) continue;
    candidates[bar] = code;
    scanner.features(row, 0, code > 0 ? 1 : -1);
    scorer.score(row, 1, score);
    columns.scores[bar] = score[0] as number;
    columns.invalidationPrices[bar] = scanner.invalidationPrice(code);
    columns.atrs[bar] = scanner.atr;
  }
  return { events, features, candidates, ...columns, trades: tradesOf(bars, options) };
}

function nans(count: number): Float64Array {
  return new Float64Array(count).fill(Number.NaN);
}

function eventText({ codes, dirs, levels, auxes, origins, count }: EventBuffer): string {
  let text = "";
  for (let k = 0; k < count; k++) text += `${codes[k]},${dirs[k]},${levels[k]},${auxes[k]},${origins[k]};`;
  return text;
}

function tradesOf(bars: Float64Array, { plan, tickSize }: PipelineOptions): SeenTrade[] {
  const rows = new DatasetRows();
  const series = new LabelSeries({ symbolIndex: 0, plan, tickSize }, rows);
  series.startSource(emptyCounts());
  series.take({ bars, count: bars.length / BAR_FIELDS });
  series.finish();
  return Array.from({ length: rows.count }, (_, index) => {
    const { bar, exitBar, side, entry, exitPrice, stopDistance } = rows.at(index);
    return { bar, exitBar, side, grossR: (side * (exitPrice - entry)) / stopDistance };
  });
}

interface FollowedBy {
  /** In minutes. */
  readonly plan: TradePlanParameters;
  readonly tickSize: number;
}

function follow(
  bars: Float64Array,
  { bar, delayBars, ...candidate }: FollowedPlan,
  { plan: parameters, tickSize }: FollowedBy,
): number | null {
  const first = bar + 1 + delayBars;
  const at = (place: number, field: number): number => bars[place * BAR_FIELDS + field] as number;
  const isNext = (place: number): boolean =>
    place * BAR_FIELDS < bars.length && at(place, 0) === at(bar, 0) + (place - bar) * MINUTE_MS;
  if (!isNext(first)) return null;
  const quote = at(first, 1);
  if (isTickTooCoarse(parameters, tickSize, quote)) return null;
  const { entry } = parameters;
  const ticks = entry.kind === "limit" ? limitTicks({ ...candidate, quote }, entry, tickSize) : null;
  const plan = planTrade(candidate, ticks === null ? quote : ticks * tickSize, parameters, tickSize);
  if (plan.type !== "plan") return null;
  let isOpen = ticks === null;
  for (let place = first; isNext(place); place++) {
    const heldBars = place - first + 1;
    const [open, high, low, close] = [at(place, 1), at(place, 2), at(place, 3), at(place, 4)];
    let exit: PlanExit | null = null;
    if (isOpen) exit = stepPlan(plan, heldBars, open, high, low, close);
    else if (isTradedThrough(plan.side, ticks ?? 0, { high, low }, tickSize)) {
      isOpen = true;
      exit = stepEntryBar(plan, heldBars, { open, high, low, close });
    } else if (entry.kind === "limit" && heldBars >= entry.expiryBars) return null;
    if (exit !== null) return grossR(plan, exit);
  }
  return null;
}

function grossR({ side, entry, stopDistance }: TradePlan, { price }: PlanExit): number {
  return (side * (price - entry)) / stopDistance;
}
