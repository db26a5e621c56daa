import {
  ClusterMemory,
  CommandRouter,
  Coordinator,
  EngineLoop,
  EVENT_LOOP_DEFERRAL,
  Inbox,
  RecentRingBars,
} from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import { Engine, NO_JOURNAL } from "@smcq/engine";
import { entryPlanOf } from "@smcq/features";
import { type Clock, type Logger, type MeasuredOffset, workerUrl } from "@smcq/kernel";
import type { Ports, VenueConnection } from "../modes/ports.ts";
import type { Scoring } from "./models/load-models.ts";
import { HEURISTIC_MODELS, LivingModels, type RunModels } from "./models/run-models.ts";
import type { RunLedger } from "./run-ledger.ts";
import { SignalCounter } from "./signal-tally.ts";
import { threadCount } from "../modes/thread-count.ts";

/** A signal of a bar that closed longer ago is recorded and never decided on, venue ms. */
const SIGNAL_AGE_MS_MAX = 60_000;

export interface EngineParts {
  readonly config: EngineConfig;
  readonly ports: Ports;
  /** What is watched, in the venue's order. */
  readonly symbols: readonly string[];
  /** Ticks of what the venue lists, by symbol, price units. */
  readonly tickSizes: ReadonlyMap<string, number>;
  readonly venue: Pick<VenueConnection, "history">;
  readonly run: Pick<RunLedger, "client" | "noteModel" | "sizeFactorBefore">;
  readonly scoring: Scoring;
  readonly offset: MeasuredOffset;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** The engine of a run, built and not started. */
export interface RunEngine {
  readonly core: Engine;
  readonly inbox: Inbox;
  readonly loop: EngineLoop;
  readonly models: RunModels;
  readonly signals: SignalCounter;
  readonly coordinator: Coordinator;
}

/**
 * Builds the engine that the configuration describes, each part on those before it: memory, inbox, models, loop,
 * threads. Nothing is started yet.
 */
export function createEngine(parts: EngineParts): RunEngine {
  const { config, ports, run, offset, venueClock, wallClock, logger } = parts;
  const memory = new ClusterMemory({ symbols: parts.symbols, shards: threadCount(config.shards) });
  offset.follow((offsetMs) => memory.setClockOffsetMs(offsetMs));
  const inbox = new Inbox();
  const models = createModels(parts, memory, inbox);
  memory.setModels(models.epochs);
  const signals = new SignalCounter(config.scan.scoreMin);
  const core = new Engine({
    scoreMin: config.scan.scoreMin,
    decisionWindowNs: config.scan.decisionWindowMs * 1e6,
    signalAgeMsMax: SIGNAL_AGE_MS_MAX,
  });
  const router = new CommandRouter(
    {
      onSignals: (batch) => {
        signals.add(batch);
        models.onSignals(batch);
        // After emission, never before: the ledger's own thread writes when the signal is out.
        run.client.append(batch);
      },
      onInvalidScores: (epoch, rows) => models.onInvalidScores(epoch, rows),
      onDecision: ({ batch }) => logger.debug({ symbols: batch.map((signal) => signal.symbol) }, "decision"),
    },
    { inbox, wallClock },
  );
  const loop = new EngineLoop({
    engine: core,
    inbox,
    journal: NO_JOURNAL,
    router,
    venueClock,
    wallClock,
    deferral: EVENT_LOOP_DEFERRAL,
  });
  const shared = parts.scoring.models?.shared ?? null;
  const coordinator = new Coordinator({
    memory,
    inbox,
    compute: config.compute,
    scanThreads: threadCount(config.scanThreads),
    clockSpec: ports.clockSpec,
    venueClock,
    wallClock,
    modelId: (epoch) => models.modelId(epoch),
    scan: { isEveryBarScored: false },
    barsReadyMin: config.warmup.barsReadyMin,
    m5Bars: config.warmup.m5Bars,
    shardWorker: {
      url: workerUrl(import.meta.url, "../workers/shard.worker"),
      data: { ...ports.feed, models: shared },
    },
    scanWorker: {
      url: workerUrl(import.meta.url, "../workers/scan.worker"),
      data: { models: shared },
    },
    history: parts.venue.history,
    logger,
  });
  return { core, inbox, loop, models, signals, coordinator };
}

function createModels(parts: EngineParts, memory: ClusterMemory, inbox: Inbox): RunModels {
  const { config, run, scoring, venueClock, wallClock, logger } = parts;
  if (scoring.models === null) return HEURISTIC_MODELS;
  return new LivingModels(scoring.models, {
    memory,
    recentBars: new RecentRingBars(memory),
    entries: {
      entry: entryPlanOf(config.strategy.entry),
      tickSizeOf: (symbol) => parts.tickSizes.get(symbol) ?? null,
    },
    inbox,
    sizeFactorBefore: (modelId) => run.sizeFactorBefore(modelId),
    keep: (event) => run.noteModel(event),
    shadowBars: config.scan.shadowBars,
    pollMs: config.scan.modelPollMs,
    venueClock,
    wallClock,
    logger,
  });
}
