import { errorCode, errorMessage, repeat, SmcqError, SystemClock, watchPauses } from "@smcq/kernel";
import { exitCodeOf } from "../exit-codes.ts";
import { runEngine } from "../run/run-engine.ts";
import { inspect } from "node:util";
import { LogTail } from "../output/log-tail.ts";
import { createLogger, PAUSE_TEXT } from "../output/logger.ts";
import { sayFaultsAloud } from "../output/faults-aloud.ts";
import { standardError, standardOutput } from "../output/outlet.ts";
import { saveMemory } from "./engine-memory.ts";
import { IGNORE_HANGUP } from "./hangup.ts";
import { StopSignals } from "./stop-signals.ts";
import type { EnginePayload, EngineReport, StartMessage, StopMessage } from "../modes/engine-payload.ts";

/** After everything is closed, handles that still keep the process alive are cut after this time, wall ms. */
const LINGER_MS_MAX = 2_000;
/** How often the supervisor hears that the event loop turns, wall ms. */
const REPORT_MS = 1_000;

const wallClock = new SystemClock();
// Signals reach this process or the whole group, the supervisor speaks by message; a supervisor that is gone closes the
// channel. All of them mean the same.
const signals = new StopSignals(wallClock, {
  onHangup: process.argv.includes(IGNORE_HANGUP) ? (): void => {} : null,
});
process.on("disconnect", () => signals.ask("the supervisor is gone"));

function firstMessage(): Promise<EnginePayload | null> {
  return new Promise((resolve) => {
    process.on("message", (message: StartMessage | StopMessage) => {
      if (message.type === "start") resolve(message.payload);
      else if (message.isNow) signals.askNow("asked to stop at once");
      else signals.ask("asked to stop");
    });
    process.once("disconnect", () => resolve(null));
  });
}

/** The report that the supervisor has not taken yet: while it is paused, one waits. */
let isReportWaiting = false;

function report(): void {
  if (isReportWaiting) return;
  isReportWaiting = process.connected;
  tell({ type: "alive" }, () => {
    isReportWaiting = false;
  });
}

function tell(message: EngineReport, onTaken = (): void => {}): void {
  if (process.connected) process.send?.(message, undefined, {}, onTaken);
}

async function run(payload: EnginePayload): Promise<number> {
  const logTail = new LogTail(wallClock.nowMs());
  const logger = createLogger(payload.config.log, {}, logTail);
  watchPauses(wallClock, (pause) => logger.warn({ ...pause }, PAUSE_TEXT));
  try {
    return await runEngine(payload, {
      logger,
      logTail,
      signal: signals.stop,
      hurry: signals.hurry,
      onReady: () => tell({ type: "ready" }),
    });
  } catch (error) {
    const context = error instanceof SmcqError ? error.context : {};
    logger.error({ code: errorCode(error), ...context }, errorMessage(error));
    if (!(error instanceof SmcqError)) standardError().write(`${inspect(error)}\n`);
    return exitCodeOf(error);
  }
}

sayFaultsAloud();
if (!process.connected) throw new SmcqError("USAGE_ENGINE_PROCESS", "this file is started by `smcq engine`");
saveMemory();
report();
repeat(wallClock, REPORT_MS, report);
const payload = await firstMessage();
process.exitCode = payload === null ? 0 : await run(payload);
await Promise.all([standardOutput().drained(), standardError().drained()]);
if (process.connected) process.disconnect();
// Every thread and the ledger are closed here: nothing native is in flight.
wallClock.after(LINGER_MS_MAX, () => process.exit(), { unref: true });
