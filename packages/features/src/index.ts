export {
  canonicalJson,
  Feature,
  FEATURE_VERSION,
  FEATURES,
  featureSchemaJson,
  FIRST_FEATURE_BAR,
} from "./feature-table.ts";
export type { FeatureColumn } from "./feature-table.ts";
export {
  labelPlan,
  M1_SCALP,
  MARKET_ENTRY,
  TIMEFRAME_MINUTES,
  tradePlanDocument,
  withEntry,
  withTickBound,
} from "./trade-plan-parameters.ts";
export type {
  EntryPlan,
  EntrySettings,
  LimitEntry,
  MarketEntry,
  Timeframe,
  TradePlanDocument,
  TradePlanParameters,
} from "./trade-plan-parameters.ts";
export { medianTurnover, TURNOVER_BARS } from "./median-turnover.ts";
export { HEURISTIC_ID, HeuristicScorer, heuristicTwentieths } from "./heuristic.ts";
export { singleScorer } from "./scorer.ts";
export type { Scorer, ScorerRegistry } from "./scorer.ts";
export { FeatureVector } from "./feature-vector.ts";
export { CandidateScanner } from "./candidate-scanner.ts";
export type { CandidateCode, CandidateScannerOptions } from "./candidate-scanner.ts";
export { planInMinutes, TimeframeScanner } from "./timeframe-scanner.ts";
export { recompute } from "./stateless.ts";
export type { StatelessBar } from "./stateless.ts";
