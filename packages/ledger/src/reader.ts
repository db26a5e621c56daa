import type { ChallengerScore, ModelEvent } from "@smcq/engine";
import { FEATURE_COUNT, SmcqError } from "@smcq/kernel";
import type { Database, Statement } from "better-sqlite3";
import { FEATURE_BYTES } from "./batch.ts";
import { openReadonly } from "./database.ts";
import { LedgerErrorCode, ledgerError } from "./errors.ts";

/** A run and what it stored. */
export interface RunSummary {
  readonly runId: string;
  readonly mode: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** `aborted`: a later run found that this one never ended. */
  readonly outcome: "running" | "ended" | "aborted";
  readonly engineVersion: string;
  readonly configHash: string;
  readonly scorerId: string;
  readonly signalCount: number;
  readonly symbolCount: number;
  readonly restConfirmedCount: number;
  /** Signals stored more than once (same symbol, bar, side and setup); 0 unless something is broken. */
  readonly duplicateCount: number;
  readonly scoreBest: number | null;
  readonly firstOpenTimeMs: number | null;
  readonly lastOpenTimeMs: number | null;
  /** Frame read to signal emitted; null when no signal was measured. */
  readonly totalUsP50: number | null;
  readonly totalUsP99: number | null;
  readonly totalUsMax: number | null;
  readonly summaryJson: string | null;
}

export interface MinuteCount {
  readonly openTimeMs: number;
  readonly signalCount: number;
  readonly scoreBest: number;
}

export interface StoredSignal {
  readonly symbol: string;
  readonly symbolId: number;
  readonly side: 1 | -1;
  readonly setup: number;
  readonly openTimeMs: number;
  readonly exchangeMs: number;
  readonly isRestConfirmed: boolean;
  readonly score: number;
  readonly scorerId: string;
  readonly challenger: ChallengerScore | null;
  /** Trade plan's basis, price units; null in files older than it. */
  readonly invalidationPrice: number | null;
  readonly atr: number | null;
  /** Quote units; null in files older than it. */
  readonly medianTurnover: number | null;
  readonly totalUs: number | null;
  readonly features: Float32Array;
}

type SignalRow = Omit<StoredSignal, "features" | "isRestConfirmed" | "challenger"> & {
  readonly features: Buffer;
  readonly isRestConfirmed: number;
  readonly challengerId: string | null;
  readonly challengerScore: number;
};

const RUN_COLUMNS = `r.run_key AS runKey, r.run_id AS runId, r.mode, r.started_at_ms AS startedAtMs,
  r.ended_at_ms AS endedAtMs, r.outcome, r.engine_version AS engineVersion, r.config_hash AS configHash,
  r.scorer_id AS scorerId, r.summary_json AS summaryJson`;

type RunColumns = Pick<
  RunSummary,
  | "runId"
  | "mode"
  | "startedAtMs"
  | "endedAtMs"
  | "outcome"
  | "engineVersion"
  | "configHash"
  | "scorerId"
  | "summaryJson"
> & { readonly runKey: number };

const TOTALS = `SELECT count(*) AS signalCount, count(DISTINCT symbol_key) AS symbolCount,
  coalesce(sum(is_rest_confirmed), 0) AS restConfirmedCount, max(score) AS scoreBest,
  min(open_time_ms) AS firstOpenTimeMs, max(open_time_ms) AS lastOpenTimeMs,
  percentile(total_us, 50) AS totalUsP50, percentile(total_us, 99) AS totalUsP99, max(total_us) AS totalUsMax
FROM signals WHERE run_key = ?`;

const DUPLICATES = `SELECT coalesce(sum(n - 1), 0) FROM (
  SELECT count(*) AS n FROM signals WHERE run_key = ? GROUP BY symbol_key, open_time_ms, side, setup HAVING n > 1)`;

const SIGNALS = `SELECT y.symbol, s.symbol_id AS symbolId, s.side, s.setup, s.open_time_ms AS openTimeMs,
  s.exchange_ms AS exchangeMs, s.is_rest_confirmed AS isRestConfirmed, s.score, c.scorer_id AS scorerId,
  h.scorer_id AS challengerId, s.challenger_score AS challengerScore, s.invalidation_price AS invalidationPrice, s.atr,
  s.median_turnover AS medianTurnover, s.total_us AS totalUs, s.features
FROM signals s JOIN symbols y USING (symbol_key) JOIN scorers c USING (scorer_key)
  LEFT JOIN scorers h ON h.scorer_key = s.challenger_key
WHERE s.run_key = ?`;

const RUNS_LOOKED_AT = 8;
const SIGNALS_LOOKED_AT = 131_072;

/** What makes a signal one and the same, whoever found it. */
export type SignalName = Pick<StoredSignal, "symbol" | "openTimeMs" | "side">;

/** Reports from the ledger, read-only: it may run beside a writing engine. Throws SmcqError `LEDGER_*`. */
export class LedgerReader {
  readonly #db: Database;
  readonly #selectRun: Statement<[string], RunColumns>;

  constructor(file: string) {
    this.#db = openReadonly(file);
    this.#selectRun = this.#db.prepare(`SELECT ${RUN_COLUMNS} FROM runs r WHERE run_id = ?`);
  }

  /** Returns the ids of the last runs, newest first. */
  runIds(limit: number): readonly string[] {
    return this.#read(() =>
      this.#db
        .prepare<[number], string>(
          "SELECT run_id FROM runs ORDER BY started_at_ms DESC, run_key DESC LIMIT ?",
        )
        .pluck()
        .all(limit),
    );
  }

  /** Returns a run with its totals, all from one moment. */
  summary(runId: string): RunSummary {
    return this.#read(() => {
      const { runKey, ...run } = this.#run(runId);
      const totals = this.#db.prepare(TOTALS).get(runKey) as Omit<
        RunSummary,
        keyof RunColumns | "duplicateCount"
      >;
      const duplicateCount = this.#db.prepare<[number], number>(DUPLICATES).pluck().get(runKey) ?? 0;
      return { ...run, ...totals, duplicateCount };
    });
  }

  /** Returns how many signals of a run have a score above `scoreMin`. */
  countAbove(runId: string, scoreMin: number): number {
    return this.#read(
      () =>
        this.#db
          .prepare<[number, number], number>("SELECT count(*) FROM signals WHERE run_key = ? AND score > ?")
          .pluck()
          .get(this.#run(runId).runKey, scoreMin) ?? 0,
    );
  }

  /** Returns the signals of each minute of bars that had any, in order of time. */
  signalsPerMinute(runId: string): readonly MinuteCount[] {
    return this.#read(() =>
      this.#db
        .prepare<[number], MinuteCount>(
          `SELECT open_time_ms AS openTimeMs, count(*) AS signalCount, max(score) AS scoreBest
           FROM signals WHERE run_key = ? GROUP BY open_time_ms ORDER BY open_time_ms`,
        )
        .all(this.#run(runId).runKey),
    );
  }

  /** Returns the signals with the best scores: score descending, then time, then symbol. */
  topSignals(runId: string, limit: number): readonly StoredSignal[] {
    return this.#signals(runId, "ORDER BY s.score DESC, s.open_time_ms, y.symbol LIMIT ?", limit);
  }

  /** Returns the signals of a run in the order in which they were stored. */
  signals(runId: string, limit: number): readonly StoredSignal[] {
    return this.#signals(runId, "ORDER BY s.signal_key LIMIT ?", limit);
  }

  /**
   * Returns what makes signals of bars that opened at `sinceMs` (venue ms) or later one and the same, of the last `RUNS_LOOKED_AT`
   * runs: at most `SIGNALS_LOOKED_AT`, the newest bars first.
   */
  signalsSince(sinceMs: number): readonly SignalName[] {
    return this.#read(() =>
      this.#db
        .prepare<[number, number, number], SignalName>(
          `SELECT y.symbol, s.open_time_ms AS openTimeMs, s.side FROM signals s JOIN symbols y USING (symbol_key)
           WHERE s.run_key IN (SELECT run_key FROM runs ORDER BY started_at_ms DESC, run_key DESC LIMIT ?)
             AND s.open_time_ms >= ? ORDER BY s.open_time_ms DESC LIMIT ?`,
        )
        .all(RUNS_LOOKED_AT, sinceMs, SIGNALS_LOOKED_AT),
    );
  }

  /** Returns what happened to the models of a run, in order. */
  modelEvents(runId: string): readonly ModelEvent[] {
    return this.#read(() =>
      this.#db
        .prepare<[number], ModelEvent>(
          `SELECT at_ms AS atMs, kind, model_id AS modelId, detail_json AS detailJson
           FROM model_events WHERE run_key = ? ORDER BY at_ms, model_event_key`,
        )
        .all(this.#run(runId).runKey),
    );
  }

  /** Returns what was last stored of a model's health in any run, as `detailJson`; null when nothing was. */
  lastHealth(modelId: string): string | null {
    return this.#read(
      () =>
        this.#db
          .prepare<[string], string>(
            `SELECT detail_json FROM model_events WHERE kind = 'health' AND model_id = ?
             ORDER BY model_event_key DESC LIMIT 1`,
          )
          .pluck()
          .get(modelId) ?? null,
    );
  }

  close(): void {
    this.#db.close();
  }

  #signals(runId: string, tail: string, limit: number): readonly StoredSignal[] {
    return this.#read(() =>
      this.#db
        .prepare<[number, number], SignalRow>(`${SIGNALS} ${tail}`)
        .all(this.#run(runId).runKey, limit)
        .map(storedSignal),
    );
  }

  #run(runId: string): RunColumns {
    const run = this.#selectRun.get(runId);
    if (run === undefined)
      throw new SmcqError(LedgerErrorCode.RunMismatch, `there is no run ${runId}`, { context: { runId } });
    return run;
  }

  #read<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).deferred();
    } catch (error) {
      throw ledgerError(error, "cannot read the ledger", { file: this.#db.name });
    }
  }
}

function storedSignal({
  features,
  isRestConfirmed,
  challengerId,
  challengerScore,
  ...row
}: SignalRow): StoredSignal {
  // Copied: a Buffer of SQLite may start at an odd offset, a float32 view may not.
  const bytes = new Uint8Array(FEATURE_BYTES);
  bytes.set(features);
  return {
    ...row,
    isRestConfirmed: isRestConfirmed === 1,
    challenger: challengerId === null ? null : { scorerId: challengerId, score: challengerScore },
    features: new Float32Array(bytes.buffer, 0, FEATURE_COUNT),
  };
}
