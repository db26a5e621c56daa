import type { Bin } from "../../charts/reliability.ts";

export interface Range {
  readonly fromUtc: string;
  readonly toUtc: string;
}

interface Expectancy {
  readonly mean: number | null;
  readonly lower95: number | null;
  readonly upper95: number | null;
  readonly rowsAbove060: number;
}

/** Figures of some rows that the model had not seen. */
export interface Figures {
  readonly n: number;
  readonly baseRate: number;
  readonly auc: number;
  readonly brier: number;
  readonly brierOfBaseRate: number;
  readonly logloss: number;
  readonly ece: number;
  readonly expectancyR: Expectancy;
  readonly expectancyDoubledSlippageR: Expectancy;
}

export interface Card {
  readonly kind: string;
  readonly onnxSha256: string;
  readonly isSigned: boolean;
  readonly hasTrainingBins: boolean;
  readonly inputFiles: number;
  readonly trainer: { readonly name: string; readonly version: string; readonly seed: number } | null;
  readonly metadata: {
    readonly modelId: string;
    readonly createdUtc: string;
    readonly expiresUtc: string;
    readonly status: string;
    readonly featureNames: readonly string[];
    readonly trainRange: Range | null;
    readonly validRange: Range | null;
    readonly symbols: number | null;
    readonly nEvents: number | null;
    readonly baseRate: number | null;
    readonly calibration: {
      readonly type: string;
      readonly a: number;
      readonly b: number;
      readonly n: number;
    };
    readonly thresholds: readonly {
      readonly above: number;
      readonly count: number;
      readonly wins: number;
      readonly winRatioLower95: number;
    }[];
    readonly metrics: (Figures & { readonly source: string; readonly reliability: readonly Bin[] }) | null;
    readonly holdOut: (Figures & { readonly range: Range }) | null;
    readonly nullTests: {
      readonly randomWalkAuc: number;
      readonly permutedAuc: number;
      readonly passed: boolean;
    } | null;
    readonly trials: number | null;
    readonly trees: number;
    readonly maxLeaves: number;
    readonly gitCommit: string | null;
    readonly isDirty: boolean | null;
  };
}

export interface Health {
  readonly rows: number;
  readonly psi: readonly number[] | null;
  readonly scorePsi: number | null;
  readonly nanRatio: number;
  readonly invalid: number;
  readonly brier: number | null;
  readonly brierReference: number | null;
  readonly outcomes: number;
  readonly level: string;
  readonly reasons: readonly string[];
}

/** `smcq scorer --json`. */
export interface ModelAnswer {
  readonly nowMs: number;
  readonly scorer: string;
  readonly status: string;
  readonly sizeFactor: number;
  readonly isExpired: boolean;
  readonly current: Card | null;
  readonly challenger: Card | null;
  readonly newcomer: Card | null;
  readonly shadowBarsLeft: number;
  readonly health: Health | null;
  readonly judgedRowsMin: number;
  readonly featureNames: readonly string[];
  readonly outcomes: readonly Bin[];
}
