import { Coordinator } from "@smcq/cluster";
import type { Universe } from "@smcq/exchange";
import { type Logger, workerUrl } from "@smcq/kernel";
import type { LedgerClient } from "@smcq/ledger";
import type { EnginePayload } from "../process/engine-payload.ts";
import type { FeedData } from "./binance-shard-feed.ts";
import type { SignalCounter } from "./signal-tally.ts";
import { threadCount } from "./thread-count.ts";
import { watchedSymbols } from "./universe-follower.ts";
import type { ScanModels } from "./models/scan-models.ts";
import type { VenueConnection } from "./venue-connection.ts";

/** A signal of a bar that closed longer ago is recorded and never decided on, venue ms. */
const SIGNAL_AGE_MS_MAX = 60_000;

export interface CoordinatorParts {
  readonly universe: Universe;
  readonly venue: VenueConnection;
  readonly ledger: LedgerClient;
  readonly signals: SignalCounter;
  readonly logger: Logger;
  readonly models: ScanModels;
}

/** Builds the cluster that the configuration describes; nothing is started yet. */
export function createCoordinator(payload: EnginePayload, parts: CoordinatorParts): Coordinator {
  const { config } = payload;
  const { venue, ledger, signals, logger, models } = parts;
  const shards = threadCount(config.shards);
  const feedData: FeedData = {
    feed: config.feed,
    seed: config.seed,
    shards,
    historyBars: config.warmup.historyBars,
  };
  return new Coordinator({
    symbols: watchedSymbols(parts.universe, config.universe),
    shards,
    compute: config.compute,
    scanThreads: threadCount(config.scanThreads),
    clock: payload.clock,
    modelId: (epoch) => models.modelId(epoch),
    models: models.epochs,
    engine: {
      scoreMin: config.scan.scoreMin,
      decisionWindowNs: config.scan.decisionWindowMs * 1e6,
      signalAgeMsMax: SIGNAL_AGE_MS_MAX,
    },
    scan: { isEveryBarScored: false },
    barsReadyMin: config.warmup.barsReadyMin,
    m5Bars: config.warmup.m5Bars,
    shardWorker: {
      url: workerUrl(import.meta.url, "../workers/shard.worker"),
      data: { ...feedData, models: models.shared },
    },
    scanWorker: {
      url: workerUrl(import.meta.url, "../workers/scan.worker"),
      data: { models: models.shared },
    },
    history: venue.history,
    logger,
    listeners: {
      onSignals: (batch) => {
        signals.add(batch);
        models.onSignals(batch);
        // After emission, never before: the ledger's own thread writes when the signal is out.
        ledger.append(batch);
      },
      onInvalidScore: (epoch) => models.onInvalidScore(epoch),
      onDecision: (batch) => logger.debug({ symbols: batch.map((signal) => signal.symbol) }, "decision"),
    },
  });
}
