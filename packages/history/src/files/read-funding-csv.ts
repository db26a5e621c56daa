import { errorCode, errorMessage, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { TIME_MS_MAX } from "./read-klines-csv.ts";
import { textLines } from "./text-lines.ts";

/** Rows of a file: 1,000 symbols every 4 hours for more than a year. */
export const FUNDING_ROWS_MAX = 2_500_000;
const LINE_CHARS_MAX = 256;
/** The venue tells a payment some milliseconds behind the minute that it is of. */
const LATE_MS_MAX = 10_000;
/** 2010-01-01: what is less is no time of a market in ms, but seconds or another thing. */
const TIME_MS_MIN = 1_262_304_000_000;
const DECIMAL = /^-?\d+(?:\.\d+)?(?:e-?\d{1,2})?$/iu;

/** Where a header puts the three things. */
const FORMS: Readonly<
  Record<string, { readonly time: number; readonly symbol: number; readonly rate: number }>
> = {
  // The venue's archive: a file a symbol and month.
  "calc_time,funding_interval_hours,last_funding_rate": { time: 0, symbol: -1, rate: 2 },
  // What `smcq backtest --funding` takes.
  "time,symbol,rate": { time: 0, symbol: 1, rate: 2 },
};
const HEADERLESS = "calc_time,funding_interval_hours,last_funding_rate";

/** A funding rate as a file tells it. */
export interface FundingRow {
  /** A whole minute, UTC. */
  readonly timeMs: number;
  /** Null: the file is of one symbol and does not name it. */
  readonly symbol: string | null;
  readonly rate: number;
}

/**
 * Reads funding rates from a CSV file, packed or not: the archive's columns (with or without their header) or
 * `time,symbol,rate`. Times are ms, at most 10 s behind their minute. FUNDING_FORMAT, naming file and line: no such row;
 * FUNDING_READ: it cannot be read.
 */
export async function readFundingCsv(path: string): Promise<readonly FundingRow[]> {
  const rows: FundingRow[] = [];
  let form = FORMS[HEADERLESS];
  let line = 0;
  const fault = (what: string): SmcqError =>
    new SmcqError("FUNDING_FORMAT", `${path}:${line}: ${what}`, { context: { file: path, line } });
  try {
    for await (const lines of textLines(path, { code: "FUNDING_FORMAT", lineCharsMax: LINE_CHARS_MAX }))
      for (const text of lines) {
        line++;
        if (line === 1 && !/^\d/u.test(text)) {
          form = FORMS[text];
          if (form === undefined) throw fault(`the header is none of ${Object.keys(FORMS).join(" or ")}`);
          continue;
        }
        if (rows.length >= FUNDING_ROWS_MAX) throw fault(`more than ${FUNDING_ROWS_MAX} rows`);
        rows.push(rowOf(text.split(","), form as NonNullable<typeof form>, fault));
      }
  } catch (error) {
    if (errorCode(error) === "FUNDING_FORMAT") throw error;
    throw new SmcqError("FUNDING_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
  return rows;
}

function rowOf(
  cells: readonly string[],
  form: { readonly time: number; readonly symbol: number; readonly rate: number },
  fault: (what: string) => SmcqError,
): FundingRow {
  if (cells.length !== 3) throw fault(`${cells.length} columns, wanted 3`);
  const toldMs = Number(cells[form.time]);
  const lateMs = toldMs % MINUTE_MS;
  if (!(Number.isInteger(toldMs) && toldMs >= TIME_MS_MIN && toldMs < TIME_MS_MAX && lateMs <= LATE_MS_MAX))
    throw fault("the time is not a whole minute (or at most 10 s behind) in milliseconds, from 2010 on");
  const text = cells[form.rate] ?? "";
  const rate = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!(rate > -1 && rate < 1)) throw fault("the rate is not a decimal between -1 and 1");
  const symbol = form.symbol < 0 ? null : (cells[form.symbol] ?? "");
  return { timeMs: toldMs - lateMs, symbol, rate };
}
