import {
  CandidateRows,
  type MarketTable,
  medianTurnover,
  type Scorer,
  type Timeframe,
  TURNOVER_BARS,
} from "@smcq/features";
import { BAR_FIELDS } from "@smcq/kernel";

/** Candidates that are scored together. */
const BATCH_ROWS = 4_096;

/** A symbol's bars and what was found in them, in columns. */
export interface ScannedSeries {
  readonly symbol: string;
  /** `BAR_FIELDS` numbers a bar, ascending. */
  readonly bars: Float64Array;
  readonly barCount: number;
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
export function scanSeries(
  symbol: string,
  bars: Float64Array,
  { scorer, timeframe, market: table }: SeriesScorer,
): ScannedSeries {
  const barCount = bars.length / BAR_FIELDS;
  const found = new CandidateList();
  const frames = new CandidateRows({ timeframe, market: table === null ? null : { table, symbol } });
  const { scanner, width } = frames;
  const rows = new Float32Array(BATCH_ROWS * width);
  let waiting = 0;
  for (let bar = 0; bar < barCount; bar++) {
    const at = bar * BAR_FIELDS;
    const openMs = bars[at] as number;
    const code = frames.push(
      openMs,
      bars[at + 1] as number,
      bars[at + 2] as number,
      bars[at + 3] as number,
      bars[at + 4] as number,
      bars[at + 5] as number,
    );
    if (code === 0) continue;
    frames.write(rows, waiting * width, code < 0 ? -1 : 1);
    const turnover = medianTurnover(bars, (bar + 1 - TURNOVER_BARS) * BAR_FIELDS);
    found.add({
      bar,
      openMs,
      code,
      invalidationPrice: scanner.invalidationPrice(code),
      atr: scanner.atr,
      turnover,
    });
    if (++waiting < BATCH_ROWS) continue;
    found.score(scorer, rows, waiting);
    waiting = 0;
  }
  found.score(scorer, rows, waiting);
  return { symbol, bars, barCount, candidates: found.columns() };
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
