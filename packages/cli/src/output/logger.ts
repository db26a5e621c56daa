import type { LogConfig } from "@smcq/config";
import { escapeHidden, type Logger } from "@smcq/kernel";
import { type DestinationStream, type LoggerOptions, pino } from "pino";
import { PrettyStream } from "./pretty.ts";

/** The one real logger: JSON lines, or text for eyes on a terminal. */
export function createLogger(config: LogConfig, bound: Readonly<Record<string, unknown>> = {}): Logger {
  const isPretty = config.format === "pretty" || (config.format === "auto" && process.stdout.isTTY);
  const options = shape(config.level, bound);
  // Synchronous writes: a line that was logged is out, whatever ends the process next. A busy run writes a few a minute.
  return pino(options, isPretty ? new PrettyStream(process.stdout) : jsonStream(1));
}

/** The same for commands whose standard output is their result: lines go to standard error, warnings and up. */
export function createStderrLogger(config: LogConfig): Logger {
  const options = shape(config.level === "info" ? "warn" : config.level, {});
  return pino(options, process.stderr.isTTY ? new PrettyStream(process.stderr) : jsonStream(2));
}

function jsonStream(fd: number): DestinationStream {
  const stream = pino.destination({ dest: fd, sync: true });
  // A full disk or a reader that went away costs log lines, never the run.
  stream.on("error", () => {});
  return stream;
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
