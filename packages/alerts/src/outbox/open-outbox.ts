import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorMessage, SmcqError } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { OUTBOX_STEPS } from "./schema.ts";

/** "SMCA" in the file's header. */
const APPLICATION_ID = 0x53_4d_43_41;
/** Longest wait for another connection's write lock, ms. */
const BUSY_MS_MAX = 5_000;

/** The path of the outbox in a data folder. */
export function outboxFile(dataDir: string): string {
  return join(dataDir, "alerts.db");
}

function prepare(db: Database): void {
  const version = db.pragma("user_version", { simple: true }) as number;
  const id = db.pragma("application_id", { simple: true });
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || tables !== 0))
    throw new SmcqError("ALERTS_OUTBOX", `${db.name} is a database of another program`);
  if (version > OUTBOX_STEPS.length)
    throw new SmcqError(
      "ALERTS_OUTBOX",
      `${db.name} has schema ${version}, this engine knows up to ${OUTBOX_STEPS.length}: use the newer engine, or move the file aside`,
    );
}

/** Opens the outbox for writing, makes it where there is none (owner only). Throws SmcqError ALERTS_OUTBOX. */
export function openOutboxFile(file: string): Database {
  let db: Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const before = process.umask(0o177);
    try {
      db = new SqliteDatabase(file, { timeout: BUSY_MS_MAX });
      prepare(db);
      db.pragma("journal_mode = WAL");
    } finally {
      process.umask(before);
    }
    // An alert is worth a sync: a power cut loses none that the position has passed.
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    throw outboxError(error, file);
  }
}

/** Opens it for looking only; null: there is none. */
export function openOutboxReadonly(file: string): Database | null {
  if (!existsSync(file)) return null;
  try {
    const db = new SqliteDatabase(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS_MAX });
    prepare(db);
    return db;
  } catch (error) {
    throw outboxError(error, file);
  }
}

function migrate(db: Database): void {
  const run = db.transaction(() => {
    const version = db.pragma("user_version", { simple: true }) as number;
    if (version >= OUTBOX_STEPS.length) return;
    db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const step of OUTBOX_STEPS.slice(version)) db.exec(step);
    db.pragma(`user_version = ${OUTBOX_STEPS.length}`);
    // What makes the ids of its messages its own.
    db.prepare("INSERT OR IGNORE INTO facts (name, value) VALUES ('outbox-id', ?)").run(
      randomBytes(4).toString("hex"),
    );
  });
  run.immediate();
}

function outboxError(error: unknown, file: string): SmcqError {
  if (error instanceof SmcqError) return error;
  return new SmcqError("ALERTS_OUTBOX", `cannot use the alerts' outbox ${file}: ${errorMessage(error)}`, {
    cause: error,
  });
}
