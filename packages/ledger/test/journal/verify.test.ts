import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database.ts";
import {
  compareTables,
  JournalReader,
  LedgerErrorCode,
  MIGRATIONS,
  type Verification,
  verifyJournal,
} from "../../src/index.ts";
import type { JournalRow } from "../../src/journal/journal-row.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";
import { fileOf, randomDay, rowsOf } from "../support/journaled.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const COLUMNS = "journal_key run_key seq kind now_ms now_ns event commands commands_hash hash".split(" ");

/** Rows as a run's journal has them. */
const recorded = [SEED, SEED + 1].map((seed) => randomDay(seed, 12));
const days = recorded.map(rowsOf);

/** Two runs of one file, batch by batch. */
const twoRuns = (): string => fileOf({ "run 0": recorded[0] ?? [], "run 1": recorded[1] ?? [] });

/** Changes the file behind the ledger's back, looks at what verify says, and changes it back. */
function afterwards(file: string, change: (db: InstanceType<typeof SqliteDatabase>) => void): Verification {
  const db = new SqliteDatabase(file);
  db.pragma("foreign_keys = OFF");
  db.exec("BEGIN");
  change(db);
  db.exec("COMMIT");
  db.close();
  return verifyJournal(file);
}

/** One byte of a value is another one; a number's text, or a hash's, stays one. */
function flipped(value: unknown, rng: Rng): unknown {
  if (typeof value === "number") return value * 1.001 + 1;
  const bytes = Buffer.from(String(value));
  const at = rng.int(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.int(7));
  return bytes.toString("latin1");
}

describe("verify", () => {
  const total = days.reduce((sum, rows) => sum + rows.length, 0);

  it("finds the chain of two runs in one file whole, and says where it ends", () => {
    const file = twoRuns();
    const whole = verifyJournal(file);
    expect(total).toBeGreaterThan(150);
    expect(whole).toMatchObject({ rows: total, runs: 2, eventsLost: 0, broken: null });
    expect(whole.head).toMatch(/^[0-9a-f]{64}$/);
    expect(verifyJournal(twoRuns()).head).toBe(whole.head);
  });

  it(`names the row of a flipped byte, whichever it is (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    const file = twoRuns();
    for (const column of COLUMNS.flatMap((name) => [name, name, name])) {
      const key = 2 + rng.int(total - 2);
      const db = new SqliteDatabase(file);
      const before = db
        .prepare<[number], { value: unknown; seq: number; runId: string }>(
          `SELECT ${column} AS value, seq, run_id AS runId FROM journal JOIN runs USING (run_key) WHERE journal_key = ?`,
        )
        .get(key);
      db.close();
      if (before === undefined) throw new Error("there is no such row");
      const isKey = column === "journal_key" || column === "run_key" || column === "seq";
      const changed = isKey ? 1_000_000 : flipped(before.value, rng);
      const id = column === "journal_key" ? 1_000_000 : key;
      const update = (value: unknown, at: number) => (file2: InstanceType<typeof SqliteDatabase>) =>
        void file2.prepare(`UPDATE journal SET ${column} = ? WHERE journal_key = ?`).run(value, at);
      const { broken } = afterwards(file, update(changed, key));
      // A row that is gone from its place is seen at the next one.
      const wanted = column === "journal_key" ? key + 1 : key;
      const { seq, runId } = isKey && broken !== null ? broken : before;
      expect([column, broken]).toEqual([column, expect.objectContaining({ journalKey: wanted, seq, runId })]);
      expect(afterwards(file, update(before.value, id)).broken).toBeNull();
    }
  });

  it(`names the row of a byte that flipped on the disk (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    const file = twoRuns();
    const whole = readFileSync(file);
    const rows = days.flatMap((day) => day.map(({ row }) => row));
    let found = 0;
    for (let round = 0; round < 150; round++) {
      const key = rng.int(rows.length);
      const { event, seq } = rows[key] as JournalRow;
      const at = whole.indexOf(event);
      // The same words may stand in another row, and a long text may lie on several pages.
      if (at < 0 || whole.indexOf(event, at + 1) >= 0) continue;
      const damaged = Buffer.from(whole);
      const byte = at + rng.int(event.length);
      damaged[byte] = (damaged[byte] ?? 0) ^ (1 << rng.int(7));
      writeFileSync(file, damaged);
      expect(verifyJournal(file).broken).toMatchObject({ journalKey: key + 1, seq });
      found++;
    }
    expect(found).toBeGreaterThan(20);
    writeFileSync(file, whole);
    expect(verifyJournal(file).broken).toBeNull();
  });

  it("names where rows were taken out, moved, doubled or cut off at the end", () => {
    const taken = twoRuns();
    expect(
      afterwards(taken, (db) => db.exec("DELETE FROM journal WHERE journal_key = 20")).broken,
    ).toMatchObject({
      journalKey: 21,
      problem: "a row is missing before it",
    });
    const closed = twoRuns();
    const renumbered = afterwards(closed, (db) => {
      db.exec("DELETE FROM journal WHERE journal_key = 20");
      db.exec("UPDATE journal SET journal_key = journal_key - 1 WHERE journal_key > 20");
    });
    expect(renumbered.broken).toMatchObject({
      journalKey: 20,
      problem: "it does not have the hash of what it says",
    });
    const cut = afterwards(twoRuns(), (db) =>
      db.exec("DELETE FROM journal WHERE journal_key > (SELECT max(journal_key) - 3 FROM journal)"),
    );
    const last = (days[1]?.length ?? 0) - 1;
    expect(cut.broken).toMatchObject({
      runId: "run 1",
      seq: last - 2,
      problem: `the run's last row has seq ${last - 3}, it was ${last}`,
    });
    const orphaned = afterwards(twoRuns(), (db) => db.exec("DELETE FROM runs WHERE run_id = 'run 0'"));
    expect(orphaned.broken).toMatchObject({ journalKey: 1, problem: "its run is not in the file" });
    const endless = afterwards(twoRuns(), (db) =>
      db.exec("UPDATE runs SET journal_seq = NULL, journal_hash = NULL"),
    );
    expect(endless.broken).toMatchObject({ problem: "the run does not say where its rows end" });
  });

  it("finds nothing wrong with a file that has no journal, and refuses one that is not there", () => {
    const file = join(temporaryFolder(), "ledger.db");
    new LedgerStore({ file }).close();
    expect(verifyJournal(file)).toMatchObject({ rows: 0, runs: 0, broken: null });
    expect(() => verifyJournal(`${file}.not`)).toThrow(
      expect.objectContaining({ code: LedgerErrorCode.Absent }),
    );
  });

  it("refuses a file that is older than the journal, and leaves it as it is", () => {
    const file = join(temporaryFolder(), "ledger.db");
    openDatabase({ file, migrations: MIGRATIONS.slice(0, 4) }).close();
    const wanted = expect.objectContaining({ code: LedgerErrorCode.Absent });
    expect(() => verifyJournal(file)).toThrow(wanted);
    expect(() => compareTables(file)).toThrow(wanted);
    expect(() => new JournalReader(file)).toThrow(wanted);
    const db = new SqliteDatabase(file);
    expect(db.pragma("user_version", { simple: true })).toBe(4);
    db.close();
  });

  it("stores what is sent again once, and remembers that it was", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r"));
    const rows = days[0]?.map(({ row }) => row) ?? [];
    store.appendJournal({ runId: "r", rows: rows.slice(0, 10), isFull: true, isAwaited: false });
    store.appendJournal({ runId: "r", rows: rows.slice(0, 10), isFull: true, isAwaited: false });
    store.appendJournal({ runId: "r", rows: rows.slice(5, 15), isFull: true, isAwaited: false });
    store.close();
    expect(verifyJournal(file)).toMatchObject({ rows: 15, broken: null });
    const db = new SqliteDatabase(file);
    expect(db.prepare("SELECT journal_resent FROM runs").pluck().get()).toBe(1);
    db.close();
  });
});
