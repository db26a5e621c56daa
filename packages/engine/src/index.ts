export * from "./engine.ts";
export * from "./events.ts";
export type { TradingOptions } from "./trading/holdings.ts";
export * from "./journal.ts";
export * from "./trading/protocol.ts";
export type { RiskMetrics, Usage } from "./trading/risk-metrics.ts";
export * from "./signal.ts";
export type { TradingCore } from "./trading/trading-core.ts";
export * from "./trading/trading-events.ts";
