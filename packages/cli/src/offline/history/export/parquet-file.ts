import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { fileWriter, ParquetWriter } from "hyparquet-writer";

/** Rows that are packed together and held until then. */
const GROUP_ROWS = 65_536;

/** `whole`: INT64; `number`: DOUBLE; `text`: UTF-8. */
export type ColumnType = "whole" | "number" | "text";

export interface ParquetColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Cells may be null. */
  readonly isNullable?: boolean;
}

export type ParquetCell = number | string | null;

const PHYSICAL = { whole: "INT64", number: "DOUBLE", text: "BYTE_ARRAY" } as const;

/** A Parquet file being written beside its name, row group by row group; it gets its name when it is whole and on the disk. */
export class ParquetFile {
  readonly #path: string;
  readonly #draft: string;
  readonly #columns: readonly ParquetColumn[];
  readonly #cells: ParquetCell[][];
  readonly #writer: ParquetWriter;
  #waiting = 0;
  rows = 0;

  constructor(path: string, columns: readonly ParquetColumn[]) {
    this.#path = path;
    this.#draft = `${path}.draft-${process.pid}`;
    this.#columns = columns;
    this.#cells = columns.map(() => []);
    this.#writer = this.#guarded(
      () =>
        new ParquetWriter({
          writer: fileWriter(this.#draft),
          schema: [{ name: "root", num_children: columns.length }, ...columns.map(elementOf)],
        }),
    );
  }

  /** A row in the order of the columns. */
  async add(cells: readonly ParquetCell[]): Promise<void> {
    for (const [at, column] of this.#cells.entries()) column.push(cells[at] ?? null);
    this.rows++;
    if (++this.#waiting === GROUP_ROWS) await this.#flush();
  }

  /** Puts the file in its place. OUTPUT_WRITE when that cannot be done. */
  async publish(): Promise<void> {
    try {
      await this.#flush();
      await this.#writer.finish();
      const handle = openSync(this.#draft, "r+");
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(this.#draft, this.#path);
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  /** Nothing comes of it: what stood at its name stands. */
  abandon(): void {
    rmSync(this.#draft, { force: true });
  }

  async #flush(): Promise<void> {
    if (this.#waiting === 0) return;
    const columnData = this.#columns.map((column, at) => ({
      name: column.name,
      data: dataOf(column, this.#cells[at] as ParquetCell[]),
    }));
    this.#waiting = 0;
    for (const cells of this.#cells) cells.length = 0;
    try {
      await this.#writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #refusal(error: unknown): SmcqError {
    return new SmcqError("OUTPUT_WRITE", `cannot write ${this.#path}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

function elementOf({ name, type, isNullable = false }: ParquetColumn): {
  readonly name: string;
  readonly type: "INT64" | "DOUBLE" | "BYTE_ARRAY";
  readonly repetition_type: "OPTIONAL" | "REQUIRED";
  readonly converted_type?: "UTF8";
} {
  const repetition = { repetition_type: isNullable ? "OPTIONAL" : "REQUIRED" } as const;
  return type === "text"
    ? { name, type: PHYSICAL[type], ...repetition, converted_type: "UTF8" }
    : { name, type: PHYSICAL[type], ...repetition };
}

function dataOf(
  { type, isNullable = false }: ParquetColumn,
  cells: readonly ParquetCell[],
): BigInt64Array | Float64Array | unknown[] {
  if (type === "whole" && !isNullable) return BigInt64Array.from(cells, (cell) => BigInt(cell ?? 0));
  if (type === "whole") return cells.map((cell) => (cell === null ? null : BigInt(cell)));
  return type === "number" && !isNullable ? Float64Array.from(cells, Number) : [...cells];
}
