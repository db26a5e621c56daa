import { renameSync } from "node:fs";
import { join } from "node:path";
import { assert, Rng } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { describe, expect, it } from "vitest";
import {
  type LedgerPlace,
  type LedgerTable,
  LedgerChanges,
  LOG_TABLES,
  PROJECTION_TABLES,
  SMALL_TABLES,
  type SqlValue,
  type TableRows,
} from "../../src/index.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";
import { hostileRun, randomDay, rowsOf } from "../support/journaled.ts";
import { written } from "../support/written.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const TABLES: readonly LedgerTable[] = [...LOG_TABLES, ...SMALL_TABLES, ...PROJECTION_TABLES];
const NOTHING = { key: 0, mark: "" };
const START: LedgerPlace = { journal: NOTHING, signals: NOTHING, model_events: NOTHING };

/** Which columns a row is known by, as the file itself says. */
function keysOf(file: string): ReadonlyMap<string, readonly string[]> {
  const db = new SqliteDatabase(file, { readonly: true });
  const keys = db
    .prepare<[string], string>("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk")
    .pluck();
  const found = new Map(TABLES.map((table) => [table as string, keys.all(table)]));
  db.close();
  return found;
}

/** A copy that is kept by what it is told, and knows nothing of how tables are made. */
class Copy {
  readonly #keys: ReadonlyMap<string, readonly string[]>;
  readonly #tables = new Map<string, Map<string, string>>();
  place: LedgerPlace = START;

  constructor(file: string) {
    this.#keys = keysOf(file);
  }

  /** Reads on; true when something is left. */
  take(changes: LedgerChanges): boolean {
    const change = changes.read(this.place);
    if (change === null) return false;
    for (const rows of change.tables) {
      const kept = this.#tables.get(rows.table) ?? new Map<string, string>();
      this.#tables.set(rows.table, kept);
      const isLog = LOG_TABLES.some((log) => log === rows.table);
      for (const row of rows.rows) {
        const key = this.#keyOf(rows, row);
        assert(!isLog || !kept.has(key), "Invariant: a row of a log comes once");
        kept.set(key, textOf(row));
      }
    }
    this.place = change.to;
    return change.rowsBehind > 0;
  }

  /** Tables that are not the ledger's. */
  differences(changes: LedgerChanges): readonly string[] {
    return TABLES.filter((table) => {
      const whole = changes.whole(table);
      const wanted = new Map(whole.rows.map((row) => [this.#keyOf(whole, row), textOf(row)]));
      const kept = this.#tables.get(table) ?? new Map<string, string>();
      return kept.size !== wanted.size || [...wanted].some(([key, text]) => kept.get(key) !== text);
    });
  }

  #keyOf({ table, columns }: TableRows, row: readonly SqlValue[]): string {
    return (this.#keys.get(table) ?? []).map((key) => String(row[columns.indexOf(key)])).join(" ");
  }
}

function textOf(row: readonly SqlValue[]): string {
  return row
    .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value)))
    .join("|");
}

describe("what has come into a ledger", () => {
  it.each([
    ["random days", (seed: number) => randomDay(seed, 60)],
    ["runs at a hostile venue", (seed: number) => hostileRun(seed, 6).recorded],
  ])(`makes every table of a copy that reads now and then: %s (seed ${SEED})`, (_name, record) => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    const changes = new LedgerChanges(file);
    const copy = new Copy(file);
    const rng = new Rng(SEED);
    const different: string[] = [];
    const look = (): void => {
      while (copy.take(changes));
      different.push(...copy.differences(changes));
    };
    for (let run = 0; run < 3; run++) {
      for (const _rows of written(store, `run-${run}`, record(SEED + run), rng)) if (rng.chance(0.5)) look();
      store.endRun(`run-${run}`, 9, "{}");
      look();
    }
    expect(different).toEqual([]);
    expect(copy.place.journal.key).toBeGreaterThan(100);
    expect(changes.holds(copy.place)).toBe(true);
    expect(changes.read(copy.place)).toBeNull();
    changes.close();
    store.close();
  });

  it("comes in pieces, each ending where the next one begins", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("run"));
    const rows = rowsOf(randomDay(SEED, 450)).map(({ row }) => row);
    expect(rows.length).toBeGreaterThan(2_000);
    store.appendJournal({ runId: "run", rows, isFull: false, isAwaited: false });
    const changes = new LedgerChanges(file);
    const copy = new Copy(file);
    let pieces = 1;
    while (copy.take(changes)) pieces++;
    expect(pieces).toBe(Math.ceil(rows.length / 2_000));
    expect(copy.differences(changes)).toEqual([]);
    changes.close();
    store.close();
  });

  it("is refused of a file that has taken the ledger's place", () => {
    const [file, other] = ["a", "b"].map((name) => join(temporaryFolder(), `${name}.db`)) as [string, string];
    for (const [index, path] of [file, other].entries()) {
      const store = new LedgerStore({ file: path });
      store.beginRun(runRecord(`run-${index}`));
      store.close();
    }
    const changes = new LedgerChanges(file);
    expect(changes.ledgerId()).toBe("run-0");
    expect(changes.holds({ ...START, journal: { key: 4, mark: "x" } })).toBe(false);
    new SqliteDatabase(other).exec(`VACUUM INTO '${file}.new'`);
    renameSync(`${file}.new`, file);
    expect(() => changes.read(START)).toThrow(expect.objectContaining({ code: "LEDGER_MOVED" }));
    changes.close();
  });
});
