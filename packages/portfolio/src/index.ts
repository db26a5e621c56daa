export { Portfolio, TRADES_REMEMBERED_MAX } from "./portfolio.ts";
export type { PortfolioTotals } from "./portfolio.ts";
export { applyFill, unrealisedE8 } from "./position.ts";
export type { Position, PositionChange } from "./position.ts";
