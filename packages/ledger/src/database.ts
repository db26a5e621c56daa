import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SmcqError } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { LedgerErrorCode, ledgerError } from "./errors.ts";
import { MIGRATIONS, migrate, newestVersion, refuseNewer, schemaVersion } from "./migrations.ts";
import type { Migration } from "./migrations.ts";

/** "SMCQ" in the file's header: tells our files from other SQLite databases. */
const APPLICATION_ID = 0x53_4d_43_51;

/**
 * Pages of the write-ahead log at which a commit folds it back itself; before, the ledger's thread does so when nobody
 * waits: the some milliseconds that it takes would be on an order's way (SQLite's own limit is 1,000).
 */
const WAL_PAGES_MAX = 8_192;

/** The write-ahead log is cut back to this size after a checkpoint. */
const WAL_BYTES_MAX = 67_108_864;

/**
 * Pages of a writer's file that SQLite keeps in memory, bytes. Its own limit here is 16 MB, which minutes of trading fill:
 * rows are added at the end of their tables, and what is read again lies in the system's cache as well.
 */
export const CACHE_BYTES_MAX = 2_097_152;

/** Default longest wait for another connection's write lock. */
export const BUSY_MS_MAX = 2_000;

export interface DatabaseOptions {
  readonly file: string;
  /** Longest wait for another connection's write lock, ms. */
  readonly busyMsMax?: number;
  /** Hard limit of the file; writing beyond it fails with LEDGER_DISK_FULL. None by default. */
  readonly fileBytesMax?: number;
  /** The file was there before: it is not made anew. */
  readonly mustExist?: boolean;
  /** For tests of the migration itself. */
  readonly migrations?: readonly Migration[];
}

/** Returns the path of the ledger in a data folder. */
export function ledgerFile(dataDir: string): string {
  return join(dataDir, "ledger.db");
}

function refuseForeign(db: Database): void {
  const applicationId = db.pragma("application_id", { simple: true });
  if (applicationId === APPLICATION_ID) return;
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (applicationId !== 0 || schemaVersion(db) !== 0 || tables !== 0)
    throw new SmcqError(LedgerErrorCode.Foreign, `${db.name} is a database of another program`, {
      context: { file: db.name },
    });
}

function refuseDamaged(db: Database): void {
  const answer = db.pragma("quick_check(1)", { simple: true });
  if (answer !== "ok")
    throw new SmcqError(
      LedgerErrorCode.Corrupt,
      `${db.name} is damaged (${String(answer)}): move it and its -wal and -shm files aside`,
      { context: { file: db.name } },
    );
}

/** Refuses what is left of a ledger, of which a new one would be made without a word. */
function refuseEmptied(file: string, isNew: boolean): void {
  const bytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const what =
    !isNew && bytes(file) === 0
      ? "is empty"
      : isNew && bytes(`${file}-wal`) > 0
        ? "is gone, but a part of it is in the -wal file beside it"
        : null;
  if (what === null) return;
  throw new SmcqError(
    LedgerErrorCode.Corrupt,
    `${file} ${what}: a ledger was here. Put it back from a copy, or move what is left of it aside to begin a new one`,
    { context: { file } },
  );
}

/** Makes a new ledger beside its place and puts it there whole, so that an empty file is never one of ours. */
function createWhole(options: DatabaseOptions): void {
  const { file } = options;
  const draft = `${file}.new`;
  for (const part of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(part, { force: true });
  const db = new SqliteDatabase(draft);
  try {
    prepare(db, options);
  } finally {
    db.close();
  }
  renameSync(draft, file);
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
}

function isAbsent(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) === undefined;
}

function prepare(db: Database, options: DatabaseOptions): void {
  const migrations = options.migrations ?? MIGRATIONS;
  // Judged before anything is written: not even the journal mode of a strange file is changed.
  refuseForeign(db);
  refuseNewer(db, migrations);
  refuseDamaged(db);
  const journal = db.pragma("journal_mode = WAL", { simple: true });
  if (journal !== "wal")
    throw new SmcqError(LedgerErrorCode.Unwritable, `${db.name}: no write-ahead log on this file system`, {
      context: { file: db.name, journal: String(journal) },
    });
  db.pragma(`wal_autocheckpoint = ${WAL_PAGES_MAX}`);
  db.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`);
  db.pragma("synchronous = FULL");
  // A negative number is a size, KiB, a positive one a count of pages.
  db.pragma(`cache_size = -${CACHE_BYTES_MAX / 1_024}`);
  db.pragma("foreign_keys = ON");
  if (options.fileBytesMax !== undefined) {
    const pageBytes = db.pragma("page_size", { simple: true }) as number;
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(options.fileBytesMax / pageBytes))}`);
  }
  // A file that is up to date is opened without the write lock, which another process may hold at this moment.
  if (schemaVersion(db) < newestVersion(migrations)) {
    db.pragma(`application_id = ${APPLICATION_ID}`);
    migrate(db, migrations);
  }
}

/** Opens, checks and migrates the ledger for writing; makes its folder (owner only). Throws SmcqError `LEDGER_*`. */
export function openDatabase(options: DatabaseOptions): Database {
  const { file } = options;
  let db: Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const isNew = isAbsent(file);
    if (!isNew || options.mustExist !== true) refuseEmptied(file, isNew);
    if (isNew && options.mustExist === true)
      throw new SmcqError(LedgerErrorCode.Moved, `${file} was removed while the engine runs`, {
        context: { file },
      });
    if (isNew) createWhole(options);
    db = new SqliteDatabase(file, { timeout: options.busyMsMax ?? BUSY_MS_MAX });
    prepare(db, options);
    return db;
  } catch (error) {
    db?.close();
    throw ledgerError(error, `cannot open the ledger ${file}`, { file });
  }
}

/** Opens the ledger for reading only; refuses absent, damaged, foreign and newer files. */
export function openReadonly(file: string, busyMsMax: number = BUSY_MS_MAX): Database {
  if (!existsSync(file))
    throw new SmcqError(LedgerErrorCode.Absent, `there is no ledger at ${file}`, { context: { file } });
  let db: Database | undefined;
  try {
    db = new SqliteDatabase(file, { readonly: true, fileMustExist: true, timeout: busyMsMax });
    refuseForeign(db);
    refuseNewer(db, MIGRATIONS);
    return db;
  } catch (error) {
    db?.close();
    throw ledgerError(error, `cannot read the ledger ${file}`, { file });
  }
}

/**
 * Runs `work` with synchronous=NORMAL, then goes back to FULL, which syncs the log after a commit, earlier NORMAL commits
 * included. One connection and a switch rather than two connections: there is one writer thread, so a second connection
 * would only add a page cache and lock conflicts. FULL is what stands: the switch takes 0.1 ms, which no intent waits for.
 */
export function unsynced<T>(db: Database, work: () => T): T {
  db.pragma("synchronous = NORMAL");
  try {
    return work();
  } finally {
    db.pragma("synchronous = FULL");
  }
}
