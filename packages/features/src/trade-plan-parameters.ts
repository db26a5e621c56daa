/** The numbers of the trade plan (docs/smc.md section 11); part of what a model's labels mean. */
export interface TradePlanParameters {
  readonly version: number;
  readonly stopPadAtr: number;
  readonly stopDistanceAtrMin: number;
  /** Largest stop distance as a share of the entry price. */
  readonly stopDistanceRatioMax: number;
  /** Target distance in stop distances (R). */
  readonly targetRiskRatio: number;
  readonly holdBarsMax: number;
  readonly stagnationBars: number;
  /** A result net of costs within this share of the entry price is stagnation. */
  readonly stagnationRatio: number;
  /** Costs of entry and exit may be at most this share of the stop distance. */
  readonly costGateRatio: number;
  readonly feeRatioPerSide: number;
  readonly slippageRatioPerSide: number;
}

/** The one set of parameters in use. */
export const TRADE_PLAN_PARAMETERS: TradePlanParameters = Object.freeze({
  version: 1,
  stopPadAtr: 0.25,
  stopDistanceAtrMin: 1,
  stopDistanceRatioMax: 0.015,
  targetRiskRatio: 1.5,
  holdBarsMax: 120,
  stagnationBars: 30,
  stagnationRatio: 0.001,
  costGateRatio: 0.35,
  feeRatioPerSide: 0.0005,
  slippageRatioPerSide: 0.0002,
});
