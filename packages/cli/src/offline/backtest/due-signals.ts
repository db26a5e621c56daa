import { MINUTE_MS, type SymbolId, symbolId } from "@smcq/kernel";
import type { ScannedSeries } from "./scan-series.ts";
import type { StoredBars } from "./stored-bars.ts";

/** A candidate that is worth a decision. */
export interface DueSignal {
  readonly symbolId: SymbolId;
  /** Side times setup. */
  readonly code: number;
  readonly score: number;
  readonly invalidationPrice: number;
  readonly atr: number;
  readonly medianTurnover: number;
  /** Open of the bar behind its own, which it would be entered at. */
  readonly nextOpen: number;
}

/** Which candidates a run decides on. */
export interface SignalChoice {
  /** Signals above it are decided on. */
  readonly scoreMin: number;
  /** Those of bars that open before it are not; null: all are. */
  readonly fromMs: number | null;
}

/** Minutes that are gathered at once: so many that each series is read in a row, so few that a processor's cache holds them. */
const GATHERED_MINUTES = 1_440;
const GATHERED_MS = GATHERED_MINUTES * MINUTE_MS;

/**
 * The candidates of all series that a run decides on, by minute, then by symbol: above the threshold, not before the start,
 * and with a next bar, since without one there is no decision. Asked for in the order of time.
 */
export class DueSignals {
  readonly #series: readonly ScannedSeries[];
  readonly #bars: StoredBars;
  readonly #choice: SignalChoice;
  /** By symbol: its next candidate that has not been gathered. */
  readonly #cursors: Int32Array;
  /** Of the gathered minutes, one list each. */
  readonly #minutes: DueSignal[][] = Array.from({ length: GATHERED_MINUTES }, () => []);
  #gatheredMs: number;

  constructor(series: readonly ScannedSeries[], bars: StoredBars, choice: SignalChoice) {
    this.#series = series;
    this.#bars = bars;
    this.#choice = choice;
    this.#cursors = new Int32Array(series.length);
    this.#gatheredMs = bars.firstMs - GATHERED_MS;
  }

  /** Those of the minute that opens at `timeMs`. */
  at(timeMs: number): readonly DueSignal[] {
    while (timeMs >= this.#gatheredMs + GATHERED_MS) this.#gather(this.#gatheredMs + GATHERED_MS);
    return this.#minutes[Math.floor((timeMs - this.#gatheredMs) / MINUTE_MS)] as readonly DueSignal[];
  }

  #gather(fromMs: number): void {
    this.#gatheredMs = fromMs;
    for (const [minute, due] of this.#minutes.entries()) if (due.length > 0) this.#minutes[minute] = [];
    for (let symbol = 0; symbol < this.#series.length; symbol++) this.#gatherSeries(symbolId(symbol), fromMs);
  }

  #gatherSeries(symbol: SymbolId, fromMs: number): void {
    const { scoreMin, fromMs: wantedMs } = this.#choice;
    const { bar, openMs, score, code, invalidationPrice, atr, medianTurnover, count } = (
      this.#series[symbol] as ScannedSeries
    ).candidates;
    let index = this.#cursors[symbol] as number;
    for (; index < count; index++) {
      const atMs = openMs[index] as number;
      if (atMs >= fromMs + GATHERED_MS) break;
      if (!((score[index] as number) > scoreMin) || atMs < (wantedMs ?? 0)) continue;
      const next = (bar[index] as number) + 1;
      if (this.#bars.openMs(symbol, next) !== atMs + MINUTE_MS) continue;
      (this.#minutes[Math.floor((atMs - fromMs) / MINUTE_MS)] as DueSignal[]).push({
        symbolId: symbol,
        code: code[index] as number,
        score: score[index] as number,
        invalidationPrice: invalidationPrice[index] as number,
        atr: atr[index] as number,
        medianTurnover: medianTurnover[index] as number,
        nextOpen: this.#bars.openPrice(symbol, next),
      });
    }
    this.#cursors[symbol] = index;
  }
}
