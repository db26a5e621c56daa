import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { textLines } from "@smcq/history";

const BATCH_ROWS = 4_096;
const LINE_CHARS_MAX = 65_536;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/iu;
const WORDS: Readonly<Record<string, number>> = {
  "": Number.NaN,
  nan: Number.NaN,
  inf: Infinity,
  "+inf": Infinity,
  "-inf": -Infinity,
};

/** A run of rows; the memory is used again for the next batch. */
export interface RowBatch {
  /** Row-major, rounded to float32. */
  readonly features: Float32Array;
  readonly count: number;
}

/**
 * Reads rows of a model's features from a CSV file, packed or not (`openBytes`), in batches. The header names the
 * columns: the model's feature names, or f0 and so on; others are left out. `nan`, `inf`, `-inf` and an empty field (NaN)
 * are values. Refuses, with file and line, what is no number.
 */
export async function* readRows(
  path: string,
  names: readonly string[],
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<RowBatch, void, undefined> {
  const width = names.length;
  const features = new Float32Array(BATCH_ROWS * width);
  let count = 0;
  let columns: readonly number[] | null = null;
  let line = 0;
  for await (const lines of linesOf(path, onRead))
    for (const text of lines) {
      line++;
      const fields = text.split(",");
      if (columns === null) {
        columns = columnsOf(fields, names, path);
        continue;
      }
      for (const [feature, column] of columns.entries())
        features[count * width + feature] = valueOf(fields[column], `${path}:${line}`, column);
      if (++count < BATCH_ROWS) continue;
      yield { features, count };
      count = 0;
    }
  if (columns === null) throw new SmcqError("ROWS_FORMAT", `${path}: the file is empty`);
  if (count > 0) yield { features, count };
}

/** Where each feature stands in a line. */
function columnsOf(header: readonly string[], names: readonly string[], path: string): number[] {
  const found = header.map((name) => name.trim());
  const byPosition = names.map((_, feature) => `f${feature}`);
  const wanted = found.includes("f0") ? byPosition : names;
  return wanted.map((name) => {
    const column = found.indexOf(name);
    if (column >= 0) return column;
    throw new SmcqError(
      "ROWS_FORMAT",
      `${path}:1: there is no column ${name}; wanted are f0 to f${names.length - 1} or ${names.join(", ")}`,
    );
  });
}

function valueOf(field: string | undefined, place: string, column: number): number {
  const text = field?.trim().toLowerCase();
  if (text === undefined) throw new SmcqError("ROWS_FORMAT", `${place}: field ${column + 1} is missing`);
  if (Object.hasOwn(WORDS, text)) return WORDS[text] as number;
  if (!DECIMAL.test(text))
    throw new SmcqError(
      "ROWS_FORMAT",
      `${place}: field ${column + 1} is ${JSON.stringify(text.slice(0, 40))}, no number, nan or inf`,
    );
  return Number(text);
}

async function* linesOf(
  path: string,
  onRead: (bytes: number) => void,
): AsyncGenerator<readonly string[], void, undefined> {
  try {
    yield* textLines(path, { code: "ROWS_FORMAT", lineCharsMax: LINE_CHARS_MAX, onRead });
  } catch (error) {
    if (error instanceof SmcqError) throw error;
    throw new SmcqError("ROWS_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
}
