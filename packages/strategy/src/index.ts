export { M1_SCALP, MARKET_ENTRY } from "@smcq/features";
export type { EntryPlan, LimitEntry, TradePlanParameters } from "@smcq/features";
export { isTradedThrough, limitTicks } from "./limit-entry.ts";
export { isTickTooCoarse, planTrade, resultR, stagnationBand, stepEntryBar, stepPlan } from "./trade-plan.ts";
export type {
  ExitReason,
  HeldPosition,
  PlanBar,
  PlanCandidate,
  PlanExit,
  StopTooWide,
  TradePlan,
} from "./trade-plan.ts";
