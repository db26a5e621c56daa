import { existsSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { openReadonly } from "../database.ts";
import { ledgerError } from "../errors.ts";

/** A row of a journal, and how it is known again in another file. */
export interface RowPlace {
  readonly runId: string;
  readonly seq: number;
  readonly nowNs: number;
  readonly commandsHash: string;
}

const COLUMNS = `SELECT r.run_id AS runId, j.seq, j.now_ns AS nowNs, j.commands_hash AS commandsHash
  FROM journal j JOIN runs r USING (run_key)`;

/** Finds rows of a ledger that this process alone writes, or nobody does. Errors: `LEDGER_*`. */
export class RowPlaces {
  readonly #db: Database;

  constructor(file: string) {
    this.#db = openReadonly(file);
  }

  /** The last row of the file; null: it has none. */
  last(): RowPlace | null {
    return this.#read(
      () => this.#db.prepare<[], RowPlace>(`${COLUMNS} ORDER BY j.journal_key DESC LIMIT 1`).get() ?? null,
    );
  }

  /** The row of a run; null: it has none of that number. */
  at(runId: string, seq: number): RowPlace | null {
    return this.#read(
      () =>
        this.#db
          .prepare<[string, number], RowPlace>(`${COLUMNS} WHERE r.run_id = ? AND j.seq = ?`)
          .get(runId, seq) ?? null,
    );
  }

  /** Seq of a run's last row, -1 where it has none; null: there is no such run. */
  lastSeq(runId: string): number | null {
    return this.#read(
      () =>
        this.#db
          .prepare<[string], number>("SELECT coalesce(journal_seq, -1) FROM runs WHERE run_id = ?")
          .pluck()
          .get(runId) ?? null,
    );
  }

  close(): void {
    this.#db.close();
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw ledgerError(error, "cannot read the journal", { file: this.#db.name });
    }
  }
}

/** The last row of a ledger; null: there is no file, or no row in it. Errors: `LEDGER_*`. */
export function lastRowOf(file: string): RowPlace | null {
  if (!existsSync(file)) return null;
  const places = new RowPlaces(file);
  try {
    return places.last();
  } finally {
    places.close();
  }
}
