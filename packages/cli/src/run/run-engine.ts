import type { Coordinator } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import { type Clock, createClock, errorMessage, type Logger, OffsetClock, SystemClock } from "@smcq/kernel";
import { acquireRunLock } from "@smcq/ledger";
import { ExitCode } from "../exit-codes.ts";
import type { EnginePayload } from "../process/engine-payload.ts";
import { MetricsServer } from "../output/metrics-server.ts";
import { createCoordinator } from "./create-coordinator.ts";
import { type EngineModels, modelText, openModels } from "./models/open-models.ts";
import { MinuteLoop } from "./minute-loop.ts";
import { lostSignals, openRunLedger, type RunLedger, type RunSummary } from "./run-ledger.ts";
import { SignalCounter } from "./signal-tally.ts";
import { StartUp } from "./start-up.ts";
import { requireWatched, UniverseFollower } from "./universe-follower.ts";
import { connectVenue, type VenueConnection } from "./venue-connection.ts";

/** Every shard must have heard a kline within this time, wall ms; an acknowledged subscription proves nothing. */
const FIRST_DATA_MS_MAX = 20_000;

export interface RunDeps {
  readonly logger: Logger;
  /** Aborted: drain, close the ledger and return. */
  readonly signal: AbortSignal;
}

/** What a run opened, in the order of opening; closed in the opposite one. */
class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything; the first error is thrown after all were tried. */
  async closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Runs the engine from its first step to its last; returns the exit code. Start order: docs/mission.md B1. */
export async function runEngine(payload: EnginePayload, deps: RunDeps): Promise<number> {
  const closers = new Closers();
  let reason = "end of the run";
  try {
    await start(payload, deps, closers);
    await untilStopped(payload, deps);
    if (deps.signal.aborted) reason = String(deps.signal.reason);
    return ExitCode.Ok;
  } catch (error) {
    reason = deps.signal.aborted ? String(deps.signal.reason) : `failed: ${errorMessage(error)}`;
    // A stop while starting is a stop, not a failure.
    if (deps.signal.aborted) return ExitCode.Ok;
    throw error;
  } finally {
    deps.logger.info({ reason }, "stopping");
    await closers.closeAll();
    deps.logger.info({}, "stopped");
  }
}

async function start(payload: EnginePayload, deps: RunDeps, closers: Closers): Promise<void> {
  const { config } = payload;
  const { logger } = deps;
  const clock = createClock(payload.clock);
  const wallClock = new SystemClock();
  const startUp = new StartUp(logger, wallClock, deps.signal);
  const display = banner(payload);
  logger.info({ mode: config.mode, configHash: payload.configHash, display }, "smc-quant engine");

  // Of no offset until the venue was asked; expiry and shadows go by the venue's time from then on.
  let offsetMs = (): number => 0;
  const venueClock = new OffsetClock(clock, () => offsetMs());
  const stores = { logger, clock, venueClock, wallClock, startUp, closers };
  const { run, summary, models } = await openStores(payload, stores);
  let tellOffset = (_offsetMs: number): void => {};
  const venue = await startUp.step(
    "venue",
    () =>
      connectVenue(payload, {
        logger,
        clock,
        onOffset: (offsetMs) => tellOffset(offsetMs),
        signal: deps.signal,
      }),
    (opened) => ({ rest: config.feed.restBaseUrl, clockOffsetMs: opened.offsetMs() }),
  );
  closers.add(() => venue.close());
  offsetMs = () => venue.offsetMs();
  const universe = await startUp.step(
    "universe",
    () => venue.reference.universe({ maxAgeMs: config.universe.cacheMaxAgeMs }),
    (found) => ({ pairs: found.instruments.length, listed: found.totalCount, source: found.source }),
  );
  requireWatched(universe, config.universe, logger);
  const signals = new SignalCounter(config.scan.scoreMin);
  const parts = { universe, venue, ledger: run.client, signals, logger, models: models.scan };
  const coordinator = createCoordinator(payload, parts);
  tellOffset = (offsetMs) => coordinator.setClockOffsetMs(offsetMs);
  tellOffset(venue.offsetMs());
  summary.coordinator = coordinator;
  summary.signals = signals;
  models.desk?.resume((modelId) => run.sizeFactorBefore(modelId));
  models.desk?.attach(coordinator, (event) => run.noteModel(event));
  closers.add(() => coordinator.stop());
  // A stop ends the waits of the start. What fails on that way, the closer reports.
  deps.signal.addEventListener("abort", () => void coordinator.stop().catch(() => {}));
  await startUp.step(
    "shards",
    () => coordinator.start(),
    () => ({ shards: coordinator.memories.length, compute: config.compute }),
  );
  const health = await startUp.step(
    "warm-up",
    () => coordinator.whenReady(FIRST_DATA_MS_MAX),
    ({ ready, short, warming }) => ({ ready, short, warming }),
  );
  const { ready, shardsRunning, short, warming } = health;
  startUp.ready(ready, shardsRunning, { scorer: models.scorerId, short, warming });
  const signalsLost = (): number => lostSignals(run.client);
  const beside = { signals, signalsLost, models, venueClock, config, clock, logger, closers };
  await startBackground({ ...beside, coordinator, venue });
}

/** Takes the data folder and begins the run in its ledger. */
async function openStores(
  payload: EnginePayload,
  deps: {
    readonly logger: Logger;
    readonly clock: Clock;
    readonly venueClock: Clock;
    readonly wallClock: Clock;
    readonly startUp: StartUp;
    readonly closers: Closers;
  },
): Promise<{ readonly run: RunLedger; readonly summary: RunSummary; readonly models: EngineModels }> {
  const { config } = payload;
  const { logger, clock, venueClock, wallClock, startUp, closers } = deps;
  await startUp.step(
    "data folder",
    () => closers.add(openLock(config.dataDir)),
    () => ({ dataDir: config.dataDir }),
  );
  const models = await startUp.step(
    "model",
    () => openModels(config, { logger, clock: venueClock, wallClock }),
    modelText,
  );
  closers.add(() => models.close());
  const { scorerId, modelJson } = models;
  const run = await startUp.step(
    "ledger",
    () => openRunLedger(payload, { logger, clock, wallClock, scorerId, modelJson }),
    ({ runId }) => ({ runId }),
  );
  closers.add(() => run.client.close());
  const summary: RunSummary = { coordinator: null, signals: null };
  closers.add(() => run.end(clock.nowMs(), summary));
  return { run, summary, models };
}

/** What runs beside the cluster once it is READY: the minute line, and the universe's changes. */
async function startBackground(run: {
  readonly coordinator: Coordinator;
  readonly signals: SignalCounter;
  readonly signalsLost: () => number;
  readonly models: EngineModels;
  readonly venue: VenueConnection;
  readonly venueClock: Clock;
  readonly config: EngineConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly closers: Closers;
}): Promise<void> {
  const { coordinator, signals, signalsLost, models, venue, venueClock } = run;
  const { config, clock, logger, closers } = run;
  const wallClock = new SystemClock();
  const minutes = new MinuteLoop({
    coordinator,
    signals,
    signalsLost,
    models,
    clock: venueClock,
    wallClock,
    logger,
  });
  closers.add(() => minutes.stop());
  if (config.metrics.port !== null) {
    const server = new MetricsServer(() => minutes.metrics());
    closers.add(() => server.close());
    const port = await server.listen(config.metrics.port);
    logger.info({ url: `http://127.0.0.1:${port}/metrics` }, "metrics are served");
  }
  const follower = new UniverseFollower({ coordinator, venue, config, clock, logger });
  closers.add(() => follower.stop());
  await follower.start();
}

function banner(payload: EnginePayload): string {
  const { config } = payload;
  const speed = payload.clock.type === "scaled" ? `, ${payload.clock.speed} times as fast as life` : "";
  const venue =
    config.mode === "sim" ? "simulated venue on loopback" : "the real venue's market data, no orders";
  return `smc-quant engine, mode ${config.mode} (${venue}${speed})`;
}

function openLock(dataDir: string): () => void {
  const lock = acquireRunLock(dataDir);
  return () => lock.release();
}

/** Waits for the signal to stop, or for the end of `--for`. */
async function untilStopped(payload: EnginePayload, deps: RunDeps): Promise<void> {
  const { runForMs } = payload.config;
  await new Promise<void>((resolve) => {
    const cancel = runForMs === null ? () => {} : new SystemClock().after(runForMs, resolve);
    const stop = (): void => {
      cancel();
      resolve();
    };
    if (deps.signal.aborted) stop();
    deps.signal.addEventListener("abort", stop, { once: true });
  });
}
