/** What a shard's thread needs, without REST and its libraries: eight threads load it, each with a heap of its own. */
export { BinanceFeed } from "./binance-feed.ts";
export type { BinanceFeedOptions, FeedStatus } from "./binance-feed.ts";
export { LocalConnectBudget } from "./connect-budget.ts";
export type { ConnectBudget } from "./connect-budget.ts";
