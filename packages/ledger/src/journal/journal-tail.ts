import type { EngineInput, EngineOptions, ModelEvent } from "@smcq/engine";
import { present } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import { ledgerError } from "../errors.ts";
import type { KeptCommand } from "../projections/projector.ts";
import { fromCanonical } from "./canonical.ts";
import { OWN_KINDS, type RunBegun } from "./journal-row.ts";
import { openJournalFile } from "./stored-rows.ts";

/** A row behind a place in the file. */
export interface TailRow {
  /** Its place in the file, and its hash: another file has another one there. */
  readonly journalKey: number;
  readonly hash: string;
  readonly runKey: number;
  readonly runId: string;
  readonly seq: number;
  /** Venue ms. */
  readonly nowMs: number;
  readonly word: TailWord;
  readonly commands: readonly KeptCommand[];
}

/** What a row says: a run's beginning, a hole, or an event without its times. */
export type TailWord =
  | { readonly type: "begun"; readonly options: EngineOptions }
  | { readonly type: "lost"; readonly fromSeq: number; readonly toSeq: number }
  | EngineInput;

/** A word about a model with its place. */
export interface TailModelEvent extends ModelEvent {
  readonly modelEventKey: number;
}

/** Where a file ends; keys are 0 where it is empty. */
export interface TailEnd {
  readonly journalKey: number;
  readonly hash: string;
  readonly modelEventKey: number;
}

/** Rows of which nobody who only listens has to hear, as long as the core answered nothing that is kept. */
const SILENT_KINDS =
  "('candidates', 'quotes', 'time', 'minute', 'model', 'leverage', 'instrument', 'income')";

interface Columns extends Omit<TailRow, "word" | "commands"> {
  readonly kind: string;
  readonly event: string;
  readonly commands: string;
}

/** What came to a ledger behind a place in it, of one moment; read-only, beside a writing engine. Throws SmcqError `LEDGER_*`. */
export class JournalTail {
  readonly #db: Database;

  constructor(file: string) {
    this.#db = openJournalFile(file);
    this.#read(() => this.#db.exec("BEGIN"));
  }

  end(): TailEnd {
    const row = this.#read(() =>
      this.#db
        .prepare<[], TailEnd>(
          `SELECT coalesce(max(journal_key), 0) AS journalKey,
             coalesce((SELECT hash FROM journal ORDER BY journal_key DESC LIMIT 1), '') AS hash,
             (SELECT coalesce(max(model_event_key), 0) FROM model_events) AS modelEventKey FROM journal`,
        )
        .get(),
    );
    return present(row, "Invariant: a maximum has a row");
  }

  /** The hash of the row at a place; null: there is none. */
  hashAt(journalKey: number): string | null {
    return this.#read(
      () =>
        this.#db
          .prepare<[number], string>("SELECT hash FROM journal WHERE journal_key = ?")
          .pluck()
          .get(journalKey) ?? null,
    );
  }

  /** The next rows that say something, at most `limit`; fewer: there are no others before the end. */
  after(journalKey: number, limit: number): readonly TailRow[] {
    const rows = this.#read(() =>
      this.#db
        .prepare<[number, number], Columns>(
          `SELECT j.journal_key AS journalKey, j.hash, j.run_key AS runKey, r.run_id AS runId, j.seq, j.kind,
             j.now_ms AS nowMs, j.event, j.commands
           FROM journal j JOIN runs r USING (run_key)
           WHERE j.journal_key > ? AND (j.kind NOT IN ${SILENT_KINDS} OR j.commands <> '[]')
           ORDER BY j.journal_key LIMIT ?`,
        )
        .all(journalKey, limit),
    );
    return rows.map(({ kind, event, commands, ...place }) => {
      const told = fromCanonical(commands) as readonly KeptCommand[];
      return Object.assign(place, { word: wordOf(kind, event), commands: told });
    });
  }

  modelEventsAfter(modelEventKey: number, limit: number): readonly TailModelEvent[] {
    return this.#read(() =>
      this.#db
        .prepare<[number, number], TailModelEvent>(
          `SELECT model_event_key AS modelEventKey, at_ms AS atMs, kind, model_id AS modelId, detail_json AS detailJson
           FROM model_events WHERE model_event_key > ? ORDER BY model_event_key LIMIT ?`,
        )
        .all(modelEventKey, limit),
    );
  }

  /** The time of the run's last row, venue ms; null: the file has no row. */
  lastMs(): number | null {
    return this.#read(
      () =>
        this.#db
          .prepare<[], number>("SELECT now_ms FROM journal ORDER BY journal_key DESC LIMIT 1")
          .pluck()
          .get() ?? null,
    );
  }

  /** The symbol of a number in a run; null: its rules were not told. */
  symbolOf(runKey: number, symbolId: number): string | null {
    return this.#read(
      () =>
        this.#db
          .prepare<[number, number], string>(
            "SELECT symbol FROM instruments WHERE run_key = ? AND symbol_id = ?",
          )
          .pluck()
          .get(runKey, symbolId) ?? null,
    );
  }

  /** What the trades that were told make of each symbol, steps; negative is short. */
  positions(runKey: number): ReadonlyMap<number, number> {
    const rows = this.#read(() =>
      this.#db
        .prepare<[number], { readonly symbolId: number; readonly qtySteps: number }>(
          "SELECT symbol_id AS symbolId, qty_steps AS qtySteps FROM positions WHERE run_key = ? AND qty_steps <> 0",
        )
        .all(runKey),
    );
    return new Map(rows.map(({ symbolId, qtySteps }) => [symbolId, qtySteps]));
  }

  /** Whether a word of orders came to a run behind an event: positions may be others since. */
  hasTradedSince(runKey: number, seq: number): boolean {
    const found = this.#read(() =>
      this.#db
        .prepare<[number, number], number>(
          "SELECT EXISTS (SELECT 1 FROM fills WHERE run_key = ? AND seq > ?)",
        )
        .pluck()
        .get(runKey, seq),
    );
    return found === 1;
  }

  /** Ids of the engines that a run was traded by. */
  engineIds(runKey: number): ReadonlySet<string> {
    const rows = this.#read(() =>
      this.#db
        .prepare<[number], { readonly kind: string; readonly event: string }>(
          "SELECT kind, event FROM journal WHERE run_key = ? AND kind IN ('run-begun', 'restarted')",
        )
        .all(runKey),
    );
    const ids = rows.map(({ kind, event }) => {
      const said = fromCanonical(event);
      const options =
        kind === OWN_KINDS.begun ? (said as RunBegun) : (said as { engine: EngineOptions }).engine;
      return options.trading?.engineId ?? null;
    });
    return new Set(ids.filter((id) => id !== null));
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

function wordOf(kind: string, event: string): TailWord {
  const said = fromCanonical(event);
  if (kind === OWN_KINDS.begun) {
    const { orders: _orders, account: _account, ...options } = said as RunBegun;
    return { type: "begun", options };
  }
  if (kind === OWN_KINDS.lost) {
    const { fromSeq, toSeq } = said as { readonly fromSeq: number; readonly toSeq: number };
    return { type: "lost", fromSeq, toSeq };
  }
  return said as EngineInput;
}
