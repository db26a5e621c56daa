import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Alert } from "@smcq/alerts";
import { type SupervisedFailure, SupervisedProcess } from "@smcq/cluster";
import type { LoadedConfig } from "@smcq/config";
import { type Logger, SystemClock, workerUrl } from "@smcq/kernel";
import type { Environment } from "../alerts/alert-secrets.ts";
import type { Notice } from "../alerts/alert-service.ts";
import type { AlertsMessage } from "../alerts/alerts-process.ts";
import { openChannels } from "../alerts/open-channels.ts";
import { ExitCode } from "../exit-codes.ts";
import { childOutput, passOn } from "../output/child-output.ts";

/** Beside the engine there is little to do: its memory stays small. */
const ALERTS_FLAGS: readonly string[] = ["--max-semi-space-size=2"];
/** What the supervisor saw is told again to an alerts' process that is started again; of more the oldest goes. */
const NOTICES_MAX = 64;

/**
 * The alerts' process, from before the engine's start to behind its end. The engine neither waits for it nor ends with it; what
 * the supervisor itself sees it tells it, again after each start, for nothing else knows.
 */
export class SupervisedAlerts {
  readonly #process: SupervisedProcess;
  readonly #clock = new SystemClock();
  /** What makes the ids of this supervisor's notices its own. */
  readonly #begunMs: number;
  #notices: Notice[] = [];
  #ids = 0;
  #isEngineThere = false;

  /** Refuses (ALERTS_SECRET, CONFIG_ALERTS_QUIET) channels that cannot be opened: nobody shall think that he is told. */
  static async open(
    loaded: LoadedConfig,
    parts: { readonly env: Environment; readonly logger: Logger },
  ): Promise<SupervisedAlerts | null> {
    const { alerts } = loaded.config;
    if (alerts.channels.length === 0) return null;
    await openChannels(alerts, { ...parts.env }, new SystemClock()).close();
    return new SupervisedAlerts(loaded, parts);
  }

  private constructor(
    { config }: LoadedConfig,
    { env, logger }: { readonly env: Environment; readonly logger: Logger },
  ) {
    const { dataDir, alerts, log, supervisor, protocol } = config;
    this.#begunMs = this.#clock.nowMs();
    this.#process = new SupervisedProcess({
      name: "alerts",
      start: () => {
        const entry = fileURLToPath(workerUrl(import.meta.url, "../alerts/alerts-process"));
        const child = fork(entry, [], {
          env,
          execArgv: [...process.execArgv, ...ALERTS_FLAGS],
          stdio: childOutput(),
        });
        passOn(child);
        tell(child, { type: "start", payload: { dataDir, alerts, log, protectMs: protocol.protectMs } });
        tell(child, { type: "engine", isThere: this.#isEngineThere });
        for (const notice of this.#notices) tell(child, { type: "notice", notice });
        return child;
      },
      askToStop: (child) => tell(child, { type: "stop" }),
      // Settings stay as they are; a full disk does not.
      isFinal: (exitCode) => exitCode === ExitCode.Ok || exitCode === ExitCode.Config,
      policy: supervisor,
      onFailure: ({ type }) => {
        if (type === "restarting") this.#notice("alerts-restarted", "What happened meanwhile follows.");
      },
      wallClock: this.#clock,
      logger,
    });
  }

  start(): void {
    this.#process.start();
  }

  /** The engine is READY. */
  engineReady(): void {
    this.#engineIs(true);
  }

  /** The engine's process has ended, and nobody had asked for it to end so. */
  engineFailed({ type, exitCode, signal }: SupervisedFailure): void {
    this.#engineIs(false);
    const how = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
    const kinds = {
      restarting: "engine-crashed",
      "given-up": "engine-given-up",
      ended: "engine-ended",
    } as const;
    this.#notice(kinds[type], `It ended with ${how}.`);
  }

  /** The run is ending: it is not started again. */
  expectEnd(): void {
    this.#process.expectEnd();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #engineIs(isThere: boolean): void {
    this.#isEngineThere = isThere;
    const { child } = this.#process;
    if (child !== null) tell(child, { type: "engine", isThere });
  }

  #notice(kind: Alert["kind"], text: string): void {
    const alert = { kind, key: kind, atMs: this.#clock.nowMs(), text };
    const notice = { id: `${process.pid} ${this.#begunMs} ${++this.#ids}`, alert };
    this.#notices = [...this.#notices, notice].slice(-NOTICES_MAX);
    const { child } = this.#process;
    if (child !== null) tell(child, { type: "notice", notice });
  }
}

/** A child that is just ending hears nothing any more: what it missed its successor is told. */
function tell(child: ChildProcess, message: AlertsMessage): void {
  if (child.connected) child.send(message, () => {});
}
