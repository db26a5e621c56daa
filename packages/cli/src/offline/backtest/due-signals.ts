import { MINUTE_MS, type SymbolId, symbolId } from "@smcq/kernel";
import type { ScannedSeries } from "./scan-series.ts";
import type { StoredBars } from "./stored-bars.ts";

/** A candidate that is worth a decision. */
export interface DueSignal {
  readonly symbolId: SymbolId;
  /** In its series' candidates. */
  readonly index: number;
}

/** Which candidates a run decides on. */
export interface SignalChoice {
  /** Signals above it are decided on. */
  readonly scoreMin: number;
  /** Those of bars that open before it are not; null: all are. */
  readonly fromMs: number | null;
}

/**
 * The candidates of all series that a run decides on, by minute, then by symbol: above the threshold, not before the start,
 * and with a next bar, since without one there is no decision. Sorted once by counting; a minute is looked up at once.
 */
export class DueSignals {
  readonly #firstMs: number;
  /** By minute since the first: where its signals begin, and behind the last one where they end. */
  readonly #starts: Int32Array;
  readonly #symbols: Int32Array;
  readonly #indexes: Int32Array;

  constructor(series: readonly ScannedSeries[], bars: StoredBars, choice: SignalChoice) {
    this.#firstMs = bars.firstMs;
    const minutes = Math.round((bars.lastMs - bars.firstMs) / MINUTE_MS) + 1;
    const starts = new Int32Array(minutes + 1);
    const minuteOf = (openMs: number): number => Math.floor((openMs - this.#firstMs) / MINUTE_MS);
    const each = (visit: (minute: number, symbol: number, index: number) => void): void => {
      for (const [symbol, { candidates }] of series.entries()) {
        const { bar, openMs, score, count } = candidates;
        for (let index = 0; index < count; index++) {
          const atMs = openMs[index] as number;
          const isNext = bars.openMs(symbol, (bar[index] as number) + 1) === atMs + MINUTE_MS;
          const isWanted = (score[index] as number) > choice.scoreMin && atMs >= (choice.fromMs ?? 0);
          if (isNext && isWanted) visit(minuteOf(atMs), symbol, index);
        }
      }
    };
    each((minute) => add(starts, minute + 1, 1));
    for (let minute = 0; minute < minutes; minute++) add(starts, minute + 1, starts[minute] as number);
    this.#starts = starts;
    const total = starts[minutes] as number;
    this.#symbols = new Int32Array(total);
    this.#indexes = new Int32Array(total);
    const next = starts.slice();
    each((minute, symbol, index) => {
      const at = add(next, minute, 1) - 1;
      this.#symbols[at] = symbol;
      this.#indexes[at] = index;
    });
  }

  /** Those of the minute that opens at `timeMs`. */
  at(timeMs: number): readonly DueSignal[] {
    const minute = Math.floor((timeMs - this.#firstMs) / MINUTE_MS);
    const due: DueSignal[] = [];
    for (let at = this.#starts[minute] as number; at < (this.#starts[minute + 1] as number); at++)
      due.push({ symbolId: symbolId(this.#symbols[at] as number), index: this.#indexes[at] as number });
    return due;
  }
}

/** Adds to an element; returns its new value. */
function add(counts: Int32Array, at: number, more: number): number {
  const sum = (counts[at] as number) + more;
  counts[at] = sum;
  return sum;
}
