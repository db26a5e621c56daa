import { SmcqError } from "@smcq/kernel";

/** What a cell of a row may be: money and prices are decimal text, times ISO text. */
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

/** What the ledger answers to a question. */
export interface Answer {
  /** False: the ledger contradicts itself. */
  readonly isSound: boolean;
  /** For `--json`. */
  readonly data: Readonly<Record<string, unknown>>;
  /** For `--csv`; every row has these columns. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** For eyes; ends in a newline. */
  readonly text: string;
  /** What rows alone do not tell: that there are more. */
  readonly notice?: string | null;
}

export type Format = "text" | "json" | "csv";

/** The format that the flags ask for; both together are refused. */
export function formatOf(args: Readonly<Record<string, unknown>>): Format {
  if (args["json"] === true && args["csv"] === true)
    throw new SmcqError("USAGE_FORMAT", "--json and --csv: one of them at most");
  return args["json"] === true ? "json" : args["csv"] === true ? "csv" : "text";
}

export function rendered(answer: Answer, format: Format): string {
  if (format === "json") return `${JSON.stringify(answer.data, null, 2)}\n`;
  return format === "csv" ? csvText(answer.columns, answer.rows) : answer.text;
}

/** CSV by RFC 4180: a header, lines ended by CRLF, nothing for null, numbers without exponents. */
export function csvText(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))];
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(cell: Cell): string {
  const text = cell === null ? "" : typeof cell === "number" ? plainText(cell) : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The shortest decimal text of a float64 that reads as the same number again, never with an exponent. */
export function plainText(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = "", first = "", rest = "", power = "0"] = match;
  const digits = first + rest;
  const point = 1 + Number(power);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, "0")}${digits.length > point ? `.${digits.slice(point)}` : ""}`;
}

/** A figure that may be none: null where it is no finite number. */
export function figureCell(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
