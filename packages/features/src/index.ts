export {
  canonicalJson,
  Feature,
  FEATURE_SETS,
  FEATURES,
  FEATURES_V1,
  FEATURES_V2,
  featureSchemaJson,
  featureSetOf,
  FIRST_FEATURE_BAR,
} from "./feature-table.ts";
export type { FeatureColumn } from "./feature-column.ts";
export type { FeatureSet } from "./feature-table.ts";
export {
  labelPlan,
  M1_SCALP,
  MARKET_ENTRY,
  TIMEFRAME_MINUTES,
  timeframeOf,
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
export type { TimeframeScannerOptions } from "./timeframe-scanner.ts";
export { FRAMES_KEPT, LiveFrames } from "./live-frames.ts";
export { LiveRich, RICH_PARTS } from "./rich/live-rich.ts";
export type { RichPart } from "./rich/live-rich.ts";
export { MARKET_HORIZONS, MARKET_LEADER } from "./rich/market-table.ts";
export { recompute } from "./stateless.ts";
export type { StatelessBar } from "./stateless.ts";
export { CandidateRows } from "./candidate-rows.ts";
export type { CandidateRowsOptions, MarketPlace } from "./candidate-rows.ts";
export { RichFeatures } from "./rich/rich-features.ts";
export { recomputeRich } from "./rich/rich-stateless.ts";
export type { MarketBars } from "./rich/rich-stateless.ts";
export { MARKET_CELLS_MAX, MarketTable } from "./rich/market-table.ts";
export type { MarketTableData } from "./rich/market-table.ts";
