import { execFile } from "node:child_process";
import { type Clock, errorCode, errorMessage, type Logger } from "@smcq/kernel";

/** The program by which the manager is told: its socket is of a kind that Node does not open. */
const PROGRAM = "systemd-notify";
/** It has to end within this time, wall ms. */
const PROGRAM_MS_MAX = 5_000;
/** Signs of life in one interval of the manager's watchdog. */
const SIGNS_PER_INTERVAL = 3;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The service manager (systemd, `Type=notify`): it hears when the engine is READY, that its loop turns (`WatchdogSec`), and
 * that it is ending. Where no manager listens (`NOTIFY_SOCKET` is not set), nothing is done. A word that cannot be said is
 * logged, the first time; the manager's own limits then decide.
 */
export class ServiceManager {
  readonly #env: Environment;
  readonly #wallClock: Clock;
  readonly #logger: Logger;
  readonly #isThere: boolean;
  /** Wall ns between two signs of life; null: none is wanted. */
  readonly #signNs: number | null;
  #lastSignNs = Number.NEGATIVE_INFINITY;
  #isSigning = false;
  #isReady = false;
  #isSilent = false;

  constructor(
    env: Environment,
    { wallClock, logger }: { readonly wallClock: Clock; readonly logger: Logger },
  ) {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogText, WATCHDOG_PID: pidText } = env;
    this.#env = env;
    this.#wallClock = wallClock;
    this.#logger = logger;
    this.#isThere = socket !== undefined && socket !== "";
    const watchdogUs = Number(watchdogText);
    const isOurs = pidText === undefined || pidText === "" || Number(pidText) === process.pid;
    this.#signNs = watchdogUs > 0 && isOurs ? (watchdogUs * 1_000) / SIGNS_PER_INTERVAL : null;
  }

  /** The engine is READY; of several times the first is told. */
  ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#tell(["READY=1", "STATUS=READY"]);
  }

  /** The engine's own loop has turned: a sign of life, as often as the manager's watchdog needs it. */
  alive(): void {
    const nowNs = this.#wallClock.monoNs();
    if (this.#signNs === null || this.#isSigning || nowNs - this.#lastSignNs < this.#signNs) return;
    this.#lastSignNs = nowNs;
    this.#isSigning = true;
    this.#tell(["WATCHDOG=1"], () => {
      this.#isSigning = false;
    });
  }

  /** The run is ending, in order. */
  stopping(): void {
    this.#tell(["STOPPING=1", "STATUS=ending: positions stay with their stops"]);
  }

  #tell(words: readonly string[], done = (): void => {}): void {
    if (!this.#isThere) return;
    execFile(PROGRAM, [...words], { env: { ...this.#env }, timeout: PROGRAM_MS_MAX }, (error) => {
      done();
      if (error === null || this.#isSilent) return;
      this.#isSilent = true;
      this.#logger.warn(
        { code: errorCode(error) },
        `the service manager cannot be told (${PROGRAM}): ${errorMessage(error)}`,
      );
    });
  }
}

/** The environment without what speaks to the manager: the supervisor alone does. */
export function withoutManager({
  NOTIFY_SOCKET: _socket,
  WATCHDOG_USEC: _interval,
  WATCHDOG_PID: _pid,
  ...rest
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return rest;
}
