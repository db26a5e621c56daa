import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { exitCodeOf } from "../exit-codes.ts";
import { runEngine } from "../engine/run-engine.ts";
import { createLogger } from "../output/logger.ts";
import type { EnginePayload } from "./engine-payload.ts";

/** After everything is closed, handles that still keep the process alive are cut after this time, wall ms. */
const LINGER_MS_MAX = 2_000;

const payload = JSON.parse(process.argv[2] ?? "null") as EnginePayload | null;
if (payload === null) throw new SmcqError("USAGE_ENGINE_PROCESS", "this file is started by `smcq engine`");

const logger = createLogger(payload.config.log);
const stop = new AbortController();
// The terminal's Ctrl-C reaches the whole group, a service manager's SIGTERM this process, the supervisor speaks by
// message; a supervisor that is gone closes the channel. All four mean the same.
process.on("SIGINT", () => stop.abort("SIGINT"));
process.on("SIGTERM", () => stop.abort("SIGTERM"));
process.on("message", (message: { readonly type?: string }) => {
  if (message.type === "stop") stop.abort("asked to stop");
});
process.on("disconnect", () => stop.abort("the supervisor is gone"));

try {
  process.exitCode = await runEngine(payload, { logger, signal: stop.signal });
} catch (error) {
  const context = error instanceof SmcqError ? error.context : {};
  logger.error({ code: errorCode(error), ...context }, errorMessage(error));
  if (!(error instanceof SmcqError)) console.error(error);
  process.exitCode = exitCodeOf(error);
}
if (process.connected) process.disconnect();
// Every thread and the ledger are closed here: nothing native is in flight.
const { SystemClock } = await import("@smcq/kernel");
new SystemClock().after(LINGER_MS_MAX, () => process.exit(), { unref: true });
