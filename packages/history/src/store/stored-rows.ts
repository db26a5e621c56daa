import { BAR_FIELDS, monthEndMs, monthStartMs } from "@smcq/kernel";
import { checkPlace, type HistoryStore, type TimeRange } from "./history-store.ts";
import { type Kind, KINDS } from "./kinds.ts";
import { BLOCK_ROWS, openMonth } from "./month-file.ts";

/** A block of a series, clipped to its range. */
interface BlockPlace {
  readonly path: string;
  readonly index: number;
  /** Rows of the block that the range leaves out at its beginning. */
  readonly skip: number;
  readonly rows: number;
  /** Number of its first row in the series. */
  readonly firstRow: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Which rows of the store a series is of. */
export interface SeriesChoice extends TimeRange {
  readonly kind: Kind;
  readonly symbol: string;
}

/**
 * A symbol's rows in a range of time, block by block: nothing but what is asked for is held, and no file stays open. Made
 * from the headers alone (and the blocks that the range cuts); HISTORY_DAMAGED, naming the file, when one is damaged.
 */
export class StoredRows {
  readonly symbol: string;
  readonly rows: number;
  readonly fields: number;
  /** Files that it is made of, ascending in time. */
  readonly paths: readonly string[];
  readonly #blocks: readonly BlockPlace[];

  constructor(store: HistoryStore, choice: SeriesChoice) {
    this.symbol = choice.symbol;
    this.fields = KINDS[choice.kind].fields;
    this.#blocks = placesOf(store, choice);
    this.rows = this.#blocks.reduce((sum, { rows }) => sum + rows, 0);
    this.paths = [...new Set(this.#blocks.map(({ path }) => path))];
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  /** Time of the first row; infinite where there is none. */
  get firstMs(): number {
    return this.#blocks[0]?.firstMs ?? Number.POSITIVE_INFINITY;
  }

  /** Time of the last row; minus infinity where there is none. */
  get lastMs(): number {
    return this.#blocks.at(-1)?.lastMs ?? Number.NEGATIVE_INFINITY;
  }

  /** The number of the block that holds a row. */
  blockOf(row: number): number {
    let [low, high] = [0, this.#blocks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle] as BlockPlace).firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Number of the first row of a block; the number of rows behind the last one. */
  firstRow(block: number): number {
    return this.#blocks[block]?.firstRow ?? this.rows;
  }

  /** The rows of a block, in new memory or in `into` (`BLOCK_ROWS` rows). */
  block(block: number, into?: Float64Array): Float64Array {
    const { path, index, skip, rows } = this.#blocks[block] as BlockPlace;
    const file = openMonth(path);
    try {
      return file.block(index, into).subarray(skip * this.fields, (skip + rows) * this.fields);
    } finally {
      file.close();
    }
  }

  /** Block after block, as bars come out of a file; the memory is used again for the next one. */
  *batches(): Generator<{ readonly bars: Float64Array; readonly count: number }, void, undefined> {
    const memory = new Float64Array(BLOCK_ROWS * this.fields);
    for (let block = 0; block < this.#blocks.length; block++) {
      const bars = this.block(block, memory);
      yield { bars, count: bars.length / BAR_FIELDS };
    }
  }
}

function placesOf(store: HistoryStore, { kind, symbol, fromMs, toMs }: SeriesChoice): readonly BlockPlace[] {
  const from = fromMs ?? Number.NEGATIVE_INFINITY;
  const to = toMs ?? Number.POSITIVE_INFINITY;
  const { fields } = KINDS[kind];
  const places: BlockPlace[] = [];
  let firstRow = 0;
  for (const { month, path } of store.months(kind, symbol)) {
    if (monthEndMs(month) <= from || monthStartMs(month) >= to) continue;
    const file = openMonth(path);
    try {
      checkPlace(path, file.header, { kind, symbol, month });
      for (const [index, { rows, firstMs, lastMs }] of file.header.blocks.entries()) {
        if (lastMs < from || firstMs >= to) continue;
        const isCut = firstMs < from || lastMs >= to;
        const own = isCut
          ? clip(file.block(index), { fields, from, to })
          : { skip: 0, rows, firstMs, lastMs };
        if (own.rows > 0) places.push({ path, index, firstRow, ...own });
        firstRow += own.rows;
      }
    } finally {
      file.close();
    }
  }
  return places;
}

function clip(
  block: Float64Array,
  { fields, from, to }: { readonly fields: number; readonly from: number; readonly to: number },
): Pick<BlockPlace, "skip" | "rows" | "firstMs" | "lastMs"> {
  const count = block.length / fields;
  const timeOf = (row: number): number => block[row * fields] as number;
  let skip = 0;
  while (skip < count && timeOf(skip) < from) skip++;
  let end = count;
  while (end > skip && timeOf(end - 1) >= to) end--;
  return { skip, rows: end - skip, firstMs: timeOf(skip), lastMs: timeOf(end - 1) };
}
