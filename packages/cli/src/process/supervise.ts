import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { awaitMessage, SupervisedProcess, type SupervisedEnd } from "@smcq/cluster";
import type { LoadedConfig } from "@smcq/config";
import { type ClockSpec, type Logger, SystemClock } from "@smcq/kernel";
import { ExitCode } from "../exit-codes.ts";
import type { EnginePayload } from "./engine-payload.ts";
import { workerUrl } from "./worker-url.ts";

/** The simulated venue has to be up within this time, wall ms. */
const VENUE_UP_MS_MAX = 20_000;

interface VenueListening {
  readonly type: "listening";
  readonly port: number;
  readonly clock: ClockSpec;
}

interface Venue {
  readonly port: number;
  readonly clock: ClockSpec;
  readonly process: SupervisedProcess;
  /** Resolves when the simulated data has ended. */
  readonly dataEnded: Promise<void>;
}

/**
 * The supervisor's process: it starts the simulated venue (mode sim) and the engine, starts either again after a
 * crash, passes "stop" on, and ends when the engine has ended. Returns the exit code.
 */
export async function supervise(loaded: LoadedConfig, logger: Logger): Promise<number> {
  const wallClock = new SystemClock();
  const { config } = loaded;
  let stopped: (reason: string) => void = () => {};
  const stopAsked = new Promise<string>((resolve) => {
    stopped = resolve;
  });
  process.on("SIGINT", () => stopped("SIGINT"));
  process.on("SIGTERM", () => stopped("SIGTERM"));
  process.on("SIGHUP", () => stopped("SIGHUP"));

  const venue = config.mode === "sim" ? await startVenue(loaded, logger) : null;
  const payload = enginePayload(loaded, venue);
  const engine = new SupervisedProcess({
    name: "engine",
    start: () =>
      fork(fileURLToPath(workerUrl(import.meta.url, "./engine-process")), [JSON.stringify(payload)]),
    askToStop: (child) => child.send({ type: "stop" }),
    isFinal: (exitCode) => exitCode !== null && exitCode !== ExitCode.Unexpected,
    policy: config.supervisor,
    wallClock,
    logger,
  });
  engine.start();
  const venueEnded = venue === null ? new Promise<never>(() => {}) : venue.process.ended;
  const end = await Promise.race([
    engine.ended,
    stopAsked.then(() => engine.stop()),
    (venue?.dataEnded ?? new Promise<never>(() => {})).then(() => {
      logger.info({}, "the simulated data has ended");
      return engine.stop();
    }),
    venueEnded.then(() => engine.stop()),
  ]);
  await venue?.process.stop();
  return exitCodeOfEnd(end);
}

function exitCodeOfEnd(end: SupervisedEnd): number {
  return end.reason === "crashed-too-often" ? ExitCode.Crashes : end.exitCode;
}

function enginePayload(loaded: LoadedConfig, venue: Venue | null): EnginePayload {
  const { config, hash, json } = loaded;
  if (venue === null) return { config, configHash: hash, configJson: json, clock: { type: "system" } };
  const feed = {
    ...config.feed,
    wsBaseUrl: `ws://127.0.0.1:${venue.port}`,
    restBaseUrl: `http://127.0.0.1:${venue.port}`,
  };
  return { config: { ...config, feed }, configHash: hash, configJson: json, clock: venue.clock };
}

async function startVenue(loaded: LoadedConfig, logger: Logger): Promise<Venue> {
  const wallClock = new SystemClock();
  const { config } = loaded;
  const base = {
    seed: config.seed,
    symbols: config.sim.symbols,
    speed: config.speed,
    loop: config.loop,
    updatesPerSecondWall: config.sim.updatesPerSecondWall,
    ...(config.sim.faults === "" ? {} : { faults: config.sim.faults }),
  };
  let dataEnded: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    dataEnded = resolve;
  });
  let listening: VenueListening | null = null;
  const start = (): ChildProcess => {
    // A venue that comes back has the same address and goes on where its clock is.
    const options = listening === null ? base : { ...base, port: listening.port, resume: listening.clock };
    const entry = fileURLToPath(import.meta.resolve("@smcq/binance-sim/process"));
    const child = fork(entry, [JSON.stringify(options)], { env: {}, execArgv: process.execArgv });
    child.on("message", (message: { readonly type?: string }) => {
      if (message.type === "end-of-data") dataEnded();
    });
    return child;
  };
  const supervised = new SupervisedProcess({
    name: "venue",
    start,
    askToStop: (child) => child.send({ type: "stop" }),
    isFinal: (exitCode) => exitCode === 0,
    policy: config.supervisor,
    wallClock,
    logger,
  });
  supervised.start();
  const child = supervised.child;
  if (child === null) throw new Error("the venue's process was not started");
  try {
    listening = await awaitMessage<VenueListening>(child, {
      type: "listening",
      msMax: VENUE_UP_MS_MAX,
      wallClock,
      name: "simulated venue",
    });
  } catch (error) {
    await supervised.stop();
    throw error;
  }
  return { port: listening.port, clock: listening.clock, process: supervised, dataEnded: ended };
}
