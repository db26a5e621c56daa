import type { Quote, ScoredCandidate, SetupCode } from "@smcq/engine";
import { MINUTE_MS, type SymbolId, symbolId } from "@smcq/kernel";
import type { ScannedSeries } from "./scan-series.ts";
import type { StoredBars } from "./bars/stored-bars.ts";

/** Candidates of a minute that are worth a decision, by symbol, with the opens that they would be entered at. */
export interface DueSignals {
  readonly candidates: ScoredCandidate[];
  readonly quotes: Quote[];
}

/** Which candidates a run decides on. */
export interface SignalChoice {
  /** Signals above it are decided on. */
  readonly scoreMin: number;
  /** Those of bars that open before it are not; null: all are. */
  readonly fromMs: number | null;
  readonly scorerId: string;
}

/** Numbers of a gathered candidate: symbol, its place in the series, the open that follows. */
const FIELDS = 3;
/** Minutes that are gathered at once: so many that each series is read in a row, so few that a processor's cache holds them. */
const GATHERED_MINUTES = 240;
const GATHERED_MS = GATHERED_MINUTES * MINUTE_MS;
const NO_FEATURES = new Float32Array(0);
/** Of a candidate that no thread has handed on. */
const NO_TIMES = Object.freeze({ receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 });

/**
 * The candidates of all series that a run decides on, by minute, then by symbol: above the threshold, not before the start,
 * and with a next bar, since without one there is no decision. Asked for in the order of time.
 */
export class SignalQueue {
  readonly #series: readonly ScannedSeries[];
  readonly #bars: StoredBars;
  readonly #choice: SignalChoice;
  /** By symbol: its next candidate that has not been gathered. */
  readonly #cursors: Int32Array;
  /** Of the gathered minutes, as numbers: objects would live too long to be cheap. */
  readonly #minutes: readonly number[][] = Array.from({ length: GATHERED_MINUTES }, () => []);
  #gatheredMs: number;

  constructor(series: readonly ScannedSeries[], bars: StoredBars, choice: SignalChoice) {
    this.#series = series;
    this.#bars = bars;
    this.#choice = choice;
    this.#cursors = new Int32Array(series.length);
    this.#gatheredMs = bars.firstMs - GATHERED_MS;
  }

  /** Those of the minute that opens at `timeMs`. */
  at(timeMs: number): DueSignals {
    while (timeMs >= this.#gatheredMs + GATHERED_MS) this.#gather(this.#gatheredMs + GATHERED_MS);
    const gathered = this.#minutes[Math.floor((timeMs - this.#gatheredMs) / MINUTE_MS)] as readonly number[];
    const due: DueSignals = { candidates: [], quotes: [] };
    for (let at = 0; at < gathered.length; at += FIELDS) {
      const [id, open] = [symbolId(gathered[at] as number), gathered[at + 2] as number];
      due.quotes.push({ symbolId: id, bid: open, ask: open });
      due.candidates.push(this.#candidate(id, this.#series[id] as ScannedSeries, gathered[at + 1] as number));
    }
    return due;
  }

  #gather(fromMs: number): void {
    this.#gatheredMs = fromMs;
    for (const gathered of this.#minutes) gathered.length = 0;
    for (let symbol = 0; symbol < this.#series.length; symbol++) this.#gatherSeries(symbolId(symbol), fromMs);
  }

  #gatherSeries(id: SymbolId, fromMs: number): void {
    const { scoreMin, fromMs: wantedMs } = this.#choice;
    const series = this.#series[id] as ScannedSeries;
    const { bar, openMs, score, count } = series.candidates;
    let index = this.#cursors[id] as number;
    for (; index < count; index++) {
      const atMs = openMs[index] as number;
      if (atMs >= fromMs + GATHERED_MS) break;
      if (!((score[index] as number) > scoreMin) || atMs < (wantedMs ?? 0)) continue;
      const next = (bar[index] as number) + 1;
      if (this.#bars.openMs(id, next) !== atMs + MINUTE_MS) continue;
      const gathered = this.#minutes[Math.floor((atMs - fromMs) / MINUTE_MS)] as number[];
      gathered.push(id, index, this.#bars.openPrice(id, next));
    }
    this.#cursors[id] = index;
  }

  #candidate(id: SymbolId, series: ScannedSeries, index: number): ScoredCandidate {
    const { code, openMs, score, invalidationPrice, atr, medianTurnover } = series.candidates;
    const own = code[index] as number;
    const openTimeMs = openMs[index] as number;
    return {
      symbol: series.symbol,
      symbolId: id,
      side: own > 0 ? 1 : -1,
      setup: Math.abs(own) as SetupCode,
      openTimeMs,
      score: score[index] as number,
      features: NO_FEATURES,
      scorerId: this.#choice.scorerId,
      challenger: null,
      invalidationPrice: invalidationPrice[index] as number,
      atr: atr[index] as number,
      medianTurnover: medianTurnover[index] as number,
      exchangeMs: openTimeMs + MINUTE_MS,
      isRestConfirmed: false,
      times: NO_TIMES,
    };
  }
}
