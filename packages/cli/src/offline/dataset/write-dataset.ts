import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { WriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import type { DatasetRows } from "./dataset-rows.ts";

const LABELS_HEADER = "i,side,setup,entry,stop_distance,exit_bar,reason,r,y,symbol,t0,t1,weight";
const ROWS_PER_WRITE = 4_096;

export interface DatasetParts {
  readonly rows: DatasetRows;
  readonly weights: Float64Array;
  readonly symbols: readonly string[];
  /** What `dataset.json` says. */
  readonly summary: object;
}

/** Refuses a folder that holds anything: a data set is written as a whole or not at all. */
export async function checkOutput(out: string): Promise<void> {
  let names: string[] = [];
  try {
    names = await readdir(out);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw writeFault(out, error);
  }
  if (names.length > 0)
    throw new SmcqError("DATASET_OUTPUT", `${out} is not empty: name a new folder`, {
      context: { file: out },
    });
}

/** Writes features.npy, labels.csv and dataset.json beside `out` and renames the folder when it is complete. */
export async function writeDataset(out: string, parts: DatasetParts): Promise<void> {
  const target = resolve(out);
  let draft = "";
  try {
    await mkdir(dirname(target), { recursive: true });
    draft = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    // A folder inside the draft: the draft's own is for its maker's eyes only.
    const folder = join(draft, "dataset");
    await mkdir(folder);
    const order = parts.rows.order();
    await writeParts(join(folder, "features.npy"), featureParts(parts.rows, order));
    await writeParts(join(folder, "labels.csv"), labelParts(parts, order));
    await writeFile(join(folder, "dataset.json"), `${JSON.stringify(parts.summary, null, 2)}\n`);
    await rename(folder, target);
  } catch (error) {
    throw writeFault(out, error);
  } finally {
    if (draft !== "") await rm(draft, { recursive: true, force: true });
  }
}

function writeFault(out: string, error: unknown): SmcqError {
  return new SmcqError("DATASET_WRITE", `cannot write ${out}: ${errorMessage(error)}`, {
    context: { file: out, cause: errorCode(error) },
    cause: error,
  });
}

async function writeParts(path: string, parts: Iterable<Uint8Array | string>): Promise<void> {
  const stream: WriteStream = createWriteStream(path, { flush: true });
  const done = finished(stream);
  for (const part of parts) if (!stream.write(part)) await Promise.race([once(stream, "drain"), done]);
  stream.end();
  await done;
}

/** The .npy format 1.0: magic, header padded to 64 bytes, then the values in C order (little endian, as the machine). */
function* featureParts(rows: DatasetRows, order: Uint32Array): Generator<Uint8Array> {
  const shape = `(${order.length}, ${rows.width})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const prefix = 10;
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix;
  const header = Buffer.alloc(prefix + length, " ");
  header.write("\u0093NUMPY\u0001\u0000", "latin1");
  header.writeUInt16LE(length, 8);
  header.write(text, prefix, "latin1");
  header.write("\n", prefix + length - 1, "latin1");
  yield header;
  for (let from = 0; from < order.length; from += ROWS_PER_WRITE) {
    const part = order.subarray(from, from + ROWS_PER_WRITE);
    const values = new Float32Array(part.length * rows.width);
    for (const [k, index] of part.entries()) values.set(rows.featuresAt(index), k * rows.width);
    yield new Uint8Array(values.buffer);
  }
}

function* labelParts({ rows, weights, symbols }: DatasetParts, order: Uint32Array): Generator<string> {
  yield `${LABELS_HEADER}\n`;
  for (let from = 0; from < order.length; from += ROWS_PER_WRITE) {
    let text = "";
    for (const index of order.subarray(from, from + ROWS_PER_WRITE)) {
      const row = rows.at(index);
      const plan = `${row.bar},${row.side},S${row.setup},${row.entry},${row.stopDistance}`;
      const label = `${row.exitBar},${row.reason},${row.r},${row.r > 0 ? 1 : 0}`;
      const times = `${symbols[row.symbolIndex]},${row.t0Ms},${row.t1Ms}`;
      text += `${plan},${label},${times},${weights[index]}\n`;
    }
    yield text;
  }
}
