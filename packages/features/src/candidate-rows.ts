import { FEATURE_COUNT } from "@smcq/kernel";
import type { CandidateCode, CandidateScanner } from "./candidate-scanner.ts";
import { FEATURES_V1, FEATURES_V2, type FeatureSet } from "./feature-table.ts";
import type { MarketTable } from "./rich/market-table.ts";
import { RichFeatures } from "./rich/rich-features.ts";
import { TimeframeScanner } from "./timeframe-scanner.ts";
import type { Timeframe } from "./trade-plan-parameters.ts";

/** A symbol among all others. */
export interface MarketPlace {
  readonly table: MarketTable;
  readonly symbol: string;
}

export interface CandidateRowsOptions {
  readonly timeframe: Timeframe;
  /** What feature set v2 looks at; null: the rows are those of v1. */
  readonly market: MarketPlace | null;
}

/** M1 bars of one symbol in, the candidates of a plan's timeframe out, each with its row of a feature set. */
export class CandidateRows {
  readonly set: FeatureSet;
  readonly #frames: TimeframeScanner;
  readonly #rich: RichFeatures | null;

  constructor({ timeframe, market }: CandidateRowsOptions) {
    this.set = market === null ? FEATURES_V1 : FEATURES_V2;
    this.#frames = new TimeframeScanner(timeframe);
    this.#rich = market === null ? null : new RichFeatures(market.table, market.symbol);
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

  /** Numbers of a row. */
  get width(): number {
    return this.set.columns.length;
  }

  get scanner(): CandidateScanner {
    return this.#frames.scanner;
  }
}
