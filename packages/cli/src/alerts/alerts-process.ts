import type { AlertsConfig, LogConfig } from "@smcq/config";
import { errorCode, errorMessage, SystemClock } from "@smcq/kernel";
import { exitCodeOf } from "../exit-codes.ts";
import { sayFaultsAloud } from "../output/faults-aloud.ts";
import { createLogger } from "../output/logger.ts";
import { AlertService, type Notice } from "./alert-service.ts";

/** What may be sent at the end is sent within this time, wall ms: less than the supervisor's patience. */
const CLOSE_MS_MAX = 8_000;
const LINGER_MS_MAX = 1_000;

/** What the supervisor hands to the alerts' process; secrets come by its environment. */
export interface AlertsPayload {
  readonly dataDir: string;
  readonly alerts: AlertsConfig;
  readonly protectMs: number;
  readonly log: LogConfig;
}

/** Supervisor -> alerts. */
export type AlertsMessage =
  | { readonly type: "start"; readonly payload: AlertsPayload }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "engine"; readonly isThere: boolean }
  | { readonly type: "stop" };

const wallClock = new SystemClock();
/** Aborted when it is to end: the supervisor says so, or is gone. */
const stop = new AbortController();
process.on("disconnect", () => stop.abort());
// A terminal or a service manager asks the whole group to end: how the engine ends is still to be told.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

/** What came before the service was there. */
const waiting: AlertsMessage[] = [];
let hear = (message: AlertsMessage): void => void waiting.push(message);

function firstMessage(): Promise<AlertsPayload | null> {
  return new Promise((resolve) => {
    process.on("message", (message: AlertsMessage) => {
      if (message.type === "start") resolve(message.payload);
      else if (message.type === "stop") stop.abort();
      else hear(message);
    });
    process.once("disconnect", () => resolve(null));
  });
}

async function run({ dataDir, alerts, protectMs, log }: AlertsPayload): Promise<number> {
  const logger = createLogger(log, { component: "alerts" });
  try {
    const service = new AlertService({
      dataDir,
      alerts,
      protectMs,
      env: process.env,
      clock: wallClock,
      logger,
    });
    hear = (message) => {
      if (message.type === "notice") service.notice(message.notice);
      else if (message.type === "engine") service.engineIs(message.isThere);
    };
    for (const message of waiting.splice(0)) hear(message);
    service.start();
    logger.info({ channels: alerts.channels, severityMin: alerts.severityMin }, "alerts are on");
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve();
      stop.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await service.close(CLOSE_MS_MAX);
    return 0;
  } catch (error) {
    logger.error({ code: errorCode(error) }, errorMessage(error));
    return exitCodeOf(error);
  }
}

sayFaultsAloud();
if (!process.connected) throw new Error("this file is started by `smcq engine`");
const payload = await firstMessage();
process.exitCode = payload === null ? 0 : await run(payload);
if (process.connected) process.disconnect();
wallClock.after(LINGER_MS_MAX, () => process.exit(), { unref: true });
