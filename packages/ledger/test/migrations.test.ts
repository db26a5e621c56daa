import { join } from "node:path";
import { errorCode } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../src/database.ts";
import { LedgerReader, MIGRATIONS } from "../src/index.ts";
import type { Migration } from "../src/index.ts";
import { schemaVersion } from "../src/migrations.ts";
import { LedgerStore } from "../src/store.ts";
import { runRecord, temporaryFolder } from "./helpers.ts";

const NEXT: readonly Migration[] = [
  ...MIGRATIONS,
  {
    version: MIGRATIONS.length + 1,
    sql: "ALTER TABLE runs ADD COLUMN note TEXT; CREATE TABLE intents (id INTEGER PRIMARY KEY) STRICT;",
  },
  { version: MIGRATIONS.length + 2, sql: "INSERT INTO intents (id) SELECT run_key FROM runs;" },
];

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    return { code: errorCode(error), message: (error as Error).message };
  }
  return { code: "no error", message: "" };
}

function oldLedger(): string {
  const file = join(temporaryFolder(), "ledger.db");
  const store = new LedgerStore({ file });
  store.beginRun(runRecord("r1"));
  store.close();
  return file;
}

describe("schema migrations", () => {
  it("are numbered from 1 without a hole", () => {
    expect(MIGRATIONS.map((step) => step.version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it("bring an old file up to date and keep its rows", () => {
    const file = oldLedger();
    const db = openDatabase({ file, migrations: NEXT });
    expect(schemaVersion(db)).toBe(NEXT.length);
    expect(db.prepare("SELECT run_id, note FROM runs").get()).toEqual({ run_id: "r1", note: null });
    expect(db.prepare("SELECT id FROM intents").pluck().all()).toEqual([1]);
    db.close();
    const again = openDatabase({ file, migrations: NEXT });
    expect(again.prepare("SELECT count(*) FROM intents").pluck().get()).toBe(1);
    again.close();
  });

  it.each(MIGRATIONS.map(({ version }) => version))("bring a file of schema %s to the newest", (version) => {
    const file = join(temporaryFolder(), "ledger.db");
    const old = openDatabase({ file, migrations: MIGRATIONS.slice(0, version) });
    old.exec(`INSERT INTO runs (run_id, mode, started_at_ms, engine_version, config_hash, config_json, scorer_id,
      feature_schema_hash, smc_parameters_json, seed) VALUES ('r1', 'sim', 1, '0', 'c', '{}', 's', 'f', '{}', 1)`);
    old.close();
    const db = openDatabase({ file });
    const fresh = openDatabase({ file: join(temporaryFolder(), "ledger.db") });
    const tables = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
    expect(db.prepare(tables).all()).toEqual(fresh.prepare(tables).all());
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(db.prepare("SELECT run_id FROM runs").pluck().all()).toEqual(["r1"]);
    db.close();
    fresh.close();
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r2"));
    store.close();
  });

  it("change nothing at all when a later step fails", () => {
    const file = oldLedger();
    const broken = [
      ...NEXT,
      { version: NEXT.length + 1, sql: "CREATE TABLE half (x) STRICT; SELECT * FROM nowhere;" },
    ];
    expect(refusal(() => openDatabase({ file, migrations: broken })).code).toBe("LEDGER_REFUSED");
    const db = openDatabase({ file });
    expect(schemaVersion(db)).toBe(MIGRATIONS.length);
    expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'intents'").pluck().get()).toBe(0);
    db.close();
  });

  it("refuse a file of a newer engine, for writing and for reading, and leave it as it is", () => {
    const file = oldLedger();
    openDatabase({ file, migrations: NEXT }).close();
    const writing = refusal(() => openDatabase({ file }));
    expect(writing.code).toBe("LEDGER_SCHEMA_NEWER");
    expect(writing.message).toContain(
      `has schema ${NEXT.length}, this engine knows up to ${MIGRATIONS.length}`,
    );
    expect(refusal(() => new LedgerReader(file)).code).toBe("LEDGER_SCHEMA_NEWER");
    const db = new SqliteDatabase(file);
    expect(schemaVersion(db)).toBe(NEXT.length);
    db.close();
  });
});
