import type { Database, Statement } from "better-sqlite3";
import { Projector } from "../projections/projector.ts";
import { CHAIN_START, chainHash, type JournalRow } from "./journal-row.ts";
import { journalRowsOf } from "./stored-rows.ts";

const INSERT = `
INSERT INTO journal (run_key, seq, kind, now_ms, now_ns, event, commands, commands_hash, hash)
VALUES (@runKey, @seq, @kind, @nowMs, @nowNs, @event, @commands, @commandsHash, @hash)`;

/** A run whose rows are stored. */
export interface JournaledRun {
  readonly runKey: number;
  readonly runId: string;
  /** Seq of its last row; -1: there is none. */
  readonly lastSeq: number;
  /** Seq of the last row that the tables hold; null: they hold all. */
  readonly tablesSeq: number | null;
}

/*
 * Rows that an entry waits for are stored and answered first; their tables are made behind the answer, or before the run's
 * next rows, or when the file is opened again:
 *
 *   rows ─► journal, tables                             tables_seq NULL
 *   awaited rows ─► journal ─► synced ─► answer         tables_seq = the last row before them
 *                                └─► makeTables         tables_seq NULL
 */

/** Adds rows to the file's one chain, and to the tables that are made of them. Inside a transaction of the caller; `forget` after one that was rolled back. */
export class JournalStore {
  readonly #insert: Statement<[unknown]>;
  readonly #head: Statement<[], string>;
  readonly #advance: Statement<[number, string, number | null, number]>;
  readonly #caughtUp: Statement<[number]>;
  readonly #resent: Statement<[number]>;
  readonly #projector: Projector;
  readonly #db: Database;
  /** Hash of the last row of the file; null: not read yet. */
  #lastHash: string | null = null;

  constructor(db: Database) {
    this.#db = db;
    this.#insert = db.prepare(INSERT);
    this.#projector = new Projector(db);
    this.#head = db.prepare<[], string>("SELECT hash FROM journal ORDER BY journal_key DESC LIMIT 1").pluck();
    this.#resent = db.prepare("UPDATE runs SET journal_resent = journal_resent + 1 WHERE run_key = ?");
    this.#advance = db.prepare(
      "UPDATE runs SET journal_seq = ?, journal_hash = ?, tables_seq = ? WHERE run_key = ?",
    );
    this.#caughtUp = db.prepare("UPDATE runs SET tables_seq = NULL WHERE run_key = ?");
  }

  /**
   * Stores those rows that the run does not have yet: what is sent again after a crash is not stored twice. Rows that are
   * awaited are stored without their tables.
   */
  append(run: JournaledRun, rows: readonly JournalRow[], areAwaited: boolean): void {
    this.makeTables(run);
    const { runKey, runId, lastSeq } = run;
    const fresh = rows.filter(({ seq }) => seq > lastSeq);
    const last = fresh.at(-1);
    if (last === undefined) {
      // Written all the same: what is synced now are also the rows whose sync may have failed the first time.
      this.#resent.run(runKey);
      return;
    }
    let hash = this.#lastHash ?? this.#head.get() ?? CHAIN_START;
    for (const row of fresh) {
      hash = chainHash(hash, runId, row);
      this.#insert.run({ ...row, runKey, hash });
      if (!areAwaited) this.#projector.take(runKey, row);
    }
    this.#advance.run(last.seq, hash, areAwaited ? lastSeq : null, runKey);
    this.#lastHash = hash;
  }

  /** Makes the tables of rows that were stored without. */
  makeTables({ runKey, runId, tablesSeq }: JournaledRun): void {
    if (tablesSeq === null) return;
    for (const row of journalRowsOf(this.#db, runId, { afterSeq: tablesSeq }))
      this.#projector.take(runKey, row);
    this.#caughtUp.run(runKey);
  }

  forget(): void {
    this.#lastHash = null;
  }
}
