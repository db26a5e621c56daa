import { isatty } from "node:tty";
import type { LogConfig } from "@smcq/config";
import { escapeHidden, type Logger } from "@smcq/kernel";
import { type LoggerOptions, pino } from "pino";
import type { LogTail } from "./log-tail.ts";
import { type Outlet, standardError, standardOutput } from "./outlet.ts";
import { prettyLine } from "./pretty.ts";

/** What is said of a pause that is over (`watchPauses`). */
export const PAUSE_TEXT = "this process was paused, the machine slept, or its clock was set";

/**
 * The one real logger: JSON lines, or text for eyes on a terminal. A line is written before the call returns, whatever
 * ends the process next; one that its reader does not take waits, or is dropped and counted (`Outlet`). The tail has what
 * was written, whether anybody reads it or not.
 */
export function createLogger(
  config: LogConfig,
  bound: Readonly<Record<string, unknown>> = {},
  tail: LogTail | null = null,
): Logger {
  const isPretty = config.format === "pretty" || (config.format === "auto" && isatty(1));
  return loggerOn(standardOutput(), { options: shape(config.level, bound), isPretty, tail });
}

/** The same for commands whose standard output is their result: lines go to standard error, warnings and up. */
export function createStderrLogger(config: LogConfig): Logger {
  const options = shape(config.level === "info" ? "warn" : config.level, {});
  return loggerOn(standardError(), { options, isPretty: isatty(2), tail: null });
}

function loggerOn(
  outlet: Outlet,
  {
    options,
    isPretty,
    tail,
  }: { readonly options: LoggerOptions; readonly isPretty: boolean; readonly tail: LogTail | null },
): Logger {
  const write = (line: string): void => {
    tail?.keep(line);
    outlet.write(isPretty ? prettyLine(line) : line);
  };
  const logger = pino(options, { write });
  outlet.tellLoss((dropped) => logger.warn({ dropped }, "log lines are missing: nobody read the output"));
  return logger;
}

function shape(level: string, base: Readonly<Record<string, unknown>>): LoggerOptions {
  return {
    level,
    base: { ...base },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // JSON leaves bidi marks and the upper controls as they are; a log is read on terminals, too.
    hooks: { streamWrite: (line) => escapeHidden(line, true) },
  };
}
