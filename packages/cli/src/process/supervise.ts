import { livePlan } from "../plans/traded-plan.ts";
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { awaitMessage, SupervisedProcess, type SupervisedEnd } from "@smcq/cluster";
import type { LoadedConfig } from "@smcq/config";
import { acquireRunLock } from "@smcq/ledger";
import { type Logger, SmcqError, SystemClock, watchPauses, workerUrl } from "@smcq/kernel";
import {
  type BinanceSimOptions,
  goesOnWithAccount,
  type SimStart,
  type TradingOptions,
} from "@smcq/binance-sim";
import { ExitCode } from "../exit-codes.ts";
import { ENGINE_FLAGS, engineEnvironment, VENUE_FLAGS } from "./engine-memory.ts";
import { obeyDrill } from "./drill-channel.ts";
import { howStarted, IGNORE_HANGUP, isHangupIgnored } from "./hangup.ts";
import { childOutput, passOn } from "../output/child-output.ts";
import { PAUSE_TEXT } from "../output/logger.ts";
import { ServiceManager, withoutManager } from "./service-manager.ts";
import { StopSignals } from "./stop-signals.ts";
import { sideProcesses } from "./side-processes.ts";
import { takeAlertsEnvironment } from "../alerts/alert-secrets.ts";
import { SupervisedAlerts } from "./supervise-alerts.ts";
import { modeOf } from "../modes/mode-of.ts";
import { keptSimulatedKey } from "../modes/account-key.ts";
import {
  enginePayload,
  type EngineReport,
  newSimulatedKey,
  type SimulatedAddress,
  type SimulatedKey,
  type StartMessage,
  type StopMessage,
} from "../modes/engine-payload.ts";

/** The simulated venue has to be up within this time, wall ms. */
const VENUE_UP_MS_MAX = 20_000;

interface VenueListening extends Pick<SimulatedAddress, "port" | "clock"> {
  readonly type: "listening";
  /** Whether the account is a new one, in words; null: it is not kept. */
  readonly accountText: string | null;
}

interface SimulatedVenue extends SimulatedAddress {
  readonly process: SupervisedProcess;
  /** Resolves when the simulated data has ended. */
  readonly dataEnded: Promise<void>;
}

/**
 * The supervisor's process: it starts the simulated venue (mode sim), the engine, and what stands beside it (dashboard,
 * mirror) once the engine is READY, starts each of them again after a crash, passes "stop" on, and ends when the engine has
 * ended. A service manager that listens is told. Returns the exit code.
 */
export async function supervise(loaded: LoadedConfig, logger: Logger): Promise<number> {
  const isDetached = isHangupIgnored(howStarted());
  const sayHangup = (): void =>
    logger.info({}, "a hangup (SIGHUP) does not end what was started without a terminal; SIGTERM does");
  const signals = new StopSignals(new SystemClock(), { onHangup: isDetached ? sayHangup : null });
  watchPauses(new SystemClock(), (pause) => logger.warn({ ...pause }, PAUSE_TEXT));
  const stopAsked = aborted(signals.stop);
  // Before any process is started that would inherit the secrets.
  const env = takeAlertsEnvironment(process.env);
  const alerts = await SupervisedAlerts.open(loaded, { env, logger });
  const beside: Beside = { alerts, signals, logger };
  const { venueProcess, accountFolder } = modeOf(loaded.config);
  if (venueProcess === null) return exitCodeOfEnds(await superviseEngine(loaded, null, beside));
  const { key, options } =
    accountFolder === null ? newAccount(venueProcess) : keptAccount(loaded, accountFolder, venueProcess);
  const venue = await startVenue({ key, options }, loaded, stopAsked, logger);
  if (venue === null) return ExitCode.Ok;
  let engineEnd: SupervisedEnd;
  try {
    engineEnd = await superviseEngine(loaded, venue, beside);
  } finally {
    // Whatever happened: a venue left behind would keep this process alive.
    await venue.process.stop();
  }
  return exitCodeOfEnds(engineEnd, await venue.process.ended);
}

/** What stands beside the engine. */
interface Beside {
  /** Null: nobody is to be told. */
  readonly alerts: SupervisedAlerts | null;
  readonly signals: StopSignals;
  readonly logger: Logger;
}

/** Runs the engine until it ends by itself, or is to: asked from outside, out of data, or without a venue. */
async function superviseEngine(
  loaded: LoadedConfig,
  venue: SimulatedVenue | null,
  { alerts, signals, logger }: Beside,
): Promise<SupervisedEnd> {
  const { stop, hurry } = signals;
  const start: StartMessage = {
    type: "start",
    payload: enginePayload(loaded, livePlan(loaded.config), venue),
  };
  const sides = sideProcesses(loaded, { isHangupIgnored: signals.isHangupIgnored, logger });
  const manager = new ServiceManager(process.env, { wallClock: new SystemClock(), logger });
  const engine = new SupervisedProcess({
    name: "engine",
    start: () => {
      const entry = fileURLToPath(workerUrl(import.meta.url, "./engine-process"));
      const child = fork(entry, signals.isHangupIgnored ? [IGNORE_HANGUP] : [], {
        execArgv: [...ENGINE_FLAGS, ...process.execArgv],
        env: engineEnvironment(withoutManager(process.env)),
        stdio: childOutput(),
      });
      passOn(child);
      // By message: an argument of this size (thousands of symbols) is refused by the system.
      tell(child, start);
      child.on("message", ({ type }: EngineReport) => {
        manager.alive();
        if (type !== "ready") return;
        manager.ready();
        alerts?.engineReady();
        for (const side of sides) side.start();
      });
      return child;
    },
    askToStop: (child) => tell(child, { type: "stop" }),
    isFinal: (exitCode) => exitCode !== null && exitCode !== ExitCode.Unexpected,
    isReporting: true,
    onFailure: (failure) => alerts?.engineFailed(failure),
    policy: loaded.config.supervisor,
    wallClock: new SystemClock(),
    logger,
  });
  const parts = { engine: () => engine.child, venue: () => venue?.process.child ?? null };
  obeyDrill(parts, () => signals.ask("the drill is gone"));
  alerts?.start();
  engine.start();
  hurry.addEventListener("abort", () => {
    if (engine.child !== null) tell(engine.child, { type: "stop", isNow: true });
  });
  const stopped = aborted(stop);
  void stopped.then(() => {
    for (const side of sides) side.expectEnd();
    alerts?.expectEnd();
  });
  await toEnd(engine, venue, stopped, logger);
  manager.stopping();
  try {
    return await engine.stop();
  } finally {
    await Promise.all([...sides.map((side) => side.stop()), alerts?.stop()]);
  }
}

/** Resolves when the engine has ended, or is to. */
async function toEnd(
  engine: SupervisedProcess,
  venue: SimulatedVenue | null,
  stopped: Promise<void>,
  logger: Logger,
): Promise<void> {
  const reasons: Promise<unknown>[] = [engine.ended, stopped];
  if (venue !== null) {
    const dataEnded = venue.dataEnded.then(() => logger.info({}, "the simulated data has ended"));
    reasons.push(dataEnded, venue.process.ended);
  }
  await Promise.race(reasons);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A child that is just ending hears nothing any more, which is no failure: its exit says the rest. */
function tell(child: ChildProcess, message: StartMessage | StopMessage | SimStart): void {
  if (child.connected) child.send(message, () => {});
}

function exitCodeOfEnds(engine: SupervisedEnd, venue?: SupervisedEnd): number {
  const isCrashed = [engine, venue].some((end) => end?.reason === "crashed-too-often");
  return isCrashed ? ExitCode.Crashes : engine.exitCode;
}

/** Stands in where options are asked about whose key does not matter. */
const NO_KEY: SimulatedKey = { key: "none", secret: "none" };

type VenueProcess = (key: SimulatedKey) => BinanceSimOptions;

interface VenueAccount {
  readonly key: SimulatedKey;
  readonly options: BinanceSimOptions;
}

function newAccount(venueProcess: VenueProcess): VenueAccount {
  const key = newSimulatedKey();
  return { key, options: venueProcess(key) };
}

/** The account of the data folder; refuses (RUN_LOCKED) a folder that another engine runs on, before its venue is touched. */
function keptAccount({ config }: LoadedConfig, folder: string, venueProcess: VenueProcess): VenueAccount {
  acquireRunLock(config.dataDir).release();
  const account = { folder, isFresh: config.simTrading.freshAccount };
  const isKept = goesOnWithAccount(withAccount(venueProcess(NO_KEY), account));
  const key = keptSimulatedKey(folder, isKept);
  return { key, options: withAccount(venueProcess(key), account) };
}

function withAccount(
  options: BinanceSimOptions,
  account: Pick<TradingOptions, "folder" | "isFresh">,
): BinanceSimOptions {
  const { trading } = options;
  return trading === undefined ? options : { ...options, trading: { ...trading, ...account } };
}

/** A venue that comes back has its address, its clock and its account. */
function resumed(base: BinanceSimOptions, { port, clock }: VenueListening): BinanceSimOptions {
  const options = withAccount(base, { isFresh: false });
  return { ...options, port, ...(clock.type === "scaled" ? { resume: clock } : {}) };
}

/** Null when the run was to stop before the venue was up. */
async function startVenue(
  { key, options: base }: { readonly key: SimulatedKey; readonly options: BinanceSimOptions },
  loaded: LoadedConfig,
  stopAsked: Promise<void>,
  logger: Logger,
): Promise<SimulatedVenue | null> {
  const wallClock = new SystemClock();
  const dataEnd = Promise.withResolvers<void>();
  let listening: VenueListening | null = null;
  const start = (): ChildProcess => {
    const options = listening === null ? base : resumed(base, listening);
    const entry = fileURLToPath(workerUrl(import.meta.url, "./binance-sim-process"));
    const execArgv = [...VENUE_FLAGS, ...process.execArgv];
    const child = fork(entry, [], { env: {}, execArgv, stdio: childOutput() });
    passOn(child);
    // By message: whoever lists processes reads arguments.
    tell(child, { type: "start", options });
    child.on("message", (message: { readonly type?: string }) => {
      if (message.type === "end-of-data") dataEnd.resolve();
    });
    return child;
  };
  const supervised = new SupervisedProcess({
    name: "venue",
    start,
    askToStop: (child) => tell(child, { type: "stop" }),
    isFinal: (exitCode) => exitCode === 0,
    policy: loaded.config.supervisor,
    wallClock,
    logger,
  });
  // Once asked, the group's Ctrl-C may end the venue first: no crash, nothing to start again.
  void stopAsked.then(() => supervised.expectEnd());
  supervised.start();
  const child = supervised.child;
  if (child === null) throw new SmcqError("CHILD_FAILED", "the simulated venue could not be started");
  const up = awaitMessage<VenueListening>(child, {
    type: "listening",
    msMax: VENUE_UP_MS_MAX,
    wallClock,
    name: "simulated venue",
  });
  try {
    listening = await Promise.race([up, stopAsked.then(() => null)]);
  } finally {
    if (listening === null) await supervised.stop();
  }
  if (listening === null) return null;
  const { port, clock, accountText } = listening;
  logger.info({ port, account: accountText }, "simulated venue is up");
  return { port, clock, key, process: supervised, dataEnded: dataEnd.promise };
}
