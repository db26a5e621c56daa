import type { Database } from "better-sqlite3";
import { ledgerError } from "../errors.ts";
import { CHAIN_START, chainHash, OWN_KINDS } from "./journal-row.ts";
import { journalRows, openJournalFile, type RowsTold, type StoredRow } from "./stored-rows.ts";

/** Where the chain is broken. */
export interface BrokenRow {
  /** Null: the row belongs to no run of the file, or a run's end is what is wrong. */
  readonly runId: string | null;
  readonly seq: number;
  /** Place in the file, from 1; 0: there is no such row. */
  readonly journalKey: number;
  readonly problem: string;
}

export interface Verification {
  readonly rows: number;
  readonly runs: number;
  /** Events that were not kept, each hole told by a row of its own. */
  readonly eventsLost: number;
  /** Hash of the last row: who writes it down elsewhere can tell later that nothing before it has changed. */
  readonly head: string;
  /** The first row that is not as it was written; null: the chain is whole. */
  readonly broken: BrokenRow | null;
}

interface RunEnd {
  readonly runId: string;
  readonly seq: number;
  readonly hash: string;
}

class Chain {
  readonly #ends = new Map<string, { seq: number; hash: string }>();
  #head = CHAIN_START;
  #rows = 0;
  #eventsLost = 0;

  /** Takes the next row; says what is wrong with it, or null. */
  take(row: StoredRow): string | null {
    if (row.journalKey !== this.#rows + 1) return `a row is missing before it`;
    if (row.runId === null) return "its run is not in the file";
    const lastSeq = this.#ends.get(row.runId)?.seq ?? -1;
    const isLoss = row.kind === OWN_KINDS.lost;
    if (chainHash(this.#head, row.runId, row) !== row.hash)
      return "it does not have the hash of what it says";
    if (isLoss ? row.seq <= lastSeq : row.seq !== lastSeq + 1) return `it stands behind seq ${lastSeq}`;
    if (isLoss) this.#eventsLost += row.seq - lastSeq;
    this.#rows++;
    this.#head = row.hash;
    this.#ends.set(row.runId, { seq: row.seq, hash: row.hash });
    return null;
  }

  /** Rows that were taken from a run's end; null: none was. */
  endProblem({ runId, seq, hash }: RunEnd): BrokenRow | null {
    const end = this.#ends.get(runId);
    this.#ends.delete(runId);
    if (end?.seq === seq && end.hash === hash) return null;
    const problem = `the run's last row has seq ${end?.seq ?? "(none)"}, it was ${seq}`;
    return { runId, seq: (end?.seq ?? -1) + 1, journalKey: 0, problem };
  }

  /** A run with rows whose end is not known. */
  get endless(): BrokenRow | null {
    for (const [runId, { seq }] of this.#ends)
      return { runId, seq, journalKey: 0, problem: "the run does not say where its rows end" };
    return null;
  }

  result(broken: BrokenRow | null, runs: number): Verification {
    return { rows: this.#rows, runs, eventsLost: this.#eventsLost, head: this.#head, broken };
  }
}

function verified(db: Database, onRows?: RowsTold): Verification {
  const chain = new Chain();
  const ends = db
    .prepare<[], RunEnd>(
      "SELECT run_id AS runId, journal_seq AS seq, journal_hash AS hash FROM runs WHERE journal_seq IS NOT NULL ORDER BY run_key",
    )
    .all();
  for (const row of journalRows(db, onRows)) {
    const problem = chain.take(row);
    const { runId, seq, journalKey } = row;
    if (problem !== null) return chain.result({ runId, seq, journalKey, problem }, ends.length);
  }
  let broken: BrokenRow | null = null;
  for (const end of ends) broken ??= chain.endProblem(end);
  return chain.result(broken ?? chain.endless, ends.length);
}

/**
 * Reads the whole journal and reckons its chain again: a byte that was changed, a row that was taken out, put in or moved
 * is named. Who rewrites everything from a row on is found by an earlier `head` alone.
 */
export function verifyJournal(file: string, onRows?: RowsTold): Verification {
  const db = openJournalFile(file);
  try {
    return db.transaction(() => verified(db, onRows)).deferred();
  } catch (error) {
    throw ledgerError(error, "cannot verify the journal", { file });
  } finally {
    db.close();
  }
}
