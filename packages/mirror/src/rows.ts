import { assert, present } from "@smcq/kernel";
import { LOG_NAMES, TABLE_KEYS } from "./schema/keys.ts";
import type { SourceRows, SourceValue } from "./source.ts";

/** A value as JSON that PostgreSQL reads back as the very same: whole numbers of 64 bits, floats with their sign, bytes. */
function valueText(value: SourceValue): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "number") return `"\\\\x${Buffer.from(value).toString("hex")}"`;
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** Rows as one JSON list of objects. */
export function rowsText({ columns, rows }: SourceRows): string {
  const names = columns.map((column) => JSON.stringify(column));
  const texts = rows.map(
    (row) => `{${names.map((name, at) => `${name}:${valueText(row[at] ?? null)}`).join(",")}}`,
  );
  return `[${texts.join(",")}]`;
}

/** The statement that takes such a list. A log's row that is there already is an error: nothing comes twice. */
export function insertSql({ table, columns }: Pick<SourceRows, "table" | "columns">): string {
  const keys = present(TABLE_KEYS[table], "Invariant: every table of a ledger is known");
  assert(
    columns.every((column) => /^[a-z][a-z0-9_]*$/.test(column)),
    "Invariant: a ledger's columns have plain names",
  );
  const names = columns.join(", ");
  const insert = `INSERT INTO ${table} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${table}, $1::json)`;
  if (LOG_NAMES.some((log) => log === table)) return insert;
  const others = columns.filter((column) => !keys.includes(column));
  const update = others.map((column) => `${column} = EXCLUDED.${column}`).join(", ");
  return `${insert} ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${update}`;
}

/** Which rows of small tables a session has written already: they come whole each time. */
export class WrittenRows {
  readonly #texts = new Map<string, string>();

  /** The rows that are new or others than they were. */
  fresh(all: SourceRows): SourceRows {
    return { ...all, rows: all.rows.filter((row) => this.#texts.get(keyOf(all, row)) !== textOf(row)) };
  }

  /** They are committed. */
  keep(all: SourceRows): void {
    for (const row of all.rows) this.#texts.set(keyOf(all, row), textOf(row));
  }
}

function keyOf({ table, columns }: SourceRows, row: readonly SourceValue[]): string {
  const keys = present(TABLE_KEYS[table], "Invariant: every table of a ledger is known");
  return `${table} ${keys.map((key) => String(row[columns.indexOf(key)])).join(" ")}`;
}

function textOf(row: readonly SourceValue[]): string {
  return row.map(valueText).join(",");
}
