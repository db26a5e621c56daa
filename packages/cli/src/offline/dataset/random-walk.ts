import { BAR_FIELDS, MINUTE_MS, Rng, SmcqError } from "@smcq/kernel";
import type { KlineBatch } from "@smcq/history";
import type { BarSource } from "./bar-source.ts";

const DAY_MINUTES = 24 * 60;
const SYMBOLS_MAX = 100;
const DAYS_MAX = 1_000;
/** 2024-01-01 UTC. */
const START_MS = 1_704_067_200_000;
const START_PRICE = 1_000;
/** Prices of a walk lie on no grid; its resting orders do, price units. */
export const WALK_TICK_SIZE = 0.01;
const STEPS_PER_BAR = 20;
const RETURN_PER_MINUTE = 0.0008;
const STEP_DEVIATION = RETURN_PER_MINUTE / Math.sqrt(STEPS_PER_BAR);
const VOLUME_DEVIATION = 0.6;

export interface RandomWalkSpec {
  readonly symbols: number;
  readonly days: number;
  readonly seed: number;
}

/** Reads `SYMBOLSxDAYS`, such as `10x50`. */
export function parseRandomWalk(text: string, seed: number): RandomWalkSpec {
  const [, symbols, days] = /^(\d+)x(\d+)$/u.exec(text) ?? [];
  const spec = { symbols: Number(symbols), days: Number(days), seed };
  const isFit = (value: number, max: number): boolean => value >= 1 && value <= max;
  if (isFit(spec.symbols, SYMBOLS_MAX) && isFit(spec.days, DAYS_MAX)) return spec;
  throw new SmcqError(
    "USAGE_RANDOM_WALK",
    `--random-walk ${text}: must be SYMBOLSxDAYS, 1 to ${SYMBOLS_MAX} symbols and 1 to ${DAYS_MAX} days`,
  );
}

/**
 * Symbols whose price is a martingale: no rule can know whether it goes up or down. A bar is a path of normal steps
 * (its high and low are the path's), opens where the last one closed, and has a volume of noise.
 */
export function openRandomWalks({ symbols, days, seed }: RandomWalkSpec): BarSource[] {
  return Array.from({ length: symbols }, (_, k) => {
    const symbol = `WALK${String(k + 1).padStart(3, "0")}USDT`;
    const bars = (): Iterable<KlineBatch> => walkBatches(new Rng(seed).fork(symbol), days);
    return { name: `random-walk of ${symbol}`, symbol, sha256: null, bars };
  });
}

function* walkBatches(rng: Rng, days: number): Generator<KlineBatch, void, undefined> {
  const bars = new Float64Array(DAY_MINUTES * BAR_FIELDS);
  let price = START_PRICE;
  for (let day = 0; day < days; day++) {
    for (let minute = 0; minute < DAY_MINUTES; minute++) {
      const at = minute * BAR_FIELDS;
      bars[at] = START_MS + (day * DAY_MINUTES + minute) * MINUTE_MS;
      price = walkBar(rng, price, bars.subarray(at + 1, at + BAR_FIELDS));
    }
    yield { bars, count: DAY_MINUTES };
  }
}

/** Fills open, high, low, close, volume; returns the close. */
function walkBar(rng: Rng, open: number, bar: Float64Array): number {
  let price = open;
  let high = open;
  let low = open;
  for (let step = 0; step < STEPS_PER_BAR; step++) {
    // The second term keeps the expected price where it is.
    price *= Math.exp(STEP_DEVIATION * rng.normal() - STEP_DEVIATION ** 2 / 2);
    high = Math.max(high, price);
    low = Math.min(low, price);
  }
  bar.set([open, high, low, price, 100 * Math.exp(VOLUME_DEVIATION * rng.normal())]);
  return price;
}
