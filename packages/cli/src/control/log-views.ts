/** From the least to the most urgent. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Lines of the log that are told at once, and where nobody says how many. */
export const LOG_LINES_MAX = 500;
export const LOG_LINES_DEFAULT = 100;

/** A line of the engine's log; whatever cannot be seen is escaped. */
export interface LogLineView {
  /** Counts from 1 over the life of the process. */
  readonly seq: number;
  /** ISO, this machine's clock. */
  readonly time: string;
  readonly level: LogLevel;
  readonly text: string;
  /** JSON of the line's fields; empty: it has none. */
  readonly detail: string;
}

/** The newest lines of the engine's log, the oldest of them first. */
export interface LogView {
  /** When the process began to keep them, wall ms: `seq` begins anew where it differs. */
  readonly sinceMs: number;
  /** Of the last line that was written, whatever its level. */
  readonly lastSeq: number;
  /** Lines after the one that was known which are not kept any more. */
  readonly gone: number;
  /** There are more than are told. */
  readonly isCut: boolean;
  readonly lines: readonly LogLineView[];
}
