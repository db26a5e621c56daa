export { MARKET_ENTRY } from "@smcq/features";
export type { EntryPlan, LimitEntry } from "@smcq/features";
export { isTradedThrough, limitTicks } from "./limit-entry.ts";
export { planTrade, resultR, stagnationBand, stepEntryBar, stepPlan, TRADE_PLAN } from "./trade-plan.ts";
export type { ExitReason, PlanBar, PlanCandidate, PlanExit, StopTooWide, TradePlan } from "./trade-plan.ts";
