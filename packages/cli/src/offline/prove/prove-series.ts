import { BAR_FIELDS, Rng } from "@smcq/kernel";
import { openRandomWalks } from "../dataset/random-walk.ts";
import { type Column, futureMoves, type Move, prefixMoves } from "./causality.ts";
import {
  DELAY_R_MAX,
  delayCost,
  ERRORS_MAX,
  type Mean,
  permutedLabels,
  randomSides,
  shiftedSides,
  tradeMean,
} from "./nothing.ts";
import type { KlineBatch } from "@smcq/history";
import type { Pipeline, Seen } from "./pipeline.ts";

/** Long enough that a fill at a bar's best price, about 0.12 R, stands out of chance. */
const WALK_DAYS = 60;
const COLUMNS: readonly Column[] = ["events", "features", "candidates", "scores", "trades"];

/** What one check has found. */
export interface Check {
  readonly name: string;
  readonly isPassed: boolean;
  readonly text: string;
}

/** Proves a pipeline on one series of bars: it knows nothing of what comes, and finds nothing where nothing is. */
export function proveSeries(pipeline: Pipeline, bars: Float64Array, seed: number): Check[] {
  const rng = new Rng(seed);
  const seen = pipeline.scan(bars);
  const chance = { bars, seen, rng };
  const walk = walkBars(seed, bars[1] as number);
  const walked = pipeline.scan(walk);
  return [
    ...moveChecks("cut off", prefixMoves(pipeline, chance)),
    ...moveChecks("another future", futureMoves(pipeline, chance)),
    replayCheck(pipeline, bars, seen),
    nothingCheck("random walk", tradeMean(pipeline, walked)),
    nothingCheck("random walk, random sides", randomSides(pipeline, walk, { seen: walked, rng })),
    nothingCheck("random sides", randomSides(pipeline, bars, chance)),
    nothingCheck("time-shifted sides", shiftedSides(pipeline, bars, chance)),
    nothingCheck("permuted labels", permutedLabels(pipeline, chance)),
    delayCheck(delayCost(pipeline, bars, seen)),
  ];
}

function moveChecks(how: string, moves: readonly Move[]): Check[] {
  return COLUMNS.map((column) => {
    const move = moves.find((own) => own.column === column);
    const name = `${column}: ${how}`;
    return move === undefined
      ? { name, isPassed: true, text: "the same" }
      : { name, isPassed: false, text: `bar ${move.bar} changes with what comes from bar ${move.cut} on` };
  });
}

/** The trades are what their plans do bar by bar. */
function replayCheck(
  pipeline: Pipeline,
  bars: Float64Array,
  { trades, invalidationPrices, atrs }: Seen,
): Check {
  const other = trades.find(({ bar, side, grossR }) => {
    const plan = {
      bar,
      side,
      invalidationPrice: invalidationPrices[bar] ?? 0,
      atr: atrs[bar] ?? 0,
      delayBars: 0,
    };
    const again = pipeline.follow(bars, plan);
    return again === null || Math.abs(again - grossR) > 1e-9;
  });
  const name = "trades: followed bar by bar";
  return other === undefined
    ? { name, isPassed: true, text: `${trades.length} the same` }
    : { name, isPassed: false, text: `the one of bar ${other.bar} is another one` };
}

/** A gain where there is nothing to gain. */
function nothingCheck(name: string, found: Mean | null): Check {
  if (found === null) return { name, isPassed: true, text: "too few trades to say anything" };
  const { mean, error, trades } = found;
  return { name, isPassed: mean <= ERRORS_MAX * error, text: meanText(mean, error, trades) };
}

function delayCheck(found: Mean | null): Check {
  const name = "entries one bar later";
  if (found === null) return { name, isPassed: true, text: "too few trades to say anything" };
  const { mean, error, trades } = found;
  const isPassed = mean <= DELAY_R_MAX || mean <= ERRORS_MAX * error;
  return { name, isPassed, text: `${meanText(mean, error, trades)} less (at most ${DELAY_R_MAX} R)` };
}

function meanText(mean: number, error: number, trades: number): string {
  return `${mean >= 0 ? "+" : ""}${mean.toFixed(3)} R +- ${error.toFixed(3)} over ${trades} trades, before costs`;
}

/**
 * Bars without any edge that begin at a price, so that the ticks of the series are as large there; a day's batch is written over
 * by the next one, so each is copied.
 */
function walkBars(seed: number, firstPrice: number): Float64Array {
  const days = openRandomWalks({ symbols: 1, days: WALK_DAYS, seed }).flatMap((source) =>
    Array.from(source.bars() as Iterable<KlineBatch>, ({ bars, count }) => bars.slice(0, count * BAR_FIELDS)),
  );
  const walk = new Float64Array(days.reduce((sum, day) => sum + day.length, 0));
  let at = 0;
  for (const day of days) {
    walk.set(day, at);
    at += day.length;
  }
  const scale = firstPrice / (walk[1] as number);
  for (let price = 1; price < walk.length; price += BAR_FIELDS)
    for (let field = 0; field < 4; field++) walk[price + field] = (walk[price + field] as number) * scale;
  return walk;
}
