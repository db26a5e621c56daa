import type { ChildProcess } from "node:child_process";
import { type Clock, type Logger, SmcqError } from "@smcq/kernel";
import { RestartLimit, type RestartPolicy } from "./coordinator/restart-limit.ts";

/** First wait before a restart; doubled for each restart inside the window, wall ms. */
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 30_000;
/** A child that was asked to stop and has not ended by then is killed, wall ms. */
const STOP_MS_MAX = 15_000;

export interface SupervisedOptions {
  readonly name: string;
  /** Starts the process; called again for every restart. */
  readonly start: () => ChildProcess;
  /** Asks the process to end by itself. */
  readonly askToStop: (child: ChildProcess) => void;
  /** Exit codes that are an end, not a crash: no restart. */
  readonly isFinal: (exitCode: number | null) => boolean;
  readonly policy: RestartPolicy;
  readonly wallClock: Clock;
  readonly logger: Logger;
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
  #cancelBackoff: () => void = () => {};

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
    const child = this.#options.start();
    this.#child = child;
    child.once("error", (error) =>
      this.#options.logger.error({ process: this.#options.name, error: error.message }, "process failed"),
    );
    child.once("exit", (exitCode, signal) => this.#exited(exitCode, signal));
  }

  /** Asks the process to end and waits; kills it when it does not. */
  async stop(): Promise<SupervisedEnd> {
    this.#isStopping = true;
    this.#cancelBackoff();
    const child = this.#child;
    if (child === null) {
      this.#end({ exitCode: 0, reason: "stopped" });
      return this.ended;
    }
    this.#options.askToStop(child);
    const cancel = this.#options.wallClock.after(STOP_MS_MAX, () => {
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

  #exited(exitCode: number | null, signal: NodeJS.Signals | null): void {
    this.#child = null;
    const { name, logger, isFinal } = this.#options;
    if (this.#isStopping || isFinal(exitCode)) {
      this.#end({ exitCode: exitCode ?? 1, reason: this.#isStopping ? "stopped" : "ended" });
      return;
    }
    if (!this.#restarts.tryRestart()) {
      logger.error(
        { process: name, exitCode, signal, restarts: this.#restarts.recent },
        "process crashed too often; giving up",
      );
      this.#end({ exitCode: exitCode ?? 1, reason: "crashed-too-often" });
      return;
    }
    const waitMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (this.#restarts.recent - 1));
    logger.error(
      { process: name, exitCode, signal, restartInMs: waitMs },
      "process crashed; it is started again",
    );
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
    const cancel = options.wallClock.after(options.msMax, () =>
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
