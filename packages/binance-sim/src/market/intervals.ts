import type { KlineCell } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";

/** Minutes of each kline interval that the simulator serves. */
export const INTERVAL_MINUTES: Readonly<Record<string, number>> = {
  "1m": 1,
  "3m": 3,
  "5m": 5,
  "15m": 15,
  "30m": 30,
  "1h": 60,
  "2h": 120,
  "4h": 240,
  "6h": 360,
  "8h": 480,
  "12h": 720,
  "1d": 1440,
  "3d": 4320,
  "1w": 10_080,
};

/** Weeks begin on Mondays, and the epoch was a Thursday. */
const WEEK_OFFSET_MS = 4 * 86_400_000;
const WEEK_MINUTES = 10_080;

/** The slots of an interval: numbered, each so long, some offset from the epoch. */
export class Slots {
  readonly minutes: number;
  readonly ms: number;
  readonly #offsetMs: number;

  constructor(minutes: number) {
    this.minutes = minutes;
    this.ms = minutes * MINUTE_MS;
    this.#offsetMs = minutes === WEEK_MINUTES ? WEEK_OFFSET_MS : 0;
  }

  /** The slot that a time lies in. */
  at(timeMs: number): number {
    return Math.floor((timeMs - this.#offsetMs) / this.ms);
  }

  openMs(slot: number): number {
    return this.#offsetMs + slot * this.ms;
  }
}

/** Adds a minute's cell to the kline of those before it. */
export function mergeMinute(row: KlineCell, cell: KlineCell): void {
  row.high = Math.max(row.high, cell.high);
  row.low = Math.min(row.low, cell.low);
  row.close = cell.close;
  row.volume += cell.volume;
  row.quote += cell.quote;
  row.trades += cell.trades;
  row.takerBase += cell.takerBase;
  row.takerQuote += cell.takerQuote;
  if (row.firstTradeId < 0) row.firstTradeId = cell.firstTradeId;
  if (cell.lastTradeId >= 0) row.lastTradeId = cell.lastTradeId;
}
