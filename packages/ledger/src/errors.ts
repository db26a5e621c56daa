import { SmcqError, errorCode, errorMessage } from "@smcq/kernel";
import type { ErrorContext } from "@smcq/kernel";

/** Codes of the failures this package throws or reports. */
export const LedgerErrorCode = {
  /** Another connection held the database longer than `busyMsMax`. */
  Busy: "LEDGER_BUSY",
  /** No space, or the file reached `fileBytesMax`. */
  DiskFull: "LEDGER_DISK_FULL",
  /** Reading, writing or syncing failed. */
  Io: "LEDGER_IO",
  /** The folder or file cannot be created or written. */
  Unwritable: "LEDGER_UNWRITABLE",
  /** The file is damaged or is no database. */
  Corrupt: "LEDGER_CORRUPT",
  /** The file is a database of another program. */
  Foreign: "LEDGER_FOREIGN",
  /** The file was written by a newer version of the engine. */
  SchemaNewer: "LEDGER_SCHEMA_NEWER",
  /** There is no such file (read-only open). */
  Absent: "LEDGER_ABSENT",
  /** A run of that id exists with other contents, or no run of that id exists. */
  RunMismatch: "LEDGER_RUN_MISMATCH",
  /** The file was removed, replaced or cut while it was open: what was stored is lost. */
  Moved: "LEDGER_MOVED",
  /** The database refused a statement: our fault, not the disk's. */
  Refused: "LEDGER_REFUSED",
  /** The thread ended unexpectedly too often; nothing is stored any more. */
  ThreadDead: "LEDGER_THREAD_DEAD",
  /** Waiting signals were not stored within `drainMsMax`. */
  DrainTimeout: "LEDGER_DRAIN_TIMEOUT",
  /** Signals came after `close`, or while no run was open. */
  NotOpen: "LEDGER_NOT_OPEN",
  /** Another live process holds the data folder. */
  RunLocked: "RUN_LOCKED",
} as const;
export type LedgerErrorCode = (typeof LedgerErrorCode)[keyof typeof LedgerErrorCode];

/** Codes after which the same batch may succeed later (sqlite.org/rescode.html). */
const RETRYABLE: ReadonlySet<string> = new Set([
  LedgerErrorCode.Busy,
  LedgerErrorCode.DiskFull,
  LedgerErrorCode.Io,
  LedgerErrorCode.Unwritable,
]);

const BY_PREFIX: readonly (readonly [prefix: string, code: LedgerErrorCode])[] = [
  ["SQLITE_BUSY", LedgerErrorCode.Busy],
  ["SQLITE_LOCKED", LedgerErrorCode.Busy],
  ["SQLITE_FULL", LedgerErrorCode.DiskFull],
  ["ENOSPC", LedgerErrorCode.DiskFull],
  ["EDQUOT", LedgerErrorCode.DiskFull],
  ["SQLITE_IOERR", LedgerErrorCode.Io],
  ["EIO", LedgerErrorCode.Io],
  ["SQLITE_READONLY", LedgerErrorCode.Unwritable],
  ["SQLITE_CANTOPEN", LedgerErrorCode.Unwritable],
  ["SQLITE_PERM", LedgerErrorCode.Unwritable],
  ["EACCES", LedgerErrorCode.Unwritable],
  ["EPERM", LedgerErrorCode.Unwritable],
  ["EROFS", LedgerErrorCode.Unwritable],
  ["ENOTDIR", LedgerErrorCode.Unwritable],
  ["EEXIST", LedgerErrorCode.Unwritable],
  ["ENOENT", LedgerErrorCode.Unwritable],
  ["SQLITE_CORRUPT", LedgerErrorCode.Corrupt],
  ["SQLITE_NOTADB", LedgerErrorCode.Corrupt],
];

/** Returns whether a batch refused with this code may be tried again. */
export function isRetryable(code: string): boolean {
  return RETRYABLE.has(code);
}

/** Returns an error of ours for anything that SQLite or the file system threw; ours pass through. */
export function ledgerError(error: unknown, doing: string, context: ErrorContext): SmcqError {
  if (error instanceof SmcqError) return error;
  const nativeCode = errorCode(error);
  const code = BY_PREFIX.find(([prefix]) => nativeCode.startsWith(prefix))?.[1] ?? LedgerErrorCode.Refused;
  const message = `${doing}: ${errorMessage(error)} (${nativeCode})`;
  return new SmcqError(code, message, { context: { ...context, nativeCode }, cause: error });
}
