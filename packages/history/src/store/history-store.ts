import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  assert,
  errorCode,
  errorMessage,
  type Month,
  monthEndMs,
  monthStartMs,
  SmcqError,
} from "@smcq/kernel";
import { type Kind, KINDS } from "./kinds.ts";
import { damaged, encodeMonth, type MonthContent, type MonthHeader, openMonth } from "./month-file.ts";
import { removeDrafts, writeDurably } from "./write-durably.ts";

/** What the venue writes: no part of a path, and no name that differs from another by case alone. */
const SYMBOL = /^[^\p{C}\p{Ll}\s",./:\\-]{1,64}$/u;

/** Times from one to another, ms UTC; null: no bound. `toMs` is not included. */
export interface TimeRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** A month's file by name. */
export interface MonthEntry {
  readonly symbol: string;
  readonly month: Month;
  readonly path: string;
  readonly bytes: number;
}

/** Months of bars and funding rates in a folder: `bars/BTCUSDT/BTCUSDT-2024-01.bars`, `funding/...`. */
export class HistoryStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(kind: Kind, symbol: string, month: Month): string {
    return join(this.#folder(kind, symbol), `${symbol}-${month}${KINDS[kind].suffix}`);
  }

  /** Symbols of which something of a kind is stored, by name. */
  symbols(kind: Kind): readonly string[] {
    return names(join(this.folder, kind))
      .filter((name) => SYMBOL.test(name) && this.months(kind, name).length > 0)
      .toSorted();
  }

  /** A symbol's months, ascending; none where nothing is stored. */
  months(kind: Kind, symbol: string): readonly MonthEntry[] {
    const folder = this.#folder(kind, symbol);
    const { suffix } = KINDS[kind];
    return names(folder)
      .filter((name) => name.startsWith(`${symbol}-`) && name.endsWith(suffix))
      .map((name) => ({ name, month: name.slice(symbol.length + 1, -suffix.length) }))
      .filter(({ month }) => /^20\d\d-(?:0[1-9]|1[0-2])$/u.test(month))
      .map(({ name, month }) => {
        const path = join(folder, name);
        return { symbol, month: month as Month, path, bytes: statSync(path).size };
      })
      .toSorted((a, b) => (a.month < b.month ? -1 : 1));
  }

  /** What the file of a month says about itself; null where there is none. HISTORY_* when it is damaged. */
  header(kind: Kind, symbol: string, month: Month): MonthHeader | null {
    const path = this.path(kind, symbol, month);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
    const file = openMonth(path);
    file.close();
    checkPlace(path, file.header, { kind, symbol, month });
    return file.header;
  }

  /** All rows of a month; null where there is no file. HISTORY_* when it is damaged. */
  read(kind: Kind, symbol: string, month: Month): MonthContent | null {
    const header = this.header(kind, symbol, month);
    if (header === null) return null;
    const { fields } = KINDS[kind];
    const rows = new Float64Array(header.rows * fields);
    const file = openMonth(this.path(kind, symbol, month));
    try {
      let at = 0;
      for (let index = 0; index < header.blocks.length; index++) {
        const block = file.block(index);
        rows.set(block, at);
        at += block.length;
      }
    } finally {
      file.close();
    }
    const { sources, isWhole, isFilled } = header;
    return { kind, symbol, month, sources, isWhole, isFilled, rows };
  }

  /** Puts a month in its place, on the disk when this returns; a file that is there is replaced whole. HISTORY_WRITE. */
  write(content: MonthContent): void {
    const { kind, symbol, month } = content;
    checkRows(content);
    writeDurably(this.path(kind, symbol, month), encodeMonth(content));
  }

  /** Removes what killed writers have left beside the files of a symbol. */
  tidy(kind: Kind, symbol: string): void {
    const folder = this.#folder(kind, symbol);
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) removeDrafts(folder);
  }

  #folder(kind: Kind, symbol: string): string {
    if (!SYMBOL.test(symbol))
      throw new SmcqError("USAGE_SYMBOL", `${JSON.stringify(symbol)} is no symbol as the venue writes it`, {
        context: { symbol },
      });
    return join(this.folder, kind, symbol);
  }
}

/** Rows that are not ascending, or not of the month, are a fault of ours: they must never reach the disk. */
function checkRows({ kind, month, rows }: MonthContent): void {
  const { fields } = KINDS[kind];
  let lastMs = monthStartMs(month) - 1;
  const endMs = monthEndMs(month);
  for (let at = 0; at < rows.length; at += fields) {
    const timeMs = rows[at] as number;
    assert(timeMs > lastMs && timeMs < endMs, `Invariant: ${timeMs} is no later time of ${month}`);
    lastMs = timeMs;
  }
}

/** A file that was copied to another one's place would be taken for it. */
export function checkPlace(
  path: string,
  header: MonthHeader,
  wanted: { readonly kind: Kind; readonly symbol: string; readonly month: Month },
): void {
  const { kind, symbol, month } = header;
  if (kind !== wanted.kind || symbol !== wanted.symbol || month !== wanted.month)
    throw damaged(path, `it holds ${kind} of ${symbol} of ${month}, as another name would`);
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw new SmcqError("HISTORY_READ", `cannot read ${folder}: ${errorMessage(error)}`, {
      context: { file: folder, cause: errorCode(error) },
      cause: error,
    });
  }
}
