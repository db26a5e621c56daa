import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { SupervisedProcess } from "@smcq/cluster";
import type { LoadedConfig } from "@smcq/config";
import { type Logger, SystemClock, workerUrl } from "@smcq/kernel";
import type { DashboardMessage } from "../dashboard/serve-dashboard.ts";
import { ExitCode } from "../exit-codes.ts";
import { childOutput, passOn } from "../output/child-output.ts";
import { IGNORE_HANGUP } from "./hangup.ts";

/** Beside the engine there is little to do: its memory stays small. */
const DASHBOARD_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

/**
 * The dashboard's process, from the first READY to the end of the run. Whatever becomes of it is logged, and it is started
 * again as often as the engine would be; the engine neither waits for it nor ends with it.
 */
export class SupervisedDashboard {
  readonly #process: SupervisedProcess;
  #isStarted = false;

  constructor(
    { config }: LoadedConfig,
    { isHangupIgnored, logger }: { readonly isHangupIgnored: boolean; readonly logger: Logger },
  ) {
    const { dataDir, dashboard, log, supervisor } = config;
    this.#process = new SupervisedProcess({
      name: "dashboard",
      start: () => {
        const entry = fileURLToPath(workerUrl(import.meta.url, "../dashboard/dashboard-process"));
        // No environment: it needs no key.
        const child = fork(entry, isHangupIgnored ? [IGNORE_HANGUP] : [], {
          env: {},
          execArgv: [...process.execArgv, ...DASHBOARD_FLAGS],
          stdio: childOutput(),
        });
        passOn(child);
        tell(child, { type: "start", payload: { dataDir, dashboard, log } });
        return child;
      },
      askToStop: (child) => tell(child, { type: "stop" }),
      // A port in use or a page that is not built stay so.
      isFinal: (exitCode) => exitCode !== null && exitCode !== ExitCode.Unexpected,
      policy: supervisor,
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
function tell(child: ChildProcess, message: DashboardMessage): void {
  if (child.connected) child.send(message, () => {});
}
