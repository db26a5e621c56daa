import { errorCode, errorMessage, repeat, SmcqError, SystemClock } from "@smcq/kernel";
import { exitCodeOf } from "../exit-codes.ts";
import { runEngine } from "../run/run-engine.ts";
import { createLogger } from "../output/logger.ts";
import type { EnginePayload, StartMessage, StopMessage } from "../modes/engine-payload.ts";

/** After everything is closed, handles that still keep the process alive are cut after this time, wall ms. */
const LINGER_MS_MAX = 2_000;
/** How often the supervisor hears that the event loop turns, wall ms. */
const REPORT_MS = 1_000;

const wallClock = new SystemClock();
const stop = new AbortController();

// The terminal's Ctrl-C reaches the whole group, a service manager's SIGTERM this process, the supervisor speaks by
// message; a supervisor that is gone closes the channel. All of them mean the same.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort(signal));
process.on("disconnect", () => stop.abort("the supervisor is gone"));

function firstMessage(): Promise<EnginePayload | null> {
  return new Promise((resolve) => {
    process.on("message", (message: StartMessage | StopMessage) => {
      if (message.type === "start") resolve(message.payload);
      else stop.abort("asked to stop");
    });
    process.once("disconnect", () => resolve(null));
  });
}

function report(): void {
  if (process.connected) process.send?.({ type: "alive" }, undefined, {}, () => {});
}

async function run(payload: EnginePayload): Promise<number> {
  const logger = createLogger(payload.config.log);
  try {
    return await runEngine(payload, { logger, signal: stop.signal });
  } catch (error) {
    const context = error instanceof SmcqError ? error.context : {};
    logger.error({ code: errorCode(error), ...context }, errorMessage(error));
    if (!(error instanceof SmcqError)) console.error(error);
    return exitCodeOf(error);
  }
}

if (!process.connected) throw new SmcqError("USAGE_ENGINE_PROCESS", "this file is started by `smcq engine`");
report();
repeat(wallClock, REPORT_MS, report);
const payload = await firstMessage();
process.exitCode = payload === null ? 0 : await run(payload);
if (process.connected) process.disconnect();
// Every thread and the ledger are closed here: nothing native is in flight.
wallClock.after(LINGER_MS_MAX, () => process.exit(), { unref: true });
