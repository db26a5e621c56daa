import { inspect } from "node:util";
import { ExitCode } from "../exit-codes.ts";
import { limitHints, readLimits } from "./limit-hints.ts";
import { standardError } from "./outlet.ts";

/**
 * Node writes its warnings, and the error that ends a process, with calls that wait for the reader of standard error; from
 * here on they go the way of every other line.
 */
export function sayFaultsAloud(): void {
  // Without a listener they were switched off (`--no-warnings`).
  if (process.listenerCount("warning") > 0) {
    process.removeAllListeners("warning");
    process.on("warning", ({ name, message }) => standardError().write(`${name}: ${message}\n`));
  }
  process.on("uncaughtException", (error) => {
    standardError().write(`${inspect(error)}\n`);
    sayLimits();
    process.exit(ExitCode.Unexpected);
  });
}

/** The system's limits that may be behind a failure are named last, whatever it was that failed. */
export function sayLimits(): void {
  for (const hint of limitHints(readLimits())) standardError().write(`smcq: ${hint}\n`);
}
