import { MarketData } from "@smcq/exchange-sim";
import { CandidateScanner } from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT } from "@smcq/kernel";
import type { CloseRows } from "./messages.ts";
import { PlainScorer } from "./pipeline-model.ts";
import { START_MINUTE } from "./venue-child.ts";

/** Bars of history that the engine asks for. */
const HISTORY_BARS = 499;

/** What one close must have raised, compared with what it raised. */
export interface CloseTruth {
  readonly lost: number;
  readonly doubled: number;
  /** Signals whose side, score or any feature differs in one bit. */
  readonly different: number;
}

/** The reference of docs/performance.md G9: the same bars scored here, one thread, from the market's data. */
export class Reference {
  readonly #market: MarketData;
  readonly #scanner: CandidateScanner;
  readonly #scorer = new PlainScorer();
  readonly #indexOf = new Map<string, number>();
  readonly #features: Float32Array;
  readonly #scores: Float64Array;
  readonly #sides: Int8Array;

  constructor(symbols: number) {
    this.#market = new MarketData({ symbols });
    const count = this.#market.symbols.length;
    this.#features = new Float32Array(count * FEATURE_COUNT);
    this.#scores = new Float64Array(count);
    this.#sides = new Int8Array(count);
    this.#scanner = new CandidateScanner({
      m1Buffer: new ArrayBuffer(count * CandidateScanner.M1_BYTES),
      carryBuffer: new ArrayBuffer(count * CandidateScanner.CARRY_BYTES),
    });
    for (const symbol of this.#market.symbols) {
      this.#indexOf.set(symbol.symbol, symbol.index);
      this.#attach(symbol.index);
      this.#scanner.resetAll();
      this.#push(symbol.index, START_MINUTE - HISTORY_BARS, START_MINUTE - 1);
    }
  }

  openTimeMs(minute: number): number {
    return this.#market.openTimeMs(minute);
  }

  #attach(index: number): void {
    this.#scanner.attach(index * CandidateScanner.M1_BYTES, index * CandidateScanner.CARRY_BYTES);
  }

  /** Pushes bars and returns the last one's candidate code. */
  #push(index: number, fromMinute: number, toMinute: number): number {
    const bars = this.#market.flatBars(this.#market.at(index), fromMinute, toMinute);
    let code = 0;
    for (let at = 0; at < bars.length; at += BAR_FIELDS)
      code = this.#scanner.push(
        bars[at] as number,
        bars[at + 1] as number,
        bars[at + 2] as number,
        bars[at + 3] as number,
        bars[at + 4] as number,
        bars[at + 5] as number,
      );
    return code;
  }

  /** Scores the given minute of every symbol; minutes come in order. */
  step(minute: number): void {
    for (const { index } of this.#market.symbols) {
      this.#attach(index);
      const side = this.#push(index, minute, minute) < 0 ? -1 : 1;
      this.#sides[index] = side;
      this.#scanner.features(this.#features, index * FEATURE_COUNT, side);
    }
    this.#scorer.score(this.#features, this.#market.symbols.length, this.#scores);
  }

  /** Compares signals of the minute of the last step, `expected` of them, bit by bit. */
  compare(rows: CloseRows, expected: number): CloseTruth {
    const seen = new Set<string>();
    let doubled = 0;
    let different = 0;
    rows.symbols.forEach((symbol, row) => {
      if (seen.has(symbol)) doubled++;
      seen.add(symbol);
      const index = this.#indexOf.get(symbol) ?? -1;
      let isEqual =
        Object.is(rows.scores[row], this.#scores[index]) && rows.sides[row] === this.#sides[index];
      for (let column = 0; column < FEATURE_COUNT; column++)
        isEqual &&= Object.is(
          rows.features[row * FEATURE_COUNT + column],
          this.#features[index * FEATURE_COUNT + column],
        );
      if (!isEqual) different++;
    });
    return { lost: expected - seen.size, doubled: doubled + rows.strays, different };
  }
}
