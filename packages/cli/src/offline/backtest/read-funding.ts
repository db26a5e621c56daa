import { basename } from "node:path";
import {
  E8,
  errorCode,
  errorMessage,
  MINUTE_MS,
  parseE8,
  SmcqError,
  type SymbolId,
  symbolId,
} from "@smcq/kernel";
import { sha256OfFile } from "../dataset/bar-source.ts";
import { TIME_MS_MAX } from "@smcq/history";
import { textLines } from "@smcq/history";

/** Rows of a funding file: 1,000 symbols every 4 hours for more than a year. */
export const FUNDING_ROWS_MAX = 2_500_000;
export const FUNDING_LINE_LENGTH_MAX = 256;

/** The venue tells a payment some milliseconds behind the minute that it is of. */
const LATE_MS_MAX = 1_000;
const HEADER = "time,symbol,rate";
const ROW = /^(\d{1,15}),([^\s",-]+),([^,]+)$/u;

/** What longs pay to shorts at a time, as a share of the notional. */
export interface FundingRate {
  /** A whole minute, UTC. */
  readonly timeMs: number;
  readonly symbolId: SymbolId;
  /** Negative: shorts pay. */
  readonly rateE8: bigint;
}

export interface FundingFile {
  /** The file's name without its folder. */
  readonly name: string;
  readonly sha256: string;
  /** By time, then by symbol. */
  readonly rates: readonly FundingRate[];
  /** Rows of symbols that have no bars. */
  readonly ignoredRows: number;
  readonly ignoredSymbols: readonly string[];
}

export interface ReadFundingOptions {
  /** Those with bars, by their number. */
  readonly symbols: readonly string[];
  readonly rowsMax?: number;
}

/**
 * Reads a file of funding rates (docs/trading.md 8). Refuses with FUNDING_FORMAT, naming file and line, what is no row of
 * it, and a symbol's time that stands there twice; with FUNDING_READ what cannot be read.
 */
export async function readFunding(path: string, options: ReadFundingOptions): Promise<FundingFile> {
  const rows = new FundingRows(path, options);
  try {
    await readLines(path, rows);
    return { name: basename(path), sha256: await sha256OfFile(path), ...rows.sorted() };
  } catch (error) {
    if (errorCode(error) === "FUNDING_FORMAT") throw error;
    throw new SmcqError("FUNDING_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
}

async function readLines(path: string, rows: FundingRows): Promise<void> {
  for await (const lines of textLines(path, {
    code: "FUNDING_FORMAT",
    lineCharsMax: FUNDING_LINE_LENGTH_MAX,
  }))
    for (const line of lines) rows.take(line);
  if (rows.line === 0) rows.take("");
}

/** Takes lines, the header first. */
class FundingRows {
  line = 0;
  readonly #path: string;
  readonly #rowsMax: number;
  readonly #ids: ReadonlyMap<string, SymbolId>;
  readonly #rates: FundingRate[] = [];
  readonly #timesOf = new Map<string, Set<number>>();
  readonly #ignored = new Set<string>();
  #ignoredRows = 0;

  constructor(path: string, { symbols, rowsMax = FUNDING_ROWS_MAX }: ReadFundingOptions) {
    this.#path = path;
    this.#rowsMax = rowsMax;
    this.#ids = new Map(symbols.map((symbol, index) => [symbol, symbolId(index)]));
  }

  take(text: string): void {
    this.line++;
    if (this.line > 1) this.#takeRow(text);
    else if (text !== HEADER) throw this.#fault(`the header is not ${HEADER}`);
  }

  sorted(): Pick<FundingFile, "rates" | "ignoredRows" | "ignoredSymbols"> {
    return {
      rates: this.#rates.sort((a, b) => a.timeMs - b.timeMs || a.symbolId - b.symbolId),
      ignoredRows: this.#ignoredRows,
      ignoredSymbols: [...this.#ignored].sort(),
    };
  }

  #takeRow(line: string): void {
    if (this.line - 1 > this.#rowsMax) throw this.#fault(`more than ${this.#rowsMax} rows`);
    const [, time = "", symbol = "", rate = ""] = ROW.exec(line) ?? [];
    if (time === "") throw this.#fault(`no row of ${HEADER}`);
    const toldMs = Number(time);
    const lateMs = toldMs % MINUTE_MS;
    if (toldMs >= TIME_MS_MAX || lateMs >= LATE_MS_MAX)
      throw this.#fault("time is not a whole minute (or less than 1 s behind) in milliseconds since 1970");
    const timeMs = toldMs - lateMs;
    const rateE8 = this.#rateE8(rate);
    this.#requireNew(symbol, timeMs);
    const id = this.#ids.get(symbol);
    if (id === undefined) {
      this.#ignored.add(symbol);
      this.#ignoredRows++;
    } else this.#rates.push({ timeMs, symbolId: id, rateE8 });
  }

  #rateE8(text: string): bigint {
    try {
      const rateE8 = parseE8(text);
      if (rateE8 > -E8 && rateE8 < E8) return rateE8;
    } catch {
      // Said below.
    }
    throw this.#fault("rate is not a decimal between -1 and 1 with at most 8 places");
  }

  #requireNew(symbol: string, timeMs: number): void {
    let times = this.#timesOf.get(symbol);
    if (times === undefined) {
      times = new Set();
      this.#timesOf.set(symbol, times);
    }
    if (times.has(timeMs)) throw this.#fault(`${symbol} has a rate at ${timeMs} already`);
    times.add(timeMs);
  }

  #fault(what: string): SmcqError {
    return new SmcqError("FUNDING_FORMAT", `${this.#path}:${this.line}: ${what}`, {
      context: { file: this.#path, line: this.line },
    });
  }
}
