import type { EngineEvent, EngineInput, EngineOptions } from "@smcq/engine";
import { SmcqError } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import { LedgerErrorCode, ledgerError } from "../errors.ts";
import type { SignalName } from "../reader.ts";
import { fromCanonical } from "./canonical.ts";
import { OWN_KINDS, type RunBegun } from "./journal-row.ts";
import { journalRowsOf, openJournalFile, type RowsTold, type StoredRow } from "./stored-rows.ts";

/** A supervisor starts an engine again a few times; an engine of more runs ago has long fallen silent. */
const RECENT_RUNS = 8;

/** A row as whoever replays it needs it. */
export type ReplayRow =
  | { readonly type: "begun"; readonly options: EngineOptions }
  | { readonly type: "lost"; readonly fromSeq: number; readonly toSeq: number }
  | {
      readonly type: "event";
      readonly seq: number;
      readonly event: EngineEvent;
      /** Canonical text of those commands that were kept. */
      readonly commands: string;
      /** sha256 over all of them. */
      readonly commandsHash: string;
    };

/** A run that another process may go on with. */
export interface AccountRun {
  readonly runId: string;
  /** The last batch of signals that is stored of it; 0: none. */
  readonly lastBatch: number;
  readonly account: string;
  /** What begins the ids of its first process's orders. */
  readonly engineId: string | null;
}

function replayRow({ seq, kind, nowMs, nowNs, event, commands, commandsHash }: StoredRow): ReplayRow {
  const said = fromCanonical(event);
  if (kind === OWN_KINDS.begun) {
    const { orders: _orders, account: _account, ...options } = said as RunBegun;
    return { type: "begun", options };
  }
  if (kind === OWN_KINDS.lost) {
    const { fromSeq, toSeq } = said as { readonly fromSeq: number; readonly toSeq: number };
    return { type: "lost", fromSeq, toSeq };
  }
  return { type: "event", seq, event: { ...(said as EngineInput), nowMs, nowNs }, commands, commandsHash };
}

/** The journals of a file, for replay; read-only. */
export class JournalReader {
  readonly #db: Database;

  constructor(file: string) {
    this.#db = openJournalFile(file);
  }

  /** The run of that id, or the last one; refuses with LEDGER_RUN_MISMATCH what has no journal. */
  runId(wanted: string | null): string {
    const found = this.#db
      .prepare<[string | null], string>(
        `SELECT run_id FROM runs WHERE journal_seq IS NOT NULL AND run_id = coalesce(?, run_id)
         ORDER BY run_key DESC LIMIT 1`,
      )
      .pluck()
      .get(wanted);
    if (found !== undefined) return found;
    const text = wanted === null ? "no run has a journal" : `no run ${wanted} has a journal`;
    throw new SmcqError(LedgerErrorCode.RunMismatch, text, { context: { runId: wanted } });
  }

  /** The runs that have traded on an account which outlives them, the newest first. */
  *accountRuns(): Generator<AccountRun> {
    const rows = this.#db
      .prepare<[], { readonly runId: string; readonly lastBatch: number; readonly begun: string }>(
        `SELECT r.run_id AS runId, r.last_batch AS lastBatch, j.event AS begun
         FROM runs r JOIN journal j ON j.run_key = r.run_key AND j.seq = 0 ORDER BY r.run_key DESC`,
      )
      .iterate();
    for (const { runId, lastBatch, begun } of rows) {
      const { account, trading } = fromCanonical(begun) as RunBegun;
      if (account !== undefined) yield { runId, lastBatch, account, engineId: trading?.engineId ?? null };
    }
  }

  /** Engines that the newest runs on an account were traded by: what begins the ids of their orders. */
  engineIds(account: string): ReadonlySet<string> {
    const restarts = this.#db
      .prepare<[string], string>(
        `SELECT j.event FROM journal j JOIN runs r USING (run_key) WHERE r.run_id = ? AND j.kind = 'restarted'`,
      )
      .pluck();
    // A connection answers one question at a time.
    const runs = [...this.accountRuns()].filter((run) => run.account === account).slice(0, RECENT_RUNS);
    const later = runs.flatMap(({ runId }) =>
      restarts.all(runId).map((event) => {
        const { engine } = fromCanonical(event) as { readonly engine: EngineOptions };
        return engine.trading?.engineId ?? null;
      }),
    );
    const ids = [...runs.map(({ engineId }) => engineId), ...later];
    return new Set(ids.filter((id) => id !== null));
  }

  /**
   * What the cores of the newest runs were given at `sinceMs` (venue ms) or later, the oldest first: a journal that was copied from
   * another host has it, whatever that host's own table of signals holds.
   */
  candidatesSince(sinceMs: number): readonly SignalName[] {
    const events = this.#db
      .prepare<[number, number], string>(
        `SELECT event FROM journal WHERE kind = 'candidates' AND now_ms >= ? AND run_key IN
           (SELECT run_key FROM runs WHERE journal_seq IS NOT NULL ORDER BY run_key DESC LIMIT ?) ORDER BY journal_key`,
      )
      .pluck()
      .all(sinceMs, RECENT_RUNS);
    return events.flatMap((event) => {
      const { candidates } = fromCanonical(event) as Extract<EngineInput, { type: "candidates" }>;
      return candidates.map(({ symbol, openTimeMs, side }) => ({ symbol, openTimeMs, side }));
    });
  }

  /** The rows of a run, in order, behind `afterSeq` (its beginning is row 0). */
  *rows(runId: string, onRows?: RowsTold, afterSeq = -1): Generator<ReplayRow> {
    try {
      const options = { afterSeq, ...(onRows === undefined ? {} : { onRows }) };
      for (const row of journalRowsOf(this.#db, runId, options)) yield replayRow(row);
    } catch (error) {
      throw ledgerError(error, "cannot read the journal", { file: this.#db.name });
    }
  }

  close(): void {
    this.#db.close();
  }
}
