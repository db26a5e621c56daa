import { SmcqError } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import { openReadonly } from "../database.ts";
import { LedgerErrorCode } from "../errors.ts";
import { schemaVersion } from "../migrations.ts";
import type { JournalRow } from "./journal-row.ts";

/** Files of older engines have no journal, and are not changed by looking at them. */
const SCHEMA_MIN = 5;

/** A row of the journal as it stands in the file. */
export interface StoredRow extends JournalRow {
  /** Place in the file, from 1. */
  readonly journalKey: number;
  readonly runKey: number;
  /** Null: a run of that key is not in the file. */
  readonly runId: string | null;
  readonly hash: string;
}

/** Rows that are in memory at once. */
const PAGE_ROWS = 1_000;

const ROWS = `
SELECT j.journal_key AS journalKey, j.run_key AS runKey, r.run_id AS runId, j.seq, j.kind, j.now_ms AS nowMs,
  j.now_ns AS nowNs, j.event, j.commands, j.commands_hash AS commandsHash, j.hash
FROM journal j LEFT JOIN runs r USING (run_key)`;

/** Opens a file for reading its journal, or tables as of a schema; refuses with LEDGER_ABSENT one that is older. */
export function openJournalFile(file: string, schemaMin: number = SCHEMA_MIN): Database {
  const db = openReadonly(file);
  const schema = schemaVersion(db);
  if (schema >= schemaMin) return db;
  db.close();
  throw new SmcqError(
    LedgerErrorCode.Absent,
    `${file} has schema ${schema}, wanted ${schemaMin} at least: an engine brings it up to date when it next starts`,
    { context: { file, schema } },
  );
}

/** Hears now and then how many rows of how many were read. */
export type RowsTold = (done: number, of: number) => void;

/** All rows of the file in the order of the chain; the connection may be used in between. */
export function* journalRows(db: Database, onRows?: RowsTold): Generator<StoredRow> {
  const page = db.prepare<[number, number], StoredRow>(
    `${ROWS} WHERE j.journal_key > ? ORDER BY j.journal_key LIMIT ?`,
  );
  // Below 1 there is no place: a row that says so is one that somebody moved.
  yield* pages(
    (from) => page.all(from, PAGE_ROWS),
    Number.MIN_SAFE_INTEGER,
    ({ journalKey }) => journalKey,
    counting(onRows, () => db.prepare<[], number>("SELECT count(*) FROM journal").pluck().get() ?? 0),
  );
}

/** What is called with the rows of each page; the number of all is asked for only where somebody hears it. */
function counting(onRows: RowsTold | undefined, countAll: () => number): (rows: number) => void {
  if (onRows === undefined) return () => {};
  const of = countAll();
  let done = 0;
  return (rows) => {
    done += rows;
    // Rows that came meanwhile belong to it too.
    onRows(done, Math.max(of, done));
  };
}

/** The rows of one run in order, behind `afterSeq`. */
export function* journalRowsOf(
  db: Database,
  runId: string,
  { afterSeq = -1, onRows }: { readonly afterSeq?: number; readonly onRows?: RowsTold } = {},
): Generator<StoredRow> {
  const page = db.prepare<[string, number, number], StoredRow>(
    `${ROWS} WHERE r.run_id = ? AND j.seq > ? ORDER BY j.seq LIMIT ?`,
  );
  yield* pages(
    (from) => page.all(runId, from, PAGE_ROWS),
    afterSeq,
    ({ seq }) => seq,
    counting(
      onRows,
      () =>
        db
          .prepare<[string], number>(
            "SELECT count(*) FROM journal JOIN runs USING (run_key) WHERE run_id = ?",
          )
          .pluck()
          .get(runId) ?? 0,
    ),
  );
}

function* pages(
  read: (from: number) => readonly StoredRow[],
  start: number,
  place: (row: StoredRow) => number,
  onPage: (rows: number) => void,
): Generator<StoredRow> {
  let from = start;
  for (let rows = read(from); rows.length > 0; rows = read(from)) {
    yield* rows;
    onPage(rows.length);
    from = rows.reduce((last, row) => Math.max(last, place(row)), from);
  }
}

/** The last row that the tables of a run hold, by run key, where they do not hold all. */
export function tablesSeqOf(db: Database): ReadonlyMap<number, number> {
  const isKept = db.prepare("SELECT 1 FROM pragma_table_info('runs') WHERE name = 'tables_seq'").get();
  if (isKept === undefined) return new Map();
  const rows = db
    .prepare<[], { readonly runKey: number; readonly seq: number }>(
      "SELECT run_key AS runKey, tables_seq AS seq FROM runs WHERE tables_seq IS NOT NULL",
    )
    .all();
  return new Map(rows.map(({ runKey, seq }) => [runKey, seq]));
}
