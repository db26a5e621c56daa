/** What is held against each other, in the order of the way from a bar to a fill. */
export const AUDIT_CLASSES = ["bars", "candidates", "features", "scores", "decisions", "fills"] as const;
export type AuditClass = (typeof AUDIT_CLASSES)[number];

/** Parity below it is an alert. */
export const PARITY_MIN = 0.995;

/** A parity in per cent, cut and not rounded: 100 % is said of nothing less. */
export function parityText(parity: number): string {
  return `${(Math.floor(parity * 10_000) / 100).toFixed(2)} %`;
}

/** Kinds of differences. */
export type DifferenceKind =
  | "bar-close"
  | "bar-missing"
  | "candidate-missed"
  | "candidate-unfounded"
  | "candidate-setup"
  | "plan-basis"
  | "features"
  | "score"
  | "decision-input"
  | "decision-outcome"
  | "fill-slipped"
  | "fill-missed";

/** One difference: what the engine had, and what the bars say. */
export interface AuditDifference {
  readonly kind: DifferenceKind;
  readonly symbol: string;
  /** Open of the bar, or the moment of the decision, venue ms. */
  readonly timeMs: number;
  readonly live: string;
  readonly fresh: string;
}

/** A class with its counts. */
export interface ClassResult {
  readonly name: AuditClass;
  readonly compared: number;
  readonly equal: number;
  /** Share of what was compared that is equal; null: nothing was. */
  readonly parity: number | null;
}

/** What cannot be held against anything, by reason. */
export interface NotCompared {
  /** Setups of minutes in which no engine ran, or in which one had just started and was still warming up. */
  readonly notRunning: number;
  /** Symbols that were traded and of which there are no bars. */
  readonly noBars: readonly string[];
  /** Scores of a scorer that is not at hand. */
  readonly otherScorer: number;
  /** Scores of feature set v2 of a run that does not say what its market was, or of whose market some symbol has no bars. */
  readonly noMarket: number;
  /** Scores of feature set v2 that are the engine's when one symbol's bar of the minute before is left out: it came late. */
  readonly lateSymbols: number;
}

/** How fills came out against what costs assume. */
export interface FillFigures {
  readonly trades: number;
  /** Approved entries that came to nothing; what is still held is no trade yet. */
  readonly missed: number;
  /** Mean and worst slippage of entries and of stops, share of the price; null: none was told. */
  readonly entrySlippage: Spread | null;
  readonly stopSlippage: Spread | null;
  /** From the close of the signal's bar to the entry's fill, ms. */
  readonly delayMs: Spread | null;
  /** The slippage that costs assume, share of the price. */
  readonly assumedRatio: number;
}

export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly worst: number;
}

/** What an audit says of a stretch of time. */
export interface AuditReport {
  readonly version: 1;
  readonly runId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly scorerId: string;
  readonly symbols: number;
  readonly classes: readonly ClassResult[];
  /** The lowest of the classes but fills: what the engine did is what the bars say. Null: nothing was compared. */
  readonly parity: number | null;
  readonly fills: FillFigures;
  readonly notCompared: NotCompared;
  /** By kind; the list below holds the first of them. */
  readonly counts: Readonly<Partial<Record<DifferenceKind, number>>>;
  readonly differences: readonly AuditDifference[];
}
