import {
  type CandidateCode,
  CandidateRows,
  type MarketTable,
  medianTurnover,
  type Scorer,
  type Timeframe,
  TURNOVER_BARS,
} from "@smcq/features";
import type { StoredRows, TimeRange } from "@smcq/history";
import { BAR_FIELDS } from "@smcq/kernel";

/** Candidates that are scored together. */
const BATCH_ROWS = 4_096;

/** Bars in memory that threads share (`packBars`). */
export interface PackedBars {
  readonly type: "packed";
  /** Open times, minutes since 1970; of a series without a hole the first one. */
  readonly minutes: Int32Array | number;
  /** Open, high, low and close of each bar, times `scale`; less its base where there are bases. */
  readonly prices: Int16Array | Int32Array;
  /** What the prices of each 16 bars are counted from; null: from 0. */
  readonly bases: Int32Array | null;
  readonly scale: number;
  /** Null: nobody asks for them. */
  readonly volumes: Float64Array | null;
}

/** Where a series' bars are while it is traded: in memory, or in the store, which is read block by block. */
export type SeriesBars =
  | PackedBars
  /** `BAR_FIELDS` numbers a bar, ascending. */
  | { readonly type: "held"; readonly flat: Float64Array }
  | ({ readonly type: "stored"; readonly folder: string; readonly symbol: string } & TimeRange);

/** What the bars of a series reach from and to; null: it has none. */
export type BarSpan = {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lowest: number;
  readonly highest: number;
} | null;

/** A symbol's bars and what was found in them, in columns. */
export interface ScannedSeries {
  readonly symbol: string;
  readonly bars: SeriesBars;
  readonly barCount: number;
  readonly span: BarSpan;
  readonly candidates: CandidateColumns;
}

/** A scanned series, and what was odd about its bars. */
export interface SeriesReply {
  readonly series: ScannedSeries;
  /** Bars whose open or close lay outside their own high and low by rounding. */
  readonly roundedBars: number;
}

/** Candidates in order of time. */
export interface CandidateColumns {
  readonly count: number;
  /** Index of the bar whose close raised it. */
  readonly bar: Int32Array;
  /** That bar's open time, ms. */
  readonly openMs: Float64Array;
  /** Side times setup. */
  readonly code: Int8Array;
  readonly score: Float64Array;
  readonly invalidationPrice: Float64Array;
  readonly atr: Float64Array;
  readonly medianTurnover: Float64Array;
}

/** What scores, on bars of which timeframe. */
export interface SeriesScorer {
  readonly scorer: Scorer;
  readonly timeframe: Timeframe;
  /** For a scorer of feature set v2; null: it takes v1. */
  readonly market: MarketTable | null;
}

/** Finds and scores the candidates of a series by the detector and features that run live; a hole starts it anew. */
export function scanSeries(symbol: string, flat: Float64Array, scorer: SeriesScorer): ScannedSeries {
  const scan = new SeriesScanner(symbol, scorer);
  scan.take(flat);
  return { symbol, bars: { type: "held", flat }, ...scan.finish() };
}

/** The same over stored bars, of which a block is held at a time. HISTORY_*, naming the file, when one is damaged. */
export function scanStoredSeries(
  rows: StoredRows,
  choice: StoredBarsChoice,
  scorer: SeriesScorer,
): ScannedSeries {
  const scan = new SeriesScanner(choice.symbol, scorer);
  for (const { bars } of rows.batches()) scan.take(bars);
  return { symbol: choice.symbol, bars: { type: "stored", ...choice }, ...scan.finish() };
}

/** Bars of the store by folder, symbol and range. */
export type StoredBarsChoice = Omit<Extract<SeriesBars, { type: "stored" }>, "type">;

/** One pass over a series, whose bars come in runs. */
class SeriesScanner {
  readonly #scorer: Scorer;
  readonly #found = new CandidateList();
  readonly #frames: CandidateRows;
  readonly #rows: Float32Array;
  /** The last bars, whose turnovers candidates of the next run look back on. */
  #tail: Float64Array = new Float64Array(0);
  #waiting = 0;
  #lastOpenMs = -1;
  #barCount = 0;
  #firstMs = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #highest = 0;

  constructor(symbol: string, { scorer, timeframe, market: table }: SeriesScorer) {
    this.#scorer = scorer;
    this.#frames = new CandidateRows({ timeframe, market: table === null ? null : { table, symbol } });
    this.#rows = new Float32Array(BATCH_ROWS * this.#frames.width);
  }

  /** The next bars, ascending. */
  take(bars: Float64Array): void {
    if (bars.length === 0) return;
    if (this.#barCount === 0) this.#firstMs = bars[0] as number;
    const tail = this.#tail;
    for (let at = 0; at < bars.length; at += BAR_FIELDS) {
      const openMs = bars[at] as number;
      this.#lastOpenMs = openMs;
      const [high, low] = [bars[at + 2] as number, bars[at + 3] as number];
      if (high > this.#highest) this.#highest = high;
      if (low < this.#lowest) this.#lowest = low;
      const [open, close, volume] = [bars[at + 1] as number, bars[at + 4] as number, bars[at + 5] as number];
      const code = this.#frames.push(openMs, open, high, low, close, volume);
      if (code !== 0) this.#note(code, openMs, turnoverAt(tail, bars, at));
      this.#barCount++;
    }
    this.#tail = lastBars(tail, bars);
  }

  finish(): Pick<ScannedSeries, "barCount" | "span" | "candidates"> {
    this.#score();
    const [barCount, firstMs, lastMs] = [this.#barCount, this.#firstMs, this.#lastOpenMs];
    const span = barCount === 0 ? null : { firstMs, lastMs, lowest: this.#lowest, highest: this.#highest };
    return { barCount, span, candidates: this.#found.columns() };
  }

  #note(code: CandidateCode, openMs: number, turnover: number): void {
    const { scanner, width } = this.#frames;
    this.#frames.write(this.#rows, this.#waiting * width, code < 0 ? -1 : 1);
    const [invalidationPrice, atr] = [scanner.invalidationPrice(code), scanner.atr];
    this.#found.add({ bar: this.#barCount, openMs, code, invalidationPrice, atr, turnover });
    if (++this.#waiting === BATCH_ROWS) this.#score();
  }

  #score(): void {
    this.#found.score(this.#scorer, this.#rows, this.#waiting);
    this.#waiting = 0;
  }
}

/** Median turnover of the `TURNOVER_BARS` bars up to that at `at`; those before the run stand at the end of `tail`. */
function turnoverAt(tail: Float64Array, bars: Float64Array, at: number): number {
  const from = at - (TURNOVER_BARS - 1) * BAR_FIELDS;
  if (from >= 0) return medianTurnover(bars, from);
  const window = new Float64Array(TURNOVER_BARS * BAR_FIELDS);
  window.set(tail.subarray(tail.length + from));
  window.set(bars.subarray(0, at + BAR_FIELDS), -from);
  return medianTurnover(window, 0);
}

/** A copy of the last bars that a window of `TURNOVER_BARS` may reach back to. */
function lastBars(tail: Float64Array, bars: Float64Array): Float64Array {
  const length = (TURNOVER_BARS - 1) * BAR_FIELDS;
  if (bars.length >= length) return bars.slice(bars.length - length);
  const joined = new Float64Array(tail.length + bars.length);
  joined.set(tail);
  joined.set(bars, tail.length);
  return joined.slice(-length);
}

/** Columns that grow. */
class CandidateList {
  readonly #bar: number[] = [];
  readonly #openMs: number[] = [];
  readonly #code: number[] = [];
  readonly #score: number[] = [];
  readonly #invalidationPrice: number[] = [];
  readonly #atr: number[] = [];
  readonly #turnover: number[] = [];
  readonly #scores = new Float64Array(BATCH_ROWS);

  add(found: {
    readonly bar: number;
    readonly openMs: number;
    readonly code: number;
    readonly invalidationPrice: number;
    readonly atr: number;
    readonly turnover: number;
  }): void {
    this.#bar.push(found.bar);
    this.#openMs.push(found.openMs);
    this.#code.push(found.code);
    this.#invalidationPrice.push(found.invalidationPrice);
    this.#atr.push(found.atr);
    this.#turnover.push(found.turnover);
  }

  /** Scores the last `count` candidates, whose rows these are. */
  score(scorer: Scorer, rows: Float32Array, count: number): void {
    if (count === 0) return;
    scorer.score(rows, count, this.#scores);
    for (let row = 0; row < count; row++) this.#score.push(this.#scores[row] as number);
  }

  columns(): CandidateColumns {
    return {
      count: this.#bar.length,
      bar: Int32Array.from(this.#bar),
      openMs: Float64Array.from(this.#openMs),
      code: Int8Array.from(this.#code),
      score: Float64Array.from(this.#score),
      invalidationPrice: Float64Array.from(this.#invalidationPrice),
      atr: Float64Array.from(this.#atr),
      medianTurnover: Float64Array.from(this.#turnover),
    };
  }
}
