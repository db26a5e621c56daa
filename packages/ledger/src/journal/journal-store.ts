import type { Database, Statement } from "better-sqlite3";
import { Projector } from "../projections/projector.ts";
import { CHAIN_START, chainHash, type JournalRow } from "./journal-row.ts";

const INSERT = `
INSERT INTO journal (run_key, seq, kind, now_ms, now_ns, event, commands, commands_hash, hash)
VALUES (@runKey, @seq, @kind, @nowMs, @nowNs, @event, @commands, @commandsHash, @hash)`;

/** A run whose rows are stored. */
export interface JournaledRun {
  readonly runKey: number;
  readonly runId: string;
  /** Seq of its last row; -1: there is none. */
  readonly lastSeq: number;
}

/** Adds rows to the file's one chain, and to the tables that are made of them. Inside a transaction of the caller; `forget` after one that was rolled back. */
export class JournalStore {
  readonly #insert: Statement<[unknown]>;
  readonly #head: Statement<[], string>;
  readonly #advance: Statement<[number, string, number]>;
  readonly #resent: Statement<[number]>;
  readonly #projector: Projector;
  /** Hash of the last row of the file; null: not read yet. */
  #lastHash: string | null = null;

  constructor(db: Database) {
    this.#insert = db.prepare(INSERT);
    this.#projector = new Projector(db);
    this.#head = db.prepare<[], string>("SELECT hash FROM journal ORDER BY journal_key DESC LIMIT 1").pluck();
    this.#resent = db.prepare("UPDATE runs SET journal_resent = journal_resent + 1 WHERE run_key = ?");
    this.#advance = db.prepare("UPDATE runs SET journal_seq = ?, journal_hash = ? WHERE run_key = ?");
  }

  /** Stores those rows that the run does not have yet: what is sent again after a crash is not stored twice. */
  append({ runKey, runId, lastSeq }: JournaledRun, rows: readonly JournalRow[]): void {
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
      this.#projector.take(runKey, row);
    }
    this.#advance.run(last.seq, hash, runKey);
    this.#lastHash = hash;
  }

  forget(): void {
    this.#lastHash = null;
  }
}
