import { assert, FEATURE_COUNT } from "@smcq/kernel";
import type { CandidateCode, CandidateScanner } from "./candidate-scanner.ts";
import type { FeatureSet } from "./feature-table.ts";
import type { MarketTable } from "./rich/market-table.ts";
import { RichFeatures } from "./rich/rich-features.ts";
import { TimeframeScanner } from "./timeframe-scanner.ts";
import type { Timeframe } from "./trade-plan-parameters.ts";

export interface CandidateRowsOptions {
  readonly set: FeatureSet;
  readonly timeframe: Timeframe;
  readonly symbol: string;
  /** The closes of all symbols, for v2; null: the set looks at no other symbol. */
  readonly market: MarketTable | null;
}

/** M1 bars of one symbol in, the candidates of a plan's timeframe out, each with its row of a feature set. */
export class CandidateRows {
  /** Numbers of a row. */
  readonly width: number;
  readonly #frames: TimeframeScanner;
  readonly #rich: RichFeatures | null;

  constructor({ set, timeframe, symbol, market }: CandidateRowsOptions) {
    assert(
      (set.name === "v2") === (market !== null),
      "Invariant: feature set v2 looks at a market, v1 at none",
    );
    this.width = set.columns.length;
    this.#frames = new TimeframeScanner(timeframe);
    this.#rich = market === null ? null : new RichFeatures(market, symbol);
  }

  /** Takes the next M1 bar; 0 for every one that raises no candidate. */
  push(
    openMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): CandidateCode {
    this.#rich?.push(openMs, open, high, low, close, volume);
    return this.#frames.push(openMs, open, high, low, close, volume);
  }

  /** Writes the row of the current bar's candidate, in its side's view, at `offset`. */
  write(out: Float32Array, offset: number, side: 1 | -1): void {
    this.scanner.features(out, offset, side);
    this.#rich?.write(out, offset + FEATURE_COUNT, side);
  }

  get scanner(): CandidateScanner {
    return this.#frames.scanner;
  }
}
