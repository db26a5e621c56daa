import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import type { Database } from "better-sqlite3";

/** "SMCR" in the file's header. */
const APPLICATION_ID = 0x53_4d_43_52;
/** Longest wait for another process's write lock, ms. */
const BUSY_MS_MAX = 10_000;

/**
 * Rows are added and never changed: a try that could be taken back would not count. `trials` says what was tried, before
 * its result is known; `results` what came of it.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE trials (
    trial_id INTEGER PRIMARY KEY AUTOINCREMENT,
    trial_sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL,
    features_sha256 TEXT NOT NULL,
    model_id TEXT,
    data_sha256 TEXT NOT NULL,
    day_ranges TEXT NOT NULL,
    hold_out TEXT,
    count INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX trials_by_sha256 ON trials (trial_sha256);
  CREATE TABLE results (
    trial_id INTEGER PRIMARY KEY REFERENCES trials,
    daily BLOB NOT NULL,
    finished_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE hold_outs (
    name TEXT PRIMARY KEY,
    from_day INTEGER NOT NULL,
    to_day INTEGER NOT NULL,
    sealed_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE openings (
    opening_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL REFERENCES hold_outs,
    why TEXT NOT NULL,
    opened_ms INTEGER NOT NULL
  ) STRICT;
  ${["trials", "results", "hold_outs", "openings"]
    .flatMap((table) =>
      ["UPDATE", "DELETE"].map(
        (verb) =>
          `CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
           BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
      ),
    )
    .join("\n")}
  `,
];

/** The path of the book of research in a data folder. */
export function researchFile(dataDir: string): string {
  return join(dataDir, "research.db");
}

/** Opens the book for writing, makes it where there is none (owner only). Throws SmcqError RESEARCH_BOOK. */
export function openResearchFile(file: string): Database {
  let db: Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const before = process.umask(0o177);
    try {
      db = new SqliteDatabase(file, { timeout: BUSY_MS_MAX });
      refuseStrange(db);
      db.pragma("journal_mode = WAL");
    } finally {
      process.umask(before);
    }
    // A try that a power cut takes is a try that is not counted.
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    throw researchError(error, file);
  }
}

function refuseStrange(db: Database): void {
  const version = db.pragma("user_version", { simple: true }) as number;
  const id = db.pragma("application_id", { simple: true });
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || tables !== 0))
    throw new SmcqError("RESEARCH_BOOK", `${db.name} is a database of another program`);
  if (version > STEPS.length)
    throw new SmcqError(
      "RESEARCH_BOOK",
      `${db.name} has schema ${version}, this engine knows up to ${STEPS.length}: use the newer engine. Do not begin a new book: what was tried would not count`,
    );
}

function migrate(db: Database): void {
  const run = db.transaction(() => {
    const version = db.pragma("user_version", { simple: true }) as number;
    if (version >= STEPS.length) return;
    db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const step of STEPS.slice(version)) db.exec(step);
    db.pragma(`user_version = ${STEPS.length}`);
  });
  run.immediate();
}

/** What the database says, as an error of the book's. */
export function researchError(error: unknown, file: string): SmcqError {
  if (error instanceof SmcqError) return error;
  return new SmcqError("RESEARCH_BOOK", `cannot use the book of research ${file}: ${errorMessage(error)}`, {
    context: { file, cause: errorCode(error) },
    cause: error,
  });
}
