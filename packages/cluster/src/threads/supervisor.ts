import type { ChildProcess } from "node:child_process";
import {
  afterAwake,
  backOffMs,
  type BackOffPolicy,
  type Clock,
  errorMessage,
  type Logger,
  RestartLimit,
  type RestartPolicy,
  type SilenceLimits,
  SilenceWatch,
  SmcqError,
} from "@smcq/kernel";

/** Waits before a restart, by the restarts inside the window, wall ms. */
const BACKOFF: BackOffPolicy = { firstMs: 500, msMax: 30_000 };
/** A child that was asked to stop and has not ended by then is killed; ms that this process was awake for. */
const STOP_MS_MAX = 15_000;
/** A child that promised to report and has not for so long is named, and then killed as hung. */
const SILENT: SilenceLimits = { warnMs: 5_000, msMax: 30_000 };
/** Signals by which a terminal or a service manager ends a whole group. */
const ASKING_SIGNALS: ReadonlySet<string> = new Set(["SIGINT", "SIGTERM", "SIGHUP"]);

export interface SupervisedOptions {
  readonly name: string;
  /** Starts the process; called again for every restart. */
  readonly start: () => ChildProcess;
  /** Asks the process to end by itself. */
  readonly askToStop: (child: ChildProcess) => void;
  /** Exit codes that are an end, not a crash: no restart. */
  readonly isFinal: (exitCode: number | null) => boolean;
  readonly policy: RestartPolicy;
  /** The process sends some message at least every second; one that stops doing so is taken for hung. */
  readonly isReporting?: boolean;
  /** Hears of every end that nobody asked for, just after it was logged. */
  readonly onFailure?: (failure: SupervisedFailure) => void;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** An end that nobody asked for, and what follows. */
export interface SupervisedFailure {
  readonly type: "restarting" | "given-up" | "ended";
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** How a supervised process ended for good. */
export interface SupervisedEnd {
  readonly exitCode: number;
  readonly reason: "ended" | "stopped" | "crashed-too-often";
}

/**
 * One child process over all its restarts:
 *
 *   start ─► running ─┬─ final exit code ─► ended
 *                     ├─ hung ─► killed ─► crash
 *                     ├─ crash ─► back-off ─► start (at most `restartsMax` in `windowMs`, else crashed-too-often)
 *                     └─ stop() ─► asked ─► (killed after a named time) ─► stopped
 */
export class SupervisedProcess {
  readonly ended: Promise<SupervisedEnd>;
  readonly #options: SupervisedOptions;
  readonly #restarts: RestartLimit;
  #end: (end: SupervisedEnd) => void = () => {};
  #child: ChildProcess | null = null;
  #isStopping = false;
  #stopping: Promise<SupervisedEnd> | null = null;
  #cancelBackoff: () => void = () => {};
  #cancelWatch: () => void = () => {};

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.#restarts = new RestartLimit(options.policy, options.wallClock);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get child(): ChildProcess | null {
    return this.#child;
  }

  get restartCount(): number {
    return this.#restarts.total;
  }

  start(): void {
    const { name, logger } = this.#options;
    let child: ChildProcess;
    try {
      child = this.#options.start();
    } catch (error) {
      logger.error({ process: name, error: errorMessage(error) }, "process could not be started");
      this.#exited(null, null);
      return;
    }
    this.#child = child;
    child.on("error", (error) => {
      logger.error({ process: name, error: error.message }, "process failed");
      // What never came to be has no exit either.
      if (child.pid === undefined && this.#child === child) this.#exited(null, null);
    });
    child.once("exit", (exitCode, signal) => this.#exited(exitCode, signal));
    if (this.#options.isReporting === true) this.#watch(child);
  }

  /** From now on an end is an end: nothing is started again. */
  expectEnd(): void {
    this.#isStopping = true;
    this.#cancelBackoff();
    if (this.#child === null) this.#end({ exitCode: 0, reason: "stopped" });
  }

  /** Asks the process to end and waits; kills it when it does not. Idempotent; what had ended before stays so. */
  stop(): Promise<SupervisedEnd> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<SupervisedEnd> {
    this.expectEnd();
    const child = this.#child;
    if (child === null) return this.ended;
    this.#options.askToStop(child);
    const cancel = afterAwake(this.#options.wallClock, STOP_MS_MAX, () => {
      this.#options.logger.error(
        { process: this.#options.name, waitedMs: STOP_MS_MAX },
        "process did not end; killed",
      );
      child.kill("SIGKILL");
    });
    const end = await this.ended;
    cancel();
    return end;
  }

  /** An event loop that does not turn sends nothing: no process of ours is left to hang. */
  #watch(child: ChildProcess): void {
    const { wallClock, logger, name } = this.#options;
    let heard = 0;
    child.on("message", () => void heard++);
    const watch = new SilenceWatch({
      ...SILENT,
      clock: wallClock,
      beat: () => heard,
      onWarn: (silentMs) => logger.warn({ process: name, silentMs }, "process does not answer"),
      onSilent: (silentMs) => {
        logger.error({ process: name, silentMs }, "process hangs; killed");
        child.kill("SIGKILL");
        watch.stop();
      },
    });
    this.#cancelWatch = () => watch.stop();
  }

  #exited(exitCode: number | null, signal: NodeJS.Signals | null): void {
    this.#child = null;
    this.#cancelWatch();
    const { name, logger, isFinal } = this.#options;
    if (this.#isStopping || isFinal(exitCode)) {
      // Ctrl-C reaches the whole group, a child that has not set up its handlers included: that is the end asked for.
      const isAsked = this.#isStopping && signal !== null && ASKING_SIGNALS.has(signal);
      // One that ends as it should is no failure, nor is one that was asked to end and does.
      if (exitCode !== 0 && !isAsked) this.#options.onFailure?.({ type: "ended", exitCode, signal });
      this.#end({ exitCode: exitCode ?? (isAsked ? 0 : 1), reason: this.#isStopping ? "stopped" : "ended" });
      return;
    }
    if (!this.#restarts.tryRestart()) {
      logger.error(
        { process: name, exitCode, signal, restarts: this.#restarts.recent },
        "process crashed too often; giving up",
      );
      this.#options.onFailure?.({ type: "given-up", exitCode, signal });
      this.#end({ exitCode: exitCode ?? 1, reason: "crashed-too-often" });
      return;
    }
    const waitMs = backOffMs(this.#restarts.recent, BACKOFF);
    logger.error(
      { process: name, exitCode, signal, restartInMs: waitMs },
      "process crashed; it is started again",
    );
    this.#options.onFailure?.({ type: "restarting", exitCode, signal });
    this.#cancelBackoff = this.#options.wallClock.after(waitMs, () => this.start());
  }
}

/** Resolves with the first message of `type` from a child; rejects when the child ends or time runs out first. */
export function awaitMessage<T extends { readonly type: string }>(
  child: ChildProcess,
  options: {
    readonly type: T["type"];
    readonly msMax: number;
    readonly wallClock: Clock;
    readonly name: string;
  },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (code: string, text: string): void => {
      settle();
      reject(new SmcqError(code, `${options.name}: ${text}`));
    };
    const onMessage = (message: unknown): void => {
      if (typeof message !== "object" || message === null || !("type" in message)) return;
      if (message.type === options.type) {
        settle();
        resolve(message as T);
      } else if (message.type === "failed" && "error" in message) {
        const error = message.error as { code?: string; message?: string };
        refuse(error.code ?? "CHILD_FAILED", error.message ?? "failed");
      }
    };
    const onExit = (exitCode: number | null): void =>
      refuse("CHILD_ENDED", `ended with ${exitCode} before it was up`);
    const cancel = afterAwake(options.wallClock, options.msMax, () =>
      refuse("CHILD_SILENT", `not up after ${options.msMax} ms`),
    );
    const settle = (): void => {
      cancel();
      child.off("message", onMessage);
      child.off("exit", onExit);
    };
    child.on("message", onMessage);
    child.once("exit", onExit);
  });
}
