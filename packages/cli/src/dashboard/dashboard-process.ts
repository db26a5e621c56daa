import { errorCode, errorMessage, SystemClock } from "@smcq/kernel";
import { exitCodeOf } from "../exit-codes.ts";
import { sayFaultsAloud } from "../output/faults-aloud.ts";
import { createLogger } from "../output/logger.ts";
import { IGNORE_HANGUP } from "../process/hangup.ts";
import type { SideMessage } from "../process/side-process.ts";
import { StopSignals } from "../process/stop-signals.ts";
import { type DashboardPayload, serveDashboard } from "./serve-dashboard.ts";

/** What a browser still holds is cut after this time, wall ms. */
const LINGER_MS_MAX = 1_000;

const wallClock = new SystemClock();
const signals = new StopSignals(wallClock, {
  onHangup: process.argv.includes(IGNORE_HANGUP) ? (): void => {} : null,
});
process.on("disconnect", () => signals.ask("the supervisor is gone"));

function firstMessage(): Promise<DashboardPayload | null> {
  return new Promise((resolve) => {
    process.on("message", (message: SideMessage<DashboardPayload>) => {
      if (message.type === "start") resolve(message.payload);
      else signals.ask("asked to stop");
    });
    process.once("disconnect", () => resolve(null));
  });
}

async function run(payload: DashboardPayload): Promise<number> {
  const logger = createLogger(payload.log, { component: "dashboard" });
  try {
    const { server, listening } = await serveDashboard(payload, { wallClock, logger });
    const { port, link } = listening;
    const display = `dashboard: ${link}  (opens once, within 10 minutes)`;
    logger.info({ port, link, display }, "dashboard is served");
    await new Promise<void>((resolve) => {
      if (signals.stop.aborted) resolve();
      signals.stop.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.close();
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
