import type { FeedDeps } from "@smcq/cluster";
import type { FeedConfig } from "@smcq/config";
import { BinanceFeed, LocalConnectBudget } from "@smcq/exchange-binance/feed";
import { Rng } from "@smcq/kernel";

/** Connections that all shards together may open in five minutes (80 % of what the venue documents). */
const CONNECTS_MAX = 240;
const HOUR_MS = 3_600_000;

/** What a shard's thread has to know to build its feed; plain data. */
export interface FeedData {
  readonly feed: FeedConfig;
  readonly seed: number;
  readonly shards: number;
  /** Closed bars of a symbol's first history. */
  readonly historyBars: number;
}

/** The feed of one shard. Each has its share of the connections that one address may open. */
export function createBinanceFeed(deps: FeedDeps, data: FeedData): BinanceFeed {
  const { feed, seed, shards, historyBars } = data;
  return new BinanceFeed({
    bases: { wsBase: feed.wsBaseUrl, restBase: feed.restBaseUrl, allowCustomHost: feed.allowCustomHost },
    slots: deps.slots,
    clock: deps.venueClock,
    wallClock: deps.wallClock,
    rng: new Rng(seed + deps.shardId),
    log: deps.logger,
    sink: deps.sink,
    meter: deps.meter,
    requestBars: deps.requestBars,
    onState: deps.onState,
    connectBudget: new LocalConnectBudget({
      clock: deps.venueClock,
      connectsMax: Math.max(2, Math.floor(CONNECTS_MAX / shards)),
    }),
    symbolsPerConnection: feed.symbolsPerConnection,
    timing: {
      dataSilenceMsMax: feed.dataWatchdogMs,
      rotateAfterMs: feed.rotationHours * HOUR_MS,
      backOffMinMs: feed.backoffMinMs,
      backOffMaxMs: feed.backoffMaxMs,
    },
    timeouts: { connectMs: feed.connectTimeoutMs, payloadBytesMax: feed.maxPayloadBytes },
    sequencer: {
      boundaryGraceMs: feed.boundaryGraceMs,
      retryFirstMs: feed.boundarySecondMs - feed.boundaryGraceMs,
      restFinalMs: feed.restFinalMs,
      historyBars,
    },
  });
}
