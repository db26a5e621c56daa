/** Enters at once, at what the book offers. */
export interface MarketEntry {
  readonly kind: "market";
}

/** Rests, and only rests, in the book until it is traded through or `expiryBars` bars have closed (docs/trading.md 5). */
export interface LimitEntry {
  readonly kind: "limit";
  /** How far from the own side's best quote, ATR. */
  readonly offsetAtr: number;
  readonly expiryBars: number;
  /** Fee of the entry in labels, share of its price: that of an order which rests. */
  readonly feeRatio: number;
}

export type EntryPlan = MarketEntry | LimitEntry;

/** The numbers of the trade plan (docs/smc.md section 11); part of what a model's labels mean. */
export interface TradePlanParameters {
  /** 1: entries at the market. 2: `entry` says how. */
  readonly version: number;
  readonly entry?: LimitEntry;
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

/** The parameters with entries at the market. */
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

export const MARKET_ENTRY: MarketEntry = Object.freeze({ kind: "market" });

const LIMIT_FEE_RATIO = 0.0002;

/** What the settings say of entries; offset and expiry count for kind `limit` alone. */
export interface EntrySettings {
  readonly kind: EntryPlan["kind"];
  readonly offsetAtr: number;
  readonly expiryBars: number;
}

export function entryPlanOf({ kind, offsetAtr, expiryBars }: EntrySettings): EntryPlan {
  return kind === "market"
    ? MARKET_ENTRY
    : Object.freeze({ kind, offsetAtr, expiryBars, feeRatio: LIMIT_FEE_RATIO });
}

/** The parameters with entries of this kind; those at the market are as they were before there was another kind. */
export function tradePlanParameters(entry: EntryPlan): TradePlanParameters {
  if (entry.kind === "market") return TRADE_PLAN_PARAMETERS;
  return Object.freeze({ ...TRADE_PLAN_PARAMETERS, version: 2, entry });
}
