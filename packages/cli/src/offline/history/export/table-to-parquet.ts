import { textLines } from "@smcq/history";
import { SmcqError } from "@smcq/kernel";
import { type ParquetCell, type ParquetColumn, ParquetFile } from "./parquet-file.ts";

const LINE_CHARS_MAX = 65_536;
const WHOLE = /^-?\d{1,15}$/u;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?$/iu;

/** Columns that stand beside those of a table, row by row. */
export interface BesideColumns {
  readonly columns: readonly ParquetColumn[];
  /** The values of a row, from 0. */
  row(index: number): readonly number[];
}

/**
 * Writes a table of our own (CSV with a header, no quotes) as Parquet and returns its rows. A column is whole numbers, numbers or
 * text by what all of its cells are; an empty cell is null. TABLE_FORMAT, naming file and line: a row of another width.
 */
export async function tableToParquet(path: string, out: string, beside?: BesideColumns): Promise<number> {
  const columns = await columnsOf(path);
  const file = new ParquetFile(out, [...columns, ...(beside?.columns ?? [])]);
  try {
    for await (const row of rowsOf(path)) {
      const cells: ParquetCell[] = row.map((cell, at) =>
        cell === "" ? null : columns[at]?.type === "text" ? cell : Number(cell),
      );
      await file.add(beside === undefined ? cells : [...cells, ...beside.row(file.rows)]);
    }
    await file.publish();
  } catch (error) {
    file.abandon();
    throw error;
  }
  return file.rows;
}

async function columnsOf(path: string): Promise<readonly ParquetColumn[]> {
  const [names] = await headerOf(path);
  const forms = names.map((name) => ({ name, isWhole: true, isNumber: true, isNullable: false }));
  for await (const row of rowsOf(path))
    for (const [at, form] of forms.entries()) {
      const cell = row[at] as string;
      if (cell === "") form.isNullable = true;
      else {
        form.isWhole &&= WHOLE.test(cell);
        form.isNumber &&= NUMBER.test(cell);
      }
    }
  return forms.map(({ name, isWhole, isNumber, isNullable }) => ({
    name,
    type: isWhole ? "whole" : isNumber ? "number" : "text",
    isNullable,
  }));
}

async function headerOf(path: string): Promise<readonly [readonly string[]]> {
  for await (const lines of textLines(path, { code: "TABLE_FORMAT", lineCharsMax: LINE_CHARS_MAX }))
    for (const line of lines) return [line.split(",")];
  throw new SmcqError("TABLE_FORMAT", `${path}: the file is empty`, { context: { file: path } });
}

/** The cells of each row behind the header. */
async function* rowsOf(path: string): AsyncGenerator<readonly string[]> {
  let width = 0;
  let line = 0;
  for await (const lines of textLines(path, { code: "TABLE_FORMAT", lineCharsMax: LINE_CHARS_MAX }))
    for (const text of lines) {
      const cells = text.split(",");
      if (++line === 1) width = cells.length;
      else if (cells.length === width) yield cells;
      else
        throw new SmcqError("TABLE_FORMAT", `${path}:${line}: ${cells.length} columns, wanted ${width}`, {
          context: { file: path, line },
        });
    }
}
