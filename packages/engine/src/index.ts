export * from "./engine.ts";
export * from "./events.ts";
export type { TradingOptions } from "./holdings.ts";
export * from "./journal.ts";
export * from "./protocol.ts";
export type { RiskMetrics, Usage } from "./risk-metrics.ts";
export * from "./signal.ts";
export type { TradingCore } from "./trading-core.ts";
export * from "./trading-events.ts";
