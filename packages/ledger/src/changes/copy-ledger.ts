import { openReadonly } from "../database.ts";
import { ledgerError } from "../errors.ts";
import type { RowsTold } from "../journal/stored-rows.ts";
import { verifyJournal } from "../journal/verify.ts";
import { MIGRATIONS, newestVersion, schemaVersion } from "../migrations.ts";

/** The schema from which on a ledger has a journal. */
const JOURNAL_SCHEMA = 5;

/** The newest schema that this version of the engine knows. */
export const LEDGER_SCHEMA: number = newestVersion(MIGRATIONS);

/** What a copy of a ledger is, as far as it can be proved. */
export interface LedgerCopy {
  readonly schema: number;
  /** Rows of the journal. */
  readonly rows: number;
  /** Hash of its last row; "": the file is older than the journal. */
  readonly head: string;
  /** What is wrong with the journal's chain; null: nothing. */
  readonly problem: string | null;
}

/**
 * Writes a ledger as of one moment into a new file, beside a writer that goes on: one read transaction, whose length costs the
 * writer nothing but the room of its log. Refuses (LEDGER_*) what is absent, foreign, damaged or newer, and a file that is there.
 */
export function copyLedger(file: string, to: string): void {
  const db = openReadonly(file);
  try {
    db.prepare("VACUUM INTO ?").run(to);
  } catch (error) {
    throw ledgerError(error, `cannot copy the ledger to ${to}`, { file: to });
  } finally {
    db.close();
  }
}

/** Reads a ledger that nobody writes, and reckons its chain again. */
export function examineLedger(file: string, onRows?: RowsTold): LedgerCopy {
  const db = openReadonly(file);
  let schema: number;
  try {
    schema = schemaVersion(db);
  } finally {
    db.close();
  }
  if (schema < JOURNAL_SCHEMA) return { schema, rows: 0, head: "", problem: null };
  const { rows, head, broken } = verifyJournal(file, onRows);
  const problem =
    broken === null ? null : `seq ${broken.seq} of run ${broken.runId ?? "(none)"}: ${broken.problem}`;
  return { schema, rows, head, problem };
}
