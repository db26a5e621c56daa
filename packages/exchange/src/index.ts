export * from "./market.ts";
export * from "./trading/account.ts";
export { isApproved, type RiskApproved } from "./trading/approved.ts";
export * from "./trading/gateway.ts";
export * from "./trading/orders.ts";
export * from "./trading/trading-rules.ts";
