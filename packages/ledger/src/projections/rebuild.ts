import type { Database } from "better-sqlite3";
import { openDatabase } from "../database.ts";
import { ledgerError } from "../errors.ts";
import {
  journalRows,
  openJournalFile,
  type RowsTold,
  type StoredRow,
  tablesSeqOf,
} from "../journal/stored-rows.ts";
import { PROJECTION_TABLES, Projector } from "./projector.ts";

/** A table as it stands, against what the journal makes of it. */
export interface TableDifference {
  readonly table: string;
  /** Rows that the journal makes. */
  readonly rows: number;
  /** Of them, those that the table does not have. */
  readonly missing: number;
  /** Rows of the table that the journal does not make. */
  readonly unexpected: number;
}

export interface Rebuild {
  readonly journalRows: number;
  /** Rows whose tables are still to be made: a process ended before it did. They are not compared. */
  readonly rowsBehind: number;
  readonly tables: readonly TableDifference[];
  readonly isEqual: boolean;
}

function count(db: Database, sql: string): number {
  return db.prepare<[], number>(`SELECT count(*) FROM (${sql})`).pluck().get() ?? 0;
}

/** Makes every table again of these rows, under its own name, in the place that hides the real ones from this connection. */
function makeAgain(
  db: Database,
  isTold: (row: StoredRow) => boolean,
  onRows?: RowsTold,
): { rows: number; rowsBehind: number } {
  const create = db
    .prepare<[string], string>("SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?")
    .pluck();
  for (const table of PROJECTION_TABLES)
    db.exec((create.get(table) ?? "").replace("CREATE TABLE", "CREATE TEMP TABLE"));
  const projector = new Projector(db);
  let [rows, rowsBehind] = [0, 0];
  for (const row of journalRows(db, onRows)) {
    rows++;
    if (isTold(row)) projector.take(row.runKey, row);
    else rowsBehind++;
  }
  return { rows, rowsBehind };
}

function compared(db: Database, table: string): TableDifference {
  const [made, stands] = [`SELECT * FROM temp.${table}`, `SELECT * FROM main.${table}`];
  return {
    table,
    rows: count(db, made),
    missing: count(db, `${made} EXCEPT ${stands}`),
    unexpected: count(db, `${stands} EXCEPT ${made}`),
  };
}

function rebuilt(db: Database, isWritten: boolean, onRows?: RowsTold): Rebuild {
  const places = isWritten ? new Map<number, number>() : tablesSeqOf(db);
  const { rows, rowsBehind } = makeAgain(db, ({ runKey, seq }) => seq <= (places.get(runKey) ?? seq), onRows);
  const tables = PROJECTION_TABLES.map((table) => compared(db, table));
  if (isWritten) {
    for (const table of PROJECTION_TABLES)
      db.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM temp.${table};`);
    db.exec("UPDATE runs SET tables_seq = NULL WHERE tables_seq IS NOT NULL");
  }
  const isEqual = tables.every(({ missing, unexpected }) => missing === 0 && unexpected === 0);
  return { journalRows: rows, rowsBehind, tables, isEqual };
}

/** Makes the tables again from the journal, beside themselves, and says where they differ; changes nothing. */
export function compareTables(file: string, onRows?: RowsTold): Rebuild {
  const db = openJournalFile(file);
  try {
    return db.transaction(() => rebuilt(db, false, onRows)).deferred();
  } catch (error) {
    throw ledgerError(error, "cannot make the tables again", { file });
  } finally {
    db.close();
  }
}

/** The same, and puts what the journal makes in the place of the tables, in one transaction. Hold the run lock. */
export function rewriteTables(file: string, onRows?: RowsTold): Rebuild {
  const db = openDatabase({ file });
  try {
    return db.transaction(() => rebuilt(db, true, onRows)).immediate();
  } catch (error) {
    throw ledgerError(error, "cannot make the tables again", { file });
  } finally {
    db.close();
  }
}
