import type { LogConfig } from "@smcq/config";
import type { Logger } from "@smcq/kernel";
import { pino } from "pino";
import { PrettyStream } from "./pretty.ts";

/** The one real logger: JSON lines, or text for eyes on a terminal. */
export function createLogger(config: LogConfig, bound: Readonly<Record<string, unknown>> = {}): Logger {
  const isPretty = config.format === "pretty" || (config.format === "auto" && process.stdout.isTTY);
  const options = {
    level: config.level,
    base: { ...bound },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  // Synchronous writes: a line that was logged is out, whatever ends the process next. A busy run writes a few a minute.
  return isPretty
    ? pino(options, new PrettyStream(process.stdout))
    : pino(options, pino.destination({ dest: 1, sync: true }));
}

/** The same for commands whose standard output is their result: lines go to standard error, warnings and up. */
export function createStderrLogger(config: LogConfig): Logger {
  const options = { level: config.level === "info" ? "warn" : config.level, base: {} };
  return pino(
    options,
    process.stderr.isTTY ? new PrettyStream(process.stderr) : pino.destination({ dest: 2, sync: true }),
  );
}
