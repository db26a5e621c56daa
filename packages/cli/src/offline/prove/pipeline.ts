import { CandidateScanner, FIRST_FEATURE_BAR, M1_SCALP, type Scorer } from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";
import { EventBuffer } from "@smcq/smc";
import { planTrade, stepPlan } from "@smcq/strategy";
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

/** Everything that is known of a series of bars, by bar; what stands at a bar was known at its close. */
export interface Seen {
  /** The events of each bar in words. */
  readonly events: readonly string[];
  /** 12 a bar, long side; NaN where there are none yet. */
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
  /** Gross R of a plan; null when the bars end or break off before its exit, or its stop would be too wide. */
  readonly follow: (bars: Float64Array, plan: FollowedPlan) => number | null;
}

/** The engine's own detector, features, candidates, scorer and trade plan (entries at the market). */
export function enginePipeline(scorer: Scorer): Pipeline {
  return { scan: (bars) => scan(bars, scorer), follow };
}

function scan(bars: Float64Array, scorer: Scorer): Seen {
  const count = bars.length / BAR_FIELDS;
  const buffer = new EventBuffer();
  const scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
    events: buffer,
  });
  scanner.attach(0, 0);
  scanner.resetAll();
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
    if (bar > 0 && openMs !== (bars[at - BAR_FIELDS] as number) + MINUTE_MS) scanner.resetAll();
    const code = scanner.push(openMs, open, high, low, close, volume);
    events.push(eventText(buffer));
    if (scanner.barCount > FIRST_FEATURE_BAR) scanner.features(features, bar * FEATURE_COUNT, 1);
    if (code === 0) continue;
    candidates[bar] = code;
    scanner.features(row, 0, code > 0 ? 1 : -1);
    scorer.score(row, 1, score);
    columns.scores[bar] = score[0] as number;
    columns.invalidationPrices[bar] = scanner.invalidationPrice(code);
    columns.atrs[bar] = scanner.atr;
  }
  return { events, features, candidates, ...columns, trades: tradesOf(bars) };
}

function nans(count: number): Float64Array {
  return new Float64Array(count).fill(Number.NaN);
}

function eventText({ codes, dirs, levels, auxes, origins, count }: EventBuffer): string {
  let text = "";
  for (let k = 0; k < count; k++) text += `${codes[k]},${dirs[k]},${levels[k]},${auxes[k]},${origins[k]};`;
  return text;
}

function tradesOf(bars: Float64Array): SeenTrade[] {
  const rows = new DatasetRows();
  const series = new LabelSeries({ symbolIndex: 0, plan: M1_SCALP, tickSize: 0 }, rows);
  series.startSource(emptyCounts());
  series.take({ bars, count: bars.length / BAR_FIELDS });
  series.finish();
  return Array.from({ length: rows.count }, (_, index) => {
    const { bar, exitBar, side, entry, exitPrice, stopDistance } = rows.at(index);
    return { bar, exitBar, side, grossR: (side * (exitPrice - entry)) / stopDistance };
  });
}

function follow(bars: Float64Array, { bar, delayBars, ...candidate }: FollowedPlan): number | null {
  const first = bar + 1 + delayBars;
  const at = (place: number, field: number): number => bars[place * BAR_FIELDS + field] as number;
  const isNext = (place: number): boolean =>
    place * BAR_FIELDS < bars.length && at(place, 0) === at(bar, 0) + (place - bar) * MINUTE_MS;
  if (!isNext(first)) return null;
  const plan = planTrade(candidate, at(first, 1));
  if (plan.type !== "plan") return null;
  for (let place = first; isNext(place); place++) {
    const exit = stepPlan(plan, place - first + 1, at(place, 1), at(place, 2), at(place, 3), at(place, 4));
    if (exit !== null) return (plan.side * (exit.price - plan.entry)) / plan.stopDistance;
  }
  return null;
}
