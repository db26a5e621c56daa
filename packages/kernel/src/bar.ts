/** One minute in milliseconds: the step of M1 bars. */
export const MINUTE_MS = 60_000;

/** A closed candle of our own; prices in quote units, volume in base units. */
export interface Bar {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Fields of a bar in the flat form that crosses threads: `openTimeMs, open, high, low, close, volume`. */
export const BAR_FIELDS = 6;

/** Closed bars in flat form: `BAR_FIELDS` numbers a bar, ascending open time. */
export type FlatBars = Float64Array;

/** Bars that are asked of a venue. */
export type BarInterval = "1m" | "5m" | "15m" | "1h";

const INTERVAL_MINUTES: Readonly<Record<BarInterval, number>> = { "1m": 1, "5m": 5, "15m": 15, "1h": 60 };

/** How long a bar of an interval lasts, ms. */
export function intervalMs(interval: BarInterval): number {
  return INTERVAL_MINUTES[interval] * MINUTE_MS;
}

/** A run of closed bars wanted from REST, both ends included, as open times. Lower `priority` goes first. */
export interface BarRequest {
  readonly slot: number;
  readonly symbol: string;
  readonly interval: BarInterval;
  readonly fromMs: number;
  readonly toMs: number;
  readonly priority: number;
}

/** No market has come near: numbers beyond would overflow where they are squared and summed. */
const PRICE_MAX = 1e12;
const VOLUME_MAX = 1e18;

/** Returns the reason why these numbers are no plausible bar, or null when they are one. */
export function barFault(
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
): string | null {
  // One comparison chain refuses NaN as well: every comparison with NaN is false.
  if (!(open > 0 && high > 0 && low > 0 && close > 0)) return "price is not a positive number";
  if (!(high <= PRICE_MAX && volume >= 0 && volume <= VOLUME_MAX))
    return "price is above 1e12, or volume is negative or above 1e18";
  if (!(low <= open && low <= close && high >= open && high >= close))
    return "high or low does not enclose the bar";
  if (low < 1e-12) return "price is below 1e-12";
  return null;
}
