import { assert, FEATURE_COUNT } from "@smcq/kernel";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { FeatureColumn } from "./feature-column.ts";
import { richColumns } from "./rich/rich-columns.ts";
import { M1_SCALP, tradePlanDocument, type TradePlanParameters } from "./trade-plan-parameters.ts";

/** A row's columns under a name. */
export interface FeatureSet {
  readonly name: "v1" | "v2";
  /** Rises when a feature's meaning changes although its column does not. */
  readonly version: number;
  readonly columns: readonly FeatureColumn[];
}

/** The first bar (counted from a reset) whose features exist: 20 volumes in ATR before it. */
export const FIRST_FEATURE_BAR = 35;

/** Positions of the features in a row. */
export const Feature = {
  MarketStructure: 0,
  OrderBlocksCount: 1,
  InstitutionalCandle: 2,
  LiquidityGrab: 3,
  FvgSizeAtr: 4,
  FvgProximity: 5,
  ObProximity: 6,
  AtrNormalizedVolume: 7,
  Rsi14: 8,
  MomentumAtr: 9,
  TimeToNextLevel: 10,
  ConfidenceEnsemble: 11,
} as const;
export type Feature = (typeof Feature)[keyof typeof Feature];

function column(order: number, name: string, min: number, max: number, neutral: number): FeatureColumn {
  return Object.freeze({ name, order, dtype: "float32", min, max, neutral });
}

/** The 12 features in their order (docs/smc.md section 8). */
export const FEATURES: readonly FeatureColumn[] = Object.freeze([
  column(Feature.MarketStructure, "market_structure", -1, 1, 0),
  column(Feature.OrderBlocksCount, "order_blocks_count", 0, 1, 0),
  column(Feature.InstitutionalCandle, "institutional_candle", -1, 1, 0),
  column(Feature.LiquidityGrab, "liquidity_grab", -1, 1, 0),
  column(Feature.FvgSizeAtr, "fvg_size_atr", 0, 1, 0),
  column(Feature.FvgProximity, "fvg_proximity", -1, 1, 0),
  column(Feature.ObProximity, "ob_proximity", 0, 1, 1),
  column(Feature.AtrNormalizedVolume, "atr_normalized_volume", 0, 1, 0),
  column(Feature.Rsi14, "rsi_14", 0, 1, 0.5),
  column(Feature.MomentumAtr, "momentum_atr", -1, 1, 0),
  column(Feature.TimeToNextLevel, "time_to_next_level", 0, 1, 1),
  column(Feature.ConfidenceEnsemble, "confidence_ensemble", 0, 1, 0.5),
]);
assert(
  FEATURES.length === FEATURE_COUNT,
  "Invariant: the table has as many features as everyone else counts",
);

/** The set of a model that nothing else is said of. */
export const FEATURES_V1: FeatureSet = Object.freeze({ name: "v1", version: 1, columns: FEATURES });
/** The 12 features and the rich ones behind them (docs/features-v2.md). */
export const FEATURES_V2: FeatureSet = Object.freeze({
  name: "v2",
  // 3: the market is that of the minute before.
  version: 3,
  columns: Object.freeze([...FEATURES, ...richColumns(FEATURE_COUNT)]),
});
export const FEATURE_SETS: readonly FeatureSet[] = Object.freeze([FEATURES_V1, FEATURES_V2]);

/** The set whose columns these are, in their order; null: none. */
export function featureSetOf(names: readonly string[]): FeatureSet | null {
  const isThis = ({ columns }: FeatureSet): boolean =>
    columns.length === names.length && columns.every(({ name }, index) => name === names[index]);
  return FEATURE_SETS.find(isThis) ?? null;
}

/**
 * Everything that decides what a feature row means, as canonical JSON (keys sorted, no spaces). Its sha256 is the
 * schema hash that a model must carry (docs/decisions.md 20); the caller hashes, this package imports no node module.
 */
export function featureSchemaJson(
  plan: TradePlanParameters = M1_SCALP,
  { version, columns }: FeatureSet = FEATURES_V1,
): string {
  return canonicalJson({
    featureVersion: version,
    features: columns,
    smcParameters: SMC_PARAMETERS,
    tradePlanParameters: tradePlanDocument(plan),
  });
}

/** JSON with sorted keys and no spaces: equal data gives equal text. Takes plain data only. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
}
