import type { TradePlanDocument } from "@smcq/features";
import type { Assessment, DayRange, Interval, Overfitting } from "@smcq/research";
import type { PlanCounts } from "./plan-results.ts";

/** A variant: intervals of the mean by days, null with fewer than two; the assessment has slippage twice. */
export interface VariantReport {
  readonly name: string;
  readonly trialSha256: string;
  readonly trades: number;
  readonly grossBps: Interval | null;
  readonly grossR: Interval | null;
  readonly netR: Interval | null;
  readonly netNoTickR: Interval | null;
  readonly assessment: Assessment;
}

/** Choosing the best variant on one side of each fold and trading it on the other, or nothing where all lose. */
export interface ChoiceReport {
  readonly folds: number;
  readonly foldsTraded: number;
  readonly trades: number;
  /** With slippage twice; null when nothing was traded. */
  readonly meanR: number | null;
}

export interface HoldOutReport extends DayRange {
  readonly name: string;
  /** This one counted. */
  readonly openings: number;
  /** False from the second opening on. */
  readonly isHoldOut: boolean;
}

/** What `smcq walkforward` found. */
export interface WalkforwardReport {
  readonly version: 1;
  readonly plan: TradePlanDocument;
  /** A model's id or "heuristic"; null: every candidate is taken. */
  readonly scorer: string | null;
  readonly dataSha256: string;
  readonly symbols: number;
  readonly counts: PlanCounts;
  readonly days: readonly DayRange[];
  /** Of this run, of earlier ones with their days, and of earlier ones by their number alone. */
  readonly tried: { readonly variants: number; readonly known: number; readonly unseen: number };
  readonly holdOut: HoldOutReport | null;
  readonly variants: readonly VariantReport[];
  readonly walkForward: ChoiceReport;
  readonly combinatorial: ChoiceReport;
  /** Null with too few days or a single variant. */
  readonly overfitting: Overfitting | null;
  readonly seed: number;
}
