/** What a shard's thread needs, without REST and its libraries: eight threads load it, each with a heap of its own. */
export { BinanceFeed } from "./market/binance-feed.ts";
export type { BinanceFeedOptions, FeedStatus } from "./market/binance-feed.ts";
export { LocalConnectBudget } from "./market/stream/connect-budget.ts";
export type { ConnectBudget } from "./market/stream/connect-budget.ts";
