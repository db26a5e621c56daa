import { BAR_FIELDS, FEATURE_COUNT, type Rng } from "@smcq/kernel";
import type { Pipeline, Seen } from "./pipeline.ts";

/** Cuts of a series. */
const CUTS = 9;
/** Bars of the timeframe behind a candidate among which it is cut off. */
const NEAR_BARS = 8;
/** Nothing is known before so many of them: a cut lies behind. */
const FIRST_CUT_BARS = 400;

/** Something that is known of bars. */
export type Column = "events" | "features" | "candidates" | "scores" | "trades";

/** What changed with bars that had not come yet, at its first place. */
export interface Move {
  readonly column: Column;
  readonly bar: number;
  /** The first bar that must not count. */
  readonly cut: number;
}

/** Cuts the bars off at random places: what was known before must be the same. */
export function prefixMoves(pipeline: Pipeline, proved: Proved): Move[] {
  const { bars, seen } = proved;
  return cutsOf(pipeline, proved).flatMap((cut) =>
    movesBetween(seen, pipeline.scan(bars.slice(0, cut * BAR_FIELDS)), cut),
  );
}

/** Puts another market behind random places: what was known before must be the same. */
export function futureMoves(pipeline: Pipeline, proved: Proved): Move[] {
  const { bars, seen, rng } = proved;
  return cutsOf(pipeline, proved).flatMap((cut) =>
    movesBetween(seen, pipeline.scan(withOtherFuture(bars, cut, rng)), cut),
  );
}

export interface Proved {
  readonly bars: Float64Array;
  /** Of all the bars. */
  readonly seen: Seen;
  readonly rng: Rng;
}

/**
 * Places to cut at, a third each: anywhere; early, where what is taken from a whole series settles; and close behind a
 * candidate, where whoever knows the next bars has used them.
 */
function cutsOf({ barMinutes }: Pipeline, { bars, seen, rng }: Proved): number[] {
  const [firstCut, near] = [FIRST_CUT_BARS * barMinutes, NEAR_BARS * barMinutes];
  const count = bars.length / BAR_FIELDS;
  const room = count - firstCut;
  if (room < 1) return [];
  const raised = [...seen.candidates.keys()].filter(
    (bar) => seen.candidates[bar] !== 0 && bar >= firstCut && bar < count - near,
  );
  return Array.from({ length: CUTS }, (_, k) => {
    if (k % 3 === 1) return firstCut + Math.floor(room ** rng.next()) - 1;
    const candidate = k % 3 === 2 && raised.length > 0 ? raised[rng.int(raised.length)] : undefined;
    return candidate === undefined ? firstCut + rng.int(room) : candidate + 1 + rng.int(near);
  });
}

/** The bars up to the cut as they are; behind, moves between neighbours are turned round and made larger. */
function withOtherFuture(bars: Float64Array, cut: number, rng: Rng): Float64Array {
  const other = bars.slice();
  const lastClose = bars[(cut - 1) * BAR_FIELDS + 4] as number;
  for (let at = cut * BAR_FIELDS; at < bars.length; at += BAR_FIELDS) {
    const turned = (price: number): number => (lastClose * lastClose) / price;
    const [open, high, low, close] = [1, 2, 3, 4].map((field) => turned(bars[at + field] as number));
    // What was the low is the high now.
    other.set([open, low, high, close] as number[], at + 1);
    other[at + 5] = (bars[at + 5] as number) * (0.5 + rng.next());
  }
  return other;
}

/** Where two views differ on bars before the cut, the first place of each column. */
function movesBetween(whole: Seen, other: Seen, cut: number): Move[] {
  const found: Move[] = [];
  const add = (column: Column, bar: number): void => {
    if (bar >= 0) found.push({ column, bar, cut });
  };
  add(
    "events",
    firstBar(cut, (bar) => whole.events[bar] === other.events[bar]),
  );
  add(
    "features",
    firstBar(cut, (bar) => areSame(whole.features, other.features, bar * FEATURE_COUNT, FEATURE_COUNT)),
  );
  add(
    "candidates",
    firstBar(cut, (bar) => whole.candidates[bar] === other.candidates[bar]),
  );
  add(
    "scores",
    firstBar(cut, (bar) => Object.is(whole.scores[bar], other.scores[bar])),
  );
  add("trades", tradeMove(whole, other, cut));
  return found;
}

function firstBar(cut: number, isSame: (bar: number) => boolean): number {
  for (let bar = 0; bar < cut; bar++) if (!isSame(bar)) return bar;
  return -1;
}

function areSame(a: Float32Array, b: Float32Array, from: number, count: number): boolean {
  for (let at = from; at < from + count; at++) if (!Object.is(a[at], b[at])) return false;
  return true;
}

/** Bar of the first trade that had ended before the cut and is another one, or is none, in the other view; else -1. */
function tradeMove(whole: Seen, other: Seen, cut: number): number {
  const ended = ({ trades }: Seen): Map<number, string> =>
    new Map(
      trades
        .filter(({ exitBar }) => exitBar < cut)
        .map(({ bar, exitBar, side, grossR }) => [bar, `${exitBar},${side},${grossR}`]),
    );
  const [ours, theirs] = [ended(whole), ended(other)];
  for (const bar of [...new Set([...ours.keys(), ...theirs.keys()])].toSorted((a, b) => a - b))
    if (ours.get(bar) !== theirs.get(bar)) return bar;
  return -1;
}
