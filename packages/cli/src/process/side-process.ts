import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { SupervisedProcess } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import { type Logger, SystemClock, workerUrl } from "@smcq/kernel";
import { ExitCode } from "../exit-codes.ts";
import { childOutput, passOn } from "../output/child-output.ts";
import { IGNORE_HANGUP } from "./hangup.ts";

/** Beside the engine there is little to do: its memory stays small. */
const SIDE_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

/** Supervisor -> a process beside the engine. */
export type SideMessage<Payload> =
  | { readonly type: "start"; readonly payload: Payload }
  | { readonly type: "stop" };

export interface SideOptions<Payload> {
  readonly name: string;
  /** The entry's path without its ending, as seen from this folder. */
  readonly entry: string;
  readonly payload: Payload;
  /** What of the environment it needs; nothing else is handed on. */
  readonly env: Readonly<Record<string, string>>;
}

export interface SideSurroundings {
  readonly isHangupIgnored: boolean;
  readonly policy: EngineConfig["supervisor"];
  readonly logger: Logger;
}

/**
 * A process beside the engine, from the first READY to the end of the run. Whatever becomes of it is logged, and it is
 * started again as often as the engine would be; the engine neither waits for it nor ends with it.
 */
export class SideProcess<Payload> {
  readonly #process: SupervisedProcess;
  #isStarted = false;

  constructor(
    { name, entry, payload, env }: SideOptions<Payload>,
    { isHangupIgnored, policy, logger }: SideSurroundings,
  ) {
    this.#process = new SupervisedProcess({
      name,
      start: () => {
        const path = fileURLToPath(workerUrl(import.meta.url, entry));
        const child = fork(path, isHangupIgnored ? [IGNORE_HANGUP] : [], {
          env,
          execArgv: [...process.execArgv, ...SIDE_FLAGS],
          stdio: childOutput(),
        });
        passOn(child);
        tell(child, { type: "start", payload });
        return child;
      },
      askToStop: (child) => tell(child, { type: "stop" }),
      // What is refused once (a port in use, a page that is not built, a password) stays so.
      isFinal: (exitCode) => exitCode !== null && exitCode !== ExitCode.Unexpected,
      policy,
      wallClock: new SystemClock(),
      logger,
    });
  }

  /** Starts it, the first time. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#process.start();
  }

  /** The run is ending: the group's Ctrl-C may end it first. */
  expectEnd(): void {
    this.#isStarted = true;
    this.#process.expectEnd();
  }

  async stop(): Promise<void> {
    this.#isStarted = true;
    await this.#process.stop();
  }
}

/** A child that is just ending hears nothing any more, which is no failure: its exit says the rest. */
function tell<Payload>(child: ChildProcess, message: SideMessage<Payload>): void {
  if (child.connected) child.send(message as object, () => {});
}
