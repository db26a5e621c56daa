export { planTrade, resultR, stepPlan } from "./trade-plan.ts";
export type { ExitReason, PlanCandidate, PlanExit, StopTooWide, TradePlan } from "./trade-plan.ts";
