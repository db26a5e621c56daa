import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { CandidateScanner, FEATURES } from "@smcq/features";
import { type HistoryStore, type Kind, KINDS, StoredRows, type TimeRange } from "@smcq/history";
import { BAR_FIELDS, errorCode, errorMessage, FEATURE_COUNT, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { type ParquetColumn, ParquetFile } from "./parquet-file.ts";
import { tableToParquet } from "./table-to-parquet.ts";

/** Rows of the store. */
export interface StoreExport extends TimeRange {
  readonly store: HistoryStore;
  /** By name. */
  readonly symbols: readonly string[];
}

const FLOAT32_BYTES = 4;
const FEATURE_COLUMNS: readonly ParquetColumn[] = FEATURES.map(({ name }) => ({ name, type: "number" }));

/** Writes stored bars or funding rates, by symbol and time, and returns the rows. */
export async function exportRows(
  kind: Kind,
  { store, symbols, ...range }: StoreExport,
  out: string,
): Promise<number> {
  const { columns, fields } = KINDS[kind];
  const [time = "", ...others] = columns;
  return written(
    out,
    [
      { name: "symbol", type: "text" },
      { name: time, type: "whole" },
      ...others.map((name): ParquetColumn => ({ name, type: "number" })),
    ],
    async (file) => {
      for (const symbol of symbols) {
        const rows = new StoredRows(store, { kind, symbol, ...range });
        for (let block = 0; block < rows.blockCount; block++) {
          const flat = rows.block(block);
          for (let at = 0; at < flat.length; at += fields)
            await file.add([symbol, ...flat.subarray(at, at + fields)]);
        }
      }
    },
  );
}

/** Writes the candidates of stored bars with their heuristic score and the 12 features of their side, and returns their number. */
export async function exportCandidates(
  { store, symbols, ...range }: StoreExport,
  out: string,
): Promise<number> {
  const columns: readonly ParquetColumn[] = [
    { name: "symbol", type: "text" },
    { name: "open_time", type: "whole" },
    { name: "side", type: "whole" },
    { name: "setup", type: "whole" },
    { name: "heuristic", type: "number" },
    ...FEATURE_COLUMNS,
  ];
  return written(out, columns, async (file) => {
    for (const symbol of symbols)
      await candidatesOf(new StoredRows(store, { kind: "bars", symbol, ...range }), file);
  });
}

async function candidatesOf(rows: StoredRows, file: ParquetFile): Promise<void> {
  const scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
  });
  scanner.attach(0, 0);
  scanner.resetAll();
  const features = new Float32Array(FEATURE_COUNT);
  let lastMs = rows.firstMs - MINUTE_MS;
  for (const { bars } of rows.batches())
    for (let at = 0; at < bars.length; at += BAR_FIELDS) {
      const [openMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
        at,
        at + BAR_FIELDS,
      );
      if (openMs !== lastMs + MINUTE_MS) scanner.resetAll();
      lastMs = openMs;
      const code = scanner.push(openMs, open, high, low, close, volume);
      if (code === 0) continue;
      const side = code > 0 ? 1 : -1;
      scanner.features(features, 0, side);
      await file.add([rows.symbol, openMs, side, Math.abs(code), scanner.heuristic(side), ...features]);
    }
}

/** Writes a table of a backtest's folder. */
export function exportTable(
  folder: string,
  name: "trades" | "decisions" | "equity",
  out: string,
): Promise<number> {
  return tableToParquet(join(folder, `${name}.csv`), out);
}

/** Writes the labels of a data set's folder with the features of each row. */
export async function exportLabels(folder: string, out: string): Promise<number> {
  const features = openFeatures(join(folder, "features.npy"));
  try {
    const rows = await tableToParquet(join(folder, "labels.csv"), out, {
      columns: FEATURE_COLUMNS,
      row: (index) => features.row(index),
    });
    return rows;
  } finally {
    features.close();
  }
}

/** The rows of a features.npy (float32), one at a time. */
function openFeatures(path: string): { row(index: number): readonly number[]; close(): void } {
  const handle = guarded(path, () => openSync(path, "r"));
  const prefix = Buffer.alloc(10);
  readSync(handle, prefix, 0, prefix.length, 0);
  if (prefix.toString("latin1", 1, 6) !== "NUMPY") {
    closeSync(handle);
    throw new SmcqError("TABLE_FORMAT", `${path}: it is no .npy file`, { context: { file: path } });
  }
  const start = prefix.length + prefix.readUInt16LE(8);
  const bytes = Buffer.alloc(FEATURE_COUNT * FLOAT32_BYTES);
  return {
    row: (index) => {
      const read = readSync(handle, bytes, 0, bytes.length, start + index * bytes.length);
      if (read < bytes.length)
        throw new SmcqError("TABLE_FORMAT", `${path}: it has fewer rows than labels.csv`, {
          context: { file: path },
        });
      return Array.from({ length: FEATURE_COUNT }, (_, k) => bytes.readFloatLE(k * FLOAT32_BYTES));
    },
    close: () => closeSync(handle),
  };
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SmcqError("TABLE_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
}

async function written(
  out: string,
  columns: readonly ParquetColumn[],
  work: (file: ParquetFile) => Promise<void>,
): Promise<number> {
  const file = new ParquetFile(out, columns);
  try {
    await work(file);
    await file.publish();
  } catch (error) {
    file.abandon();
    throw error;
  }
  return file.rows;
}
