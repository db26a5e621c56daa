import type { ModelEvent, RunRecord } from "@smcq/engine";
import { FEATURE_COUNT, SmcqError } from "@smcq/kernel";
import type { Database, Statement, Transaction } from "better-sqlite3";
import { FEATURE_BYTES, NumberField, codesOf, decodeBatch, numberOf } from "./batch.ts";
import type { Batch } from "./batch.ts";
import { openDatabase, unsynced } from "./database.ts";
import type { DatabaseOptions } from "./database.ts";
import { LedgerErrorCode, ledgerError } from "./errors.ts";
import { growLog } from "./guard/log-room.ts";
import type { JournalBatch } from "./journal/ledger-journal.ts";
import { type JournaledRun, JournalStore } from "./journal/journal-store.ts";
import { schemaVersion } from "./migrations.ts";

const FEATURE_COLUMNS: readonly string[] = Array.from(
  { length: FEATURE_COUNT },
  (_, index) => `f${index + 1}`,
);

const SIGNAL_COLUMNS: readonly string[] = [
  "run_key, batch, symbol_key, symbol_id, scorer_key, side, setup".split(", "),
  "open_time_ms, exchange_ms, is_rest_confirmed, score, features".split(", "),
  FEATURE_COLUMNS,
  "write_us, queue_us, features_us, score_us, emit_us, total_us".split(", "),
  "invalidation_price, atr, median_turnover, challenger_key, challenger_score".split(", "),
].flat();

const INSERT_SIGNAL = `INSERT INTO signals (${SIGNAL_COLUMNS.join(", ")}) VALUES (${SIGNAL_COLUMNS.map(() => "?").join(", ")})`;

const INSERT_RUN = `
INSERT INTO runs (run_id, mode, started_at_ms, engine_version, config_hash, config_json, scorer_id, model_json,
  feature_schema_hash, smc_parameters_json, seed)
VALUES (@runId, @mode, @startedAtMs, @engineVersion, @configHash, @configJson, @scorerId, @modelJson,
  @featureSchemaHash, @smcParametersJson, @seed)
ON CONFLICT (run_id) DO NOTHING`;

const INSERT_RESUME = `
INSERT INTO run_resumes (run_key, started_at_ms, engine_version, config_hash, config_json, scorer_id, model_json,
  feature_schema_hash, smc_parameters_json)
VALUES (@runKey, @startedAtMs, @engineVersion, @configHash, @configJson, @scorerId, @modelJson, @featureSchemaHash,
  @smcParametersJson)
ON CONFLICT DO NOTHING`;

interface RunRow {
  readonly run_key: number;
  readonly last_batch: number;
  readonly started_at_ms: number;
  readonly config_hash: string;
  readonly journal_seq: number | null;
  readonly tables_seq: number | null;
}

/** Texts that are stored once and referred to by key; cached, and forgotten when a transaction rolls back. */
class TextKeys {
  readonly #keys = new Map<string, number>();
  readonly #select: Statement<[string], number>;
  readonly #insert: Statement<[string]>;

  constructor(db: Database, names: { readonly table: string; readonly key: string; readonly text: string }) {
    const { table, key, text } = names;
    this.#select = db.prepare<[string], number>(`SELECT ${key} FROM ${table} WHERE ${text} = ?`).pluck();
    this.#insert = db.prepare<[string]>(`INSERT INTO ${table} (${text}) VALUES (?)`);
  }

  keyOf(text: string): number {
    const known = this.#keys.get(text);
    if (known !== undefined) return known;
    const key = this.#select.get(text) ?? Number(this.#insert.run(text).lastInsertRowid);
    this.#keys.set(text, key);
    return key;
  }

  forget(): void {
    this.#keys.clear();
  }
}

// Three decimals keep the nanoseconds; NULL says that one end was not measured.
function elapsedUs(fromNs: number, toNs: number): number | null {
  return fromNs > 0 && toNs > 0 ? Math.round(toNs - fromNs) / 1_000 : null;
}

function stageLatencies(batch: Batch, index: number): (number | null)[] {
  const received = numberOf(batch, index, NumberField.ReceivedNs);
  const written = numberOf(batch, index, NumberField.WrittenNs);
  const taken = numberOf(batch, index, NumberField.TakenNs);
  const features = numberOf(batch, index, NumberField.FeaturesNs);
  const scored = numberOf(batch, index, NumberField.ScoredNs);
  const emitted = numberOf(batch, index, NumberField.EmittedNs);
  return [
    elapsedUs(received, written),
    elapsedUs(written, taken),
    elapsedUs(taken, features),
    elapsedUs(features, scored),
    elapsedUs(scored, emitted),
    elapsedUs(received, emitted),
  ];
}

/** The ledger's writing half: synchronous, for one thread. Every failure is an SmcqError `LEDGER_*`. */
export class LedgerStore {
  readonly #db: Database;
  readonly #symbols: TextKeys;
  readonly #scorers: TextKeys;
  readonly #insertSignal: Statement<unknown[]>;
  readonly #findRun: Statement<[string], RunRow>;
  readonly #advanceRun: Statement<[number, number]>;
  readonly #journal: JournalStore;
  /** Made once: making a transaction takes longer than beginning one. */
  readonly #appendRows: Transaction<(batch: JournalBatch) => void>;

  constructor(options: DatabaseOptions) {
    this.#db = openDatabase(options);
    this.#symbols = new TextKeys(this.#db, { table: "symbols", key: "symbol_key", text: "symbol" });
    this.#scorers = new TextKeys(this.#db, { table: "scorers", key: "scorer_key", text: "scorer_id" });
    this.#insertSignal = this.#db.prepare(INSERT_SIGNAL);
    this.#findRun = this.#db.prepare(
      "SELECT run_key, last_batch, started_at_ms, config_hash, journal_seq, tables_seq FROM runs WHERE run_id = ?",
    );
    this.#advanceRun = this.#db.prepare("UPDATE runs SET last_batch = ? WHERE run_key = ?");
    this.#journal = new JournalStore(this.#db);
    this.#appendRows = this.#db.transaction((batch: JournalBatch) =>
      this.#journal.append(this.#journaled(batch.runId), batch.rows, batch.isAwaited),
    );
    this.#makeTablesOfKilled();
  }

  /**
   * Stores a run durably (synchronous=FULL) and marks runs that never ended as aborted: the run lock guarantees that
   * no other engine writes here. The same run again changes nothing; another run of that id is refused.
   */
  beginRun(run: RunRecord): void {
    this.#guard("cannot begin a run", () =>
      this.#durably(() => {
        this.#db
          .prepare("UPDATE runs SET outcome = 'aborted' WHERE outcome = 'running' AND run_id <> ?")
          .run(run.runId);
        this.#db.prepare(INSERT_RUN).run({ ...run });
        const row = this.#run(run.runId);
        if (row.started_at_ms !== run.startedAtMs || row.config_hash !== run.configHash)
          throw new SmcqError(LedgerErrorCode.RunMismatch, `another run has the id ${run.runId}`, {
            context: { runId: run.runId },
          });
      }),
    );
  }

  /** Opens a run again that another process has left, with what this one was started with; durable as its beginning. */
  resumeRun(run: RunRecord): void {
    this.#guard("cannot go on with a run", () =>
      this.#durably(() => {
        const { run_key: runKey } = this.#run(run.runId);
        this.#db
          .prepare("UPDATE runs SET outcome = 'aborted' WHERE outcome = 'running' AND run_id <> ?")
          .run(run.runId);
        this.#db
          .prepare("UPDATE runs SET outcome = 'running', ended_at_ms = NULL WHERE run_key = ?")
          .run(runKey);
        this.#db.prepare(INSERT_RESUME).run({ ...run, runKey });
      }),
    );
  }

  /**
   * Stores one batch in one transaction (synchronous=NORMAL) and returns how many signals it held; 0 when the run
   * already has this batch, so that a batch sent again after a crash is not stored twice. `batchSeq` rises by run.
   */
  appendBatch(runId: string, batchSeq: number, bytes: ArrayBuffer): number {
    const store = (): number => {
      const run = this.#run(runId);
      if (batchSeq <= run.last_batch) return 0;
      const batch = decodeBatch(bytes);
      for (let index = 0; index < batch.count; index++) this.#insert(run.run_key, batchSeq, batch, index);
      this.#advanceRun.run(batchSeq, run.run_key);
      return batch.count;
    };
    return this.#guard("cannot store signals", () =>
      unsynced(this.#db, () => this.#db.transaction(store).immediate()),
    );
  }

  /**
   * Stores rows of a run's journal in one transaction; those that it has already change nothing. With `isFull` they and all
   * rows before them are synced to the disk (synchronous=FULL) when it returns; with `isAwaited` `makeTables` is to follow.
   */
  appendJournal(batch: JournalBatch): void {
    const store = (): void => this.#appendRows.immediate(batch);
    this.#guard("cannot store the journal", batch.isFull ? store : () => unsynced(this.#db, store));
  }

  /** Makes the tables of rows that were stored without; the run's next rows do the same first. */
  makeTables(runId: string): void {
    const make = (): void => this.#journal.makeTables(this.#journaled(runId));
    this.#guard("cannot make the tables", () =>
      unsynced(this.#db, () => this.#db.transaction(make).immediate()),
    );
  }

  /** Stores a run's end and summary durably (synchronous=FULL); repeating it overwrites. */
  endRun(runId: string, endedAtMs: number, summaryJson: string): void {
    this.#guard("cannot end a run", () =>
      this.#durably(() => {
        const { run_key } = this.#run(runId);
        this.#db
          .prepare("UPDATE runs SET ended_at_ms = ?, summary_json = ?, outcome = 'ended' WHERE run_key = ?")
          .run(endedAtMs, summaryJson, run_key);
      }),
    );
  }

  /** Stores what happened to a run's model; the same event again changes nothing. */
  noteModel(runId: string, event: ModelEvent): void {
    this.#guard("cannot store a model event", () =>
      unsynced(this.#db, () =>
        this.#db
          .prepare(
            `INSERT INTO model_events (run_key, at_ms, kind, model_id, detail_json)
             VALUES (@runKey, @atMs, @kind, @modelId, @detailJson) ON CONFLICT DO NOTHING`,
          )
          .run({ ...event, runKey: this.#run(runId).run_key }),
      ),
    );
  }

  /**
   * Folds the write-ahead log back into the file, as far as no reader needs it, and begins it anew: the first commit after
   * that syncs twice, so it is one that nobody waits for.
   */
  checkpoint(): void {
    this.#guard("cannot fold the log back", () => {
      this.#db.pragma("wal_checkpoint(PASSIVE)");
      // Written even when it is the same.
      this.#db.pragma(`user_version = ${schemaVersion(this.#db)}`);
    });
  }

  /** Makes a part of the room that the write-ahead log will need; returns whether more lacks. */
  growLog(): boolean {
    return this.#guard("cannot make room for the log", () => growLog(this.#db));
  }

  /** Closes the file; the write-ahead log is folded back into it. */
  close(): void {
    this.#db.close();
  }

  #run(runId: string): RunRow {
    const row = this.#findRun.get(runId);
    if (row === undefined)
      throw new SmcqError(LedgerErrorCode.RunMismatch, `there is no run ${runId}`, { context: { runId } });
    return row;
  }

  #journaled(runId: string): JournaledRun {
    const { run_key: runKey, journal_seq: lastSeq, tables_seq: tablesSeq } = this.#run(runId);
    return { runKey, runId, lastSeq: lastSeq ?? -1, tablesSeq };
  }

  /** A process may have ended between a row and its tables. What fails now is tried at each opening: nothing waits for it. */
  #makeTablesOfKilled(): void {
    const behind = this.#db
      .prepare<[], string>("SELECT run_id FROM runs WHERE tables_seq IS NOT NULL")
      .pluck()
      .all();
    for (const runId of behind)
      try {
        this.makeTables(runId);
      } catch {
        return;
      }
  }

  #insert(runKey: number, batchSeq: number, batch: Batch, index: number): void {
    const { symbol, symbolId, scorerId, challengerId, side, setup, isRestConfirmed } = codesOf(batch, index);
    const features = batch.features.subarray(index * FEATURE_COUNT, (index + 1) * FEATURE_COUNT);
    this.#insertSignal.run(
      runKey,
      batchSeq,
      this.#symbols.keyOf(symbol),
      symbolId,
      this.#scorers.keyOf(scorerId),
      side,
      setup,
      numberOf(batch, index, NumberField.OpenTimeMs),
      numberOf(batch, index, NumberField.ExchangeMs),
      isRestConfirmed ? 1 : 0,
      numberOf(batch, index, NumberField.Score),
      Buffer.from(features.buffer, features.byteOffset, FEATURE_BYTES),
      ...features,
      ...stageLatencies(batch, index),
      numberOf(batch, index, NumberField.InvalidationPrice),
      numberOf(batch, index, NumberField.Atr),
      numberOf(batch, index, NumberField.MedianTurnover),
      challengerId === null ? null : this.#scorers.keyOf(challengerId),
      challengerId === null ? null : numberOf(batch, index, NumberField.ChallengerScore),
    );
  }

  #durably(work: () => void): void {
    this.#db.transaction(work).immediate();
  }

  #guard<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#symbols.forget();
      this.#scorers.forget();
      this.#journal.forget();
      throw ledgerError(error, doing, { file: this.#db.name });
    }
  }
}
