export { exposureOf, heatOf } from "./exposure.ts";
export type { OpenRisk, PendingRisk } from "./exposure.ts";
export { Governors, Pace } from "./governors.ts";
export type { Flatten, GovernorState } from "./governors.ts";
export { approveClosing } from "./orders.ts";
export { requireBounded, requireWithin, RISK_BOUNDS } from "./parameters.ts";
export type { RiskParameters } from "./parameters.ts";
export { byScoreThenCost, priceIntent, REFUSAL_CODES, refuseUnpriced, review } from "./review.ts";
export type {
  EntryIntent,
  EntryOrder,
  Obstacles,
  PricedIntent,
  PricedReceipt,
  Ranked,
  Receipt,
  RefusalCode,
  ReviewGround,
  ReviewInput,
  Unknown,
  Verdict,
} from "./review.ts";
export { sizeOf, unitRisk } from "./sizing.ts";
export type { BoundBy, Cap, Exposure, Size, SizeInput, UnitRisk } from "./sizing.ts";
export { BASE_RATE_ROWS, winLowerBound, winProbabilityOf } from "./win-probability.ts";
export type { WinBin, WinCounts, WinProbability } from "./win-probability.ts";
export { SLIPPAGE_ORDERS_MIN, SlippageBook } from "./slippage.ts";
