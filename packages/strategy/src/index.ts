export { planTrade, resultR, stagnationBand, stepPlan, TRADE_PLAN } from "./trade-plan.ts";
export type { ExitReason, PlanCandidate, PlanExit, StopTooWide, TradePlan } from "./trade-plan.ts";
