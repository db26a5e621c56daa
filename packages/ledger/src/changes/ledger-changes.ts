import { type BigIntStats, statSync } from "node:fs";
import { SmcqError } from "@smcq/kernel";
import type { Database, Statement } from "better-sqlite3";
import { LedgerErrorCode, ledgerError } from "../errors.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import { openJournalFile } from "../journal/stored-rows.ts";
import { PROJECTION_TABLES } from "../projections/projector.ts";
import {
  type LedgerChange,
  type LedgerPlace,
  type LedgerTable,
  LOG_TABLES,
  type LogPlace,
  type LogTable,
  SMALL_TABLES,
  type SqlValue,
  type TableRows,
} from "./change-types.ts";
import { Touched } from "./touched.ts";

/** The schema with every column that is told of here. */
const SCHEMA_MIN = 9;
/** Where the writer keeps how far a run's tables are: they follow the rows that an order waits for, and nobody is told before. */
const TABLES_PLACE = "tables_seq";
/** The first row of the journal whose tables are not made yet. */
const FIRST_WITHOUT_TABLES = `
SELECT min(j.journal_key) FROM runs r JOIN journal j ON j.run_key = r.run_key AND j.seq > r.${TABLES_PLACE}
WHERE r.${TABLES_PLACE} IS NOT NULL`;
/** Rows of a log that one change holds. */
const ROWS_MAX = 2_000;
/** Characters of a log's rows at which a change is full; one row more may be in it. */
const CHARACTERS_MAX = 16_777_216;

interface Log {
  readonly key: string;
  /** Says which row stands at a key, as text. */
  readonly mark: string;
}

const LOGS: Readonly<Record<LogTable, Log>> = {
  journal: { key: "journal_key", mark: "hash" },
  signals: {
    key: "signal_key",
    mark: "run_key || ' ' || batch || ' ' || symbol_id || ' ' || open_time_ms || ' ' || score",
  },
  model_events: { key: "model_event_key", mark: "run_key || ' ' || at_ms || ' ' || kind || ' ' || model_id" },
};

/** A question about one table: what of it a run's journal rows may have made or changed. */
interface Question {
  readonly where: string;
  readonly values: (touched: Touched) => readonly unknown[];
}

const list = (names: Iterable<unknown>): string => JSON.stringify([...names]);
const IN_LIST = "IN (SELECT value FROM json_each(?))";
const BY_SEQ: Question = {
  where: "seq BETWEEN ? AND ?",
  values: ({ fromSeq, toSeq }) => [fromSeq, toSeq],
};
const BY_ORDER: Question = {
  where: `client_order_id ${IN_LIST}`,
  values: ({ orderIds }) => [list(orderIds)],
};
const BY_SYMBOL: Question = {
  where: `symbol_id ${IN_LIST}`,
  values: ({ symbolIds }) => [list(symbolIds)],
};

const QUESTIONS: Readonly<Record<(typeof PROJECTION_TABLES)[number], Question>> = {
  instruments: BY_SYMBOL,
  orders: BY_ORDER,
  algo_orders: BY_ORDER,
  fills: BY_SEQ,
  positions: BY_SYMBOL,
  income: BY_SEQ,
  trades: {
    where: `(${BY_SEQ.where} OR trade_id ${IN_LIST})`,
    values: (touched) => [...BY_SEQ.values(touched), list(touched.tradeIds)],
  },
  decisions: BY_SEQ,
  refusals: { where: `minute_ms ${IN_LIST}`, values: ({ minuteMs }) => [list(minuteMs)] },
  equity: { where: `close_ms ${IN_LIST}`, values: ({ closeMs }) => [list(closeMs)] },
  incidents: BY_SEQ,
};

type Row = readonly SqlValue[];

/**
 * What has come into a ledger behind a place, for whoever keeps a copy: read-only, beside a writer, in short transactions.
 * Rows of tables come as they stand when they are read: who has read to the end has every table as it is.
 */
export class LedgerChanges {
  readonly #db: Database;
  readonly #file: string;
  readonly #own: BigIntStats | undefined;
  readonly #columns = new Map<LedgerTable, readonly string[]>();
  readonly #statements = new Map<string, Statement<unknown[], Row>>();
  /** SQLite's own count of what others have written; null: not looked yet. */
  #version: unknown = null;
  #isLevel = false;

  /** Refuses (LEDGER_ABSENT, LEDGER_SCHEMA_NEWER ...) a file that is no ledger of this version. */
  constructor(file: string) {
    this.#file = file;
    this.#db = openJournalFile(file, SCHEMA_MIN);
    this.#own = statSync(file, { bigint: true, throwIfNoEntry: false });
  }

  /** The id of the file's first run, by which files are told apart; null: there is none yet. */
  ledgerId(): string | null {
    const first = "SELECT run_id FROM runs ORDER BY run_key LIMIT 1";
    return this.#read(() => this.#db.prepare<[], string>(first).pluck().get() ?? null);
  }

  /** Whether the rows at which a place stands are those that stood there. */
  holds(place: LedgerPlace): boolean {
    return this.#read(() => LOG_TABLES.every((log) => this.#markAt(log, place[log].key) === place[log].mark));
  }

  /**
   * What has come behind `from`; null: nothing has been written since the last answer, which had told everything. Throws
   * LEDGER_MOVED when another file has taken this one's place.
   */
  read(from: LedgerPlace): LedgerChange | null {
    this.#requireSame();
    return this.#read(() => {
      const version = this.#db.pragma("data_version", { simple: true });
      if (this.#isLevel && version === this.#version) return null;
      const change = this.#change(from);
      this.#version = version;
      this.#isLevel = change.rowsBehind === 0;
      return change;
    });
  }

  /** Everything of a table that is told, for comparing copies. */
  whole(table: LedgerTable): TableRows {
    return this.#read(() =>
      table === "journal"
        ? this.#ask(table, `${LOGS[table].key} < ?`, [this.#end(table)])
        : this.#ask(table, "true", []),
    );
  }

  close(): void {
    this.#db.close();
  }

  #change(from: LedgerPlace): LedgerChange {
    const logs = LOG_TABLES.map((log) => this.#log(log, from[log].key));
    const journal = logs.find(({ table }) => table === "journal");
    const touched = journal === undefined ? [] : touchedBy(journal);
    const made = PROJECTION_TABLES.map((table) => this.#made(table, touched));
    const small = SMALL_TABLES.map((table) => this.#ask(table, "true", []));
    const places = LOG_TABLES.map((log, index): [LogTable, LogPlace] => {
      const last = logs[index]?.rows.at(-1);
      const key = last === undefined ? from[log].key : Number(last[0]);
      return [log, last === undefined ? from[log] : { key, mark: this.#markAt(log, key) ?? "" }];
    });
    const to = Object.fromEntries(places) as LedgerPlace;
    const tables = [...small, ...logs, ...made].filter(({ rows }) => rows.length > 0);
    return { tables, to, rowsBehind: LOG_TABLES.reduce((sum, log) => sum + this.#behind(log, to), 0) };
  }

  /** New rows of a log, its key first. */
  #log(table: LogTable, from: number): TableRows {
    const { key } = LOGS[table];
    const columns = this.#columnsOf(table);
    const rows: Row[] = [];
    let characters = 0;
    const where = `${key} > ? AND ${key} < ? ORDER BY ${key} LIMIT ?`;
    for (const row of this.#statement(table, where).iterate(from, this.#end(table), ROWS_MAX)) {
      rows.push(row);
      for (const value of row) if (typeof value === "string") characters += value.length;
      if (characters > CHARACTERS_MAX) break;
    }
    return { table, columns, rows };
  }

  /** Rows of a log from here on are not told yet: those of the journal come when what they make stands in the tables. */
  #end(log: LogTable): number {
    if (log !== "journal") return Number.MAX_SAFE_INTEGER;
    const first = this.#db.prepare<[], number | null>(FIRST_WITHOUT_TABLES).pluck().get();
    return first ?? Number.MAX_SAFE_INTEGER;
  }

  #made(table: (typeof PROJECTION_TABLES)[number], touched: readonly Touched[]): TableRows {
    const { where, values } = QUESTIONS[table];
    const rows = touched.flatMap(
      (run) => this.#ask(table, `run_key = ? AND ${where}`, [run.runKey, ...values(run)]).rows,
    );
    return { table, columns: this.#columnsOf(table), rows };
  }

  #ask(table: LedgerTable, where: string, values: readonly unknown[]): TableRows {
    return { table, columns: this.#columnsOf(table), rows: this.#statement(table, where).all(...values) };
  }

  #statement(table: LedgerTable, where: string): Statement<unknown[], Row> {
    const sql = `SELECT ${this.#columnsOf(table).join(", ")} FROM ${table} WHERE ${where}`;
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare<unknown[], Row>(sql).raw().safeIntegers();
    this.#statements.set(sql, statement);
    return statement;
  }

  #columnsOf(table: LedgerTable): readonly string[] {
    const known = this.#columns.get(table);
    if (known !== undefined) return known;
    const columns = this.#db
      .prepare<[string, string], string>("SELECT name FROM pragma_table_info(?) WHERE name <> ? ORDER BY cid")
      .pluck()
      .all(table, TABLES_PLACE);
    this.#columns.set(table, columns);
    return columns;
  }

  /** Null: there is no row at that key; "" at 0, where no row is. */
  #markAt(log: LogTable, key: number): string | null {
    if (key === 0) return "";
    const { key: column, mark } = LOGS[log];
    const sql = `SELECT ${mark} FROM ${log} WHERE ${column} = ?`;
    return this.#db.prepare<[number], string>(sql).pluck().get(key) ?? null;
  }

  #behind(log: LogTable, to: LedgerPlace): number {
    const { key } = LOGS[log];
    const sql = `SELECT coalesce(max(${key}), 0) FROM ${log} WHERE ${key} < ?`;
    const last = this.#db.prepare<[number], number>(sql).pluck().get(this.#end(log)) ?? 0;
    return Math.max(0, last - to[log].key);
  }

  #requireSame(): void {
    const found = statSync(this.#file, { bigint: true, throwIfNoEntry: false });
    if (found?.ino === this.#own?.ino && found?.dev === this.#own?.dev) return;
    const text = `${this.#file} was removed, or replaced by another file`;
    throw new SmcqError(LedgerErrorCode.Moved, text, { context: { file: this.#file } });
  }

  #read<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).deferred();
    } catch (error) {
      throw ledgerError(error, "cannot read the ledger", { file: this.#file });
    }
  }
}

function touchedBy({ columns, rows }: TableRows): readonly Touched[] {
  const at = (name: string): number => columns.indexOf(name);
  const [runKeyAt, seqAt, kindAt] = [at("run_key"), at("seq"), at("kind")];
  const [eventAt, commandsAt] = [at("event"), at("commands")];
  const runs = new Map<number, Touched>();
  for (const row of rows) {
    const [runKey, seq] = [Number(row[runKeyAt]), Number(row[seqAt])];
    const run = runs.get(runKey) ?? new Touched(runKey, seq);
    runs.set(runKey, run);
    const [kind, event, commands] = [row[kindAt], row[eventAt], row[commandsAt]];
    run.take({ seq, kind, event, commands } as Pick<JournalRow, "seq" | "kind" | "event" | "commands">);
  }
  return [...runs.values()];
}
