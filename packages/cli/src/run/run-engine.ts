import { requireWatched, UniverseFollower } from "@smcq/cluster";
import { e8Text, errorMessage, SystemClock } from "@smcq/kernel";
import { acquireRunLock, type LedgerClient, ledgerFile } from "@smcq/ledger";
import { ExitCode } from "../exit-codes.ts";
import type { VenueConnection } from "../modes/ports.ts";
import { MetricsServer } from "../output/metrics/metrics-server.ts";
import { readinessOf } from "../output/metrics/readiness.ts";
import type { EnginePayload } from "../modes/engine-payload.ts";
import { Closers } from "./steps/closers.ts";
import { type Ending, type Ground, groundOf, type RunDeps } from "./steps/ground.ts";
import { openAccountDuty, openSideOf } from "./steps/hosts.ts";
import { openControl } from "./control/open-control.ts";
import { createEngine, type EngineParts, type RunEngine } from "./create-engine.ts";
import { loadScoring, type Scoring } from "./models/load-models.ts";
import { type Meters, openMeters } from "./open-meters.ts";
import { MinuteLoop } from "./minute-loop.ts";
import { beginRun, lostSignals, openLedgerOf, type RunLedger } from "./run-ledger.ts";
import { standDown } from "./steps/stand-down.ts";
import type { Duty } from "./duty/duty.ts";
import { newEngineId } from "./trading/engine-id.ts";
import { type RecoveredRun, recoverRun } from "./trading/recover.ts";

/** Shards that have not heard a kline by then are judged, wall ms; an acknowledged subscription proves nothing. */
const FIRST_DATA_MS_MAX = 20_000;

/** Runs the engine from its first step to its last; returns the exit code. Start order: docs/mission.md B1. */
export async function runEngine(payload: EnginePayload, deps: RunDeps): Promise<number> {
  const closers = new Closers();
  const ending: Ending = { isWanted: false, exitCode: ExitCode.Ok };
  let reason = "end of the run";
  try {
    const ground = groundOf(payload, deps, { closers, ending });
    await start(ground);
    await Promise.race([untilStopped(payload, deps), ground.failure.promise]);
    ending.isWanted = true;
    if (deps.signal.aborted) reason = String(deps.signal.reason);
  } catch (error) {
    reason = deps.signal.aborted ? String(deps.signal.reason) : `failed: ${errorMessage(error)}`;
    // A stop while starting is a stop, not a failure.
    if (!deps.signal.aborted) throw error;
    ending.isWanted = true;
  } finally {
    deps.logger.info({ reason }, "stopping");
    await closers.closeAll();
    deps.logger.info({}, "stopped");
  }
  return ending.exitCode;
}

async function start(ground: Ground): Promise<void> {
  const { payload, ports, logger, startUp } = ground;
  const { name, banner } = ports;
  logger.info({ mode: name, configHash: payload.configHash, display: banner }, "smc-quant engine");
  const { client, scoring, duty, venue } = await openStores(ground);
  await startVenue(ground, venue);
  const chosen = await chooseSymbols(ground, venue);
  const trading = await openTrading(ground, venue, { ...chosen, duty });
  const run = await openRun(ground, {
    client,
    scoring,
    duty,
    before: trading?.before ?? null,
    watched: chosen.symbols,
  });
  const side = await openSideOf(ground);
  const engine = createEngine({
    ...ground,
    ...chosen,
    fail: ground.failure.reject,
    config: payload.config,
    plan: payload.plan,
    venue,
    run,
    scoring,
    trading,
    side,
  });
  const minutes = new MinuteLoop({ ...ground, engine, signalsLost: () => lostSignals(run.client) });
  const meters = openMeters({ ...ground, config: payload.config }, { engine, venue, run, minutes, duty });
  await openWays(ground, { engine, venue, run, ...meters });
  closeWithThreads(ground, engine, run);
  engine.models.start();
  engine.desk?.start();
  await startUp.step(
    "shards",
    () => engine.coordinator.start(),
    () => ({ shards: engine.coordinator.memory.shards.length, compute: payload.config.compute }),
  );
  const health = await startUp.step(
    "warm-up",
    () => engine.coordinator.whenReady(FIRST_DATA_MS_MAX, venue.gate),
    ({ ready, short, warming }) => ({ ready, short, warming }),
  );
  startUp.ready(health, { scorer: scoring.scorerId });
  await venue.keepUniverse();
  engine.desk?.startMinutes();
  await startBackground(ground, { engine, venue, minutes, ...meters });
  ground.onReady();
}

interface Stores {
  readonly client: LedgerClient;
  readonly scoring: Scoring;
  /** What this host is to the account that it shares with others; null: it shares none. */
  readonly duty: Duty | null;
  /** Nothing but whether it answers was asked yet. */
  readonly venue: VenueConnection;
}

/** Takes the data folder, loads what scores, and opens the ledger. */
async function openStores(ground: Ground): Promise<Stores> {
  const { payload, ports, logger, venueClock, wallClock, startUp, closers } = ground;
  const { config } = payload;
  await startUp.step(
    "data folder",
    () => {
      const lock = acquireRunLock(config.dataDir);
      closers.add(() => lock.release());
    },
    () => ({ dataDir: config.dataDir }),
  );
  const scoring = await startUp.step(
    "model",
    () => loadScoring(config, { plan: payload.plan, policy: ports.scorer, venueClock, wallClock, logger }),
    ({ display }) => display,
  );
  closers.add(() => scoring.close());
  // Who ends a run that is up still has positions to see to.
  const venue = ports.openVenue({ ...ground, signal: startUp.cut });
  closers.add(() => venue.close());
  const duty = await openAccountDuty(ground, venue);
  const client = await startUp.step(
    "ledger",
    () => openLedgerOf(payload, { ...ground, onMoved: ground.failure.reject }),
    () => ({ file: ledgerFile(config.dataDir) }),
  );
  closers.add(() => client.close());
  return { client, scoring, duty, venue };
}

/** Begins the run in the ledger, or goes on with the one before. */
async function openRun(
  ground: Ground,
  {
    client,
    ...deps
  }: Omit<Stores, "venue"> & {
    readonly before: RecoveredRun | null;
    readonly watched: readonly string[];
  },
): Promise<RunLedger> {
  const { payload, ports, logger, machineClock, startUp, closers } = ground;
  const run = await startUp.step(
    "run",
    () => beginRun(client, payload, { ...deps, modeName: ports.name, logger, machineClock }),
    ({ runId }) => ({ runId, ...beforeFields(deps.before) }),
  );
  closers.add(() => run.end(machineClock.nowMs()));
  return run;
}

function beforeFields(before: RecoveredRun | null): object {
  return before === null ? {} : { goesOn: true, events: before.lastSeq, held: before.held };
}

async function startVenue({ payload, offset, startUp }: Ground, venue: VenueConnection): Promise<void> {
  await startUp.step(
    "venue",
    () => venue.start(),
    () => ({ rest: payload.config.feed.restBaseUrl, clockOffsetMs: offset.offsetMs }),
  );
}

async function chooseSymbols(
  ground: Ground,
  venue: VenueConnection,
): Promise<Pick<EngineParts, "symbols" | "instruments">> {
  const { universe: wish } = ground.payload.config;
  const universe = await ground.startUp.step(
    "universe",
    () => venue.reference.universe({ maxAgeMs: wish.cacheMaxAgeMs, isTrial: true }),
    (found) => ({ pairs: found.instruments.length, listed: found.totalCount, source: found.source }),
  );
  return {
    symbols: requireWatched(universe, wish, ground.logger),
    instruments: new Map(universe.instruments.map((instrument) => [instrument.symbol, instrument])),
  };
}

/** The account that the run trades on; null where the settings want no trading. */
async function openTrading(
  ground: Ground,
  venue: VenueConnection,
  {
    symbols: watched,
    instruments,
    duty,
  }: Pick<EngineParts, "symbols" | "instruments"> & { readonly duty: Duty | null },
): Promise<EngineParts["trading"]> {
  const { payload, ports, logger, startUp, closers } = ground;
  if (!ports.isTrading) return null;
  const account = await startUp.step(
    "account",
    () => venue.openAccount({ ...ground, watched, ...(duty === null ? {} : { duty }) }),
    ({ orders, walletE8 }) => ({ orders, wallet: e8Text(walletE8) }),
  );
  closers.add(() => account.close());
  const { fingerprint } = account;
  const before =
    fingerprint === null
      ? null
      : await startUp.step(
          "recovery",
          () =>
            recoverRun(
              { file: ledgerFile(payload.config.dataDir), instruments, warm: duty?.warm ?? null },
              fingerprint,
              logger,
            ),
          (found) => ({ run: found?.runId ?? null, held: found?.held ?? [] }),
        );
  return { account, engineId: duty?.engineId ?? newEngineId(), before, duty };
}

/** A person may speak to the engine until nothing of it is left to speak of. */
async function openWays(
  ground: Ground,
  {
    engine,
    venue,
    run,
    metrics,
    system,
  }: Pick<Background, "engine" | "venue" | "metrics" | "system"> & { readonly run: RunLedger },
): Promise<void> {
  const control = await openControl({
    ...ground,
    config: ground.payload.config,
    engine,
    run: { modeName: ground.ports.name, runId: run.runId },
    restUse: () => venue.restUse(),
    metrics,
    system: () => system.view(),
  });
  ground.closers.add(() => control.close());
  ground.logger.info({ path: control.path }, "control socket is open");
}

/**
 * A stop enters nothing new and sees that what is held is guarded (or left), then drains feeds and scans; then no version
 * takes over any more.
 */
function closeWithThreads(ground: Ground, engine: RunEngine, run: RunLedger): void {
  const { payload, signal, startUp, closers, ending } = ground;
  const { coordinator, loop, models, signals, desk } = engine;
  // A version that is being loaded may take two minutes, which the ledger must not wait for: `scoring.close` does.
  closers.add(() => void models.close());
  closers.add(async () => {
    try {
      const isFlattening = payload.config.flattenOnExit && ending.isWanted;
      const isExposed = await standDown({ ...ground, engine, isFlattening, isBySignal: signal.aborted });
      if (isExposed) ending.exitCode = ExitCode.Exposed;
      await coordinator.stop();
    } finally {
      loop.stop();
      await desk?.stop();
      run.noteOutcome(signals.total, coordinator.health());
    }
  });
  // A stop ends the waits of the start. What fails on that way, the closer reports.
  startUp.cut.addEventListener("abort", () => void coordinator.stop().catch(() => {}));
}

interface Background extends Meters {
  readonly engine: RunEngine;
  readonly venue: VenueConnection;
  readonly minutes: MinuteLoop;
}

/** What runs beside the cluster once it is READY: the minute line, metrics, and the universe's changes. */
async function startBackground(
  ground: Ground,
  { engine, venue, minutes, metrics, system }: Background,
): Promise<void> {
  const { payload, ports, wallClock, machineClock, logger, closers } = ground;
  const { metrics: wish, universe } = payload.config;
  minutes.start();
  closers.add(() => minutes.stop());
  if (wish.port !== null) {
    const server = new MetricsServer(metrics, () =>
      readinessOf(engine.coordinator.health(), ground.signal.aborted),
    );
    closers.add(() => server.close());
    const port = await server.listen(wish.port);
    logger.info({ url: `http://127.0.0.1:${port}/metrics` }, "metrics are served");
  }
  const follower = new UniverseFollower({
    symbols: engine.coordinator,
    slots: engine.coordinator.watched,
    reference: venue.reference,
    onApplied: (list) => {
      engine.desk?.relist(list.instruments);
      return venue.keepUniverse();
    },
    contracts: (onNews) => ports.contracts({ machineClock, wallClock, logger }, onNews),
    wish: universe,
    refreshMs: universe.refreshMs,
    cacheMaxAgeMs: universe.cacheMaxAgeMs,
    machineClock,
    logger,
  });
  closers.add(() => follower.stop());
  system.follows(follower);
  await follower.start();
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
