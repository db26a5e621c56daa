import { BAR_FIELDS, barFault, errorCode, errorMessage, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { FieldReader } from "./decimal.ts";
import { openBytes } from "./open-bytes.ts";

const HEADER = "open_time,open,high,low,close,volume";
const COLUMNS = HEADER.split(",");
const LINE_END = 10;
const RETURN = 13;
const COMMA = 44;
const BATCH_BARS = 4_096;
const LINE_BYTES_MAX = 4_096;
/** 2100-01-01: larger numbers are no milliseconds but microseconds, as the public archive writes since 2025. */
export const TIME_MS_MAX = 4_102_444_800_000;
const MICROSECONDS_PER_MS = 1_000;
/** Whole minutes in seconds, from 1990 on: a likely mistake that deserves its name. */
const TIME_SECONDS_MIN = 631_152_000;

/** A run of bars of a kline file. */
export interface KlineBatch {
  /** `BAR_FIELDS` numbers a bar; the memory is used again for the next batch. */
  readonly bars: Float64Array;
  readonly count: number;
}

export interface KlineFileBatch extends KlineBatch {
  /** The line of the first bar, from 1; the others follow it without a gap. */
  readonly firstLine: number;
}

export interface ReadKlinesOptions {
  /**
   * Given: a bar whose open or close lies this share of the price outside its high and low at most is taken as it is,
   * and told of here, once a bar: prices that were shifted or rounded by hand come out so.
   */
  readonly roundingRatio?: number;
  readonly onRounded?: () => void;
  /** Bytes of the file that were read so far, packed ones where it is packed. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * Reads closed 1-minute bars from a CSV file, packed or not (`openBytes`), in batches of bounded size. The columns are
 * `open_time,open,high,low,close,volume`, more may follow and are ignored; the first line names them, or is a bar already,
 * as in the public archive's older files. Times are milliseconds or microseconds, told apart by their size; empty lines
 * at the end are nothing. Refuses, with file and line, what is no plausible bar, is not a whole minute, or does not come
 * later than the bar before; a hole in the minutes is the caller's to handle.
 */
export async function* readKlinesCsv(
  path: string,
  options: ReadKlinesOptions = {},
): AsyncGenerator<KlineFileBatch, void, undefined> {
  const parser = new KlineParser(path, options);
  try {
    const { onRead } = options;
    const reading = { code: "KLINES_FORMAT", ...(onRead === undefined ? {} : { onRead }) };
    for await (const chunk of openBytes(path, reading)) {
      parser.take(chunk);
      for (let batch = parser.next(); batch !== null; batch = parser.next()) yield batch;
    }
  } catch (error) {
    if (error instanceof SmcqError) throw error;
    throw new SmcqError("KLINES_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
  parser.finish();
  for (let batch = parser.next(); batch !== null; batch = parser.next()) yield batch;
}

/** Cuts bytes into lines and lines into bars. */
class KlineParser {
  readonly #path: string;
  readonly #options: ReadKlinesOptions;
  readonly #fields = new FieldReader();
  readonly #bars = new Float64Array(BATCH_BARS * BAR_FIELDS);
  readonly #batch: { bars: Float64Array; firstLine: number; count: number } = {
    bars: this.#bars,
    firstLine: 0,
    count: 0,
  };
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #isDone = false;
  #line = 0;
  /** The first of the empty lines read last; 0: none. */
  #blankLine = 0;
  #lastOpenMs = -Infinity;

  constructor(path: string, options: ReadKlinesOptions) {
    this.#path = path;
    this.#options = options;
  }

  take(chunk: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#at = 0;
  }

  /** No more bytes come: a last line without a line end counts too. */
  finish(): void {
    this.#isDone = true;
    if (this.#line === 0 && this.#at >= this.#bytes.length) throw this.#fault("the file is empty");
  }

  /** The next bars, at most a batch of them; null when there are none (yet). */
  next(): KlineFileBatch | null {
    let count = 0;
    while (count < BATCH_BARS) {
      const end = this.#lineEnd();
      if (end < 0) break;
      this.#line++;
      const stop = end > this.#at && this.#bytes[end - 1] === RETURN ? end - 1 : end;
      if (stop === this.#at) this.#blankLine ||= this.#line;
      else if (this.#line === 1 && !this.#isBar()) this.#checkHeader(stop);
      else this.#parseLine(stop, count++);
      this.#at = end + 1;
    }
    if (count === 0) return null;
    this.#batch.count = count;
    return this.#batch;
  }

  #lineEnd(): number {
    const end = this.#bytes.indexOf(LINE_END, this.#at);
    if (end >= 0) return end;
    if (this.#bytes.length - this.#at > LINE_BYTES_MAX) {
      this.#line++;
      throw this.#fault(`the line is longer than ${LINE_BYTES_MAX} bytes`);
    }
    return this.#isDone && this.#at < this.#bytes.length ? this.#bytes.length : -1;
  }

  /** No header begins with a digit. */
  #isBar(): boolean {
    const first = this.#bytes[this.#at] ?? 0;
    return first >= 48 && first <= 57;
  }

  #checkHeader(end: number): void {
    const text = Buffer.from(this.#bytes.subarray(this.#at, end)).toString("utf8").trimEnd();
    if (text === HEADER || text.startsWith(`${HEADER},`)) return;
    throw this.#fault(`the header is not ${HEADER}[,...]`);
  }

  /** Takes the line up to `stop`, without its end, as bar `index` of the batch. */
  #parseLine(stop: number, index: number): void {
    const bytes = this.#bytes;
    const fields = this.#fields;
    if (this.#blankLine > 0) {
      this.#line = this.#blankLine;
      throw this.#fault("the line is empty, and others follow");
    }
    if (index === 0) this.#batch.firstLine = this.#line;
    let at = this.#at;
    const into = index * BAR_FIELDS;
    for (let k = 0; k < BAR_FIELDS; k++) {
      const value = fields.read(bytes, at, stop);
      if (Number.isNaN(value)) throw this.#fault(`${COLUMNS[k]} is not a number`);
      if (k < BAR_FIELDS - 1 && bytes[fields.at] !== COMMA) throw this.#fault(`${COLUMNS[k + 1]} is missing`);
      this.#bars[into + k] = value;
      at = fields.at + 1;
    }
    this.#checkBar(into);
  }

  #checkBar(at: number): void {
    const bars = this.#bars;
    const told = bars[at] as number;
    const openTimeMs = told < TIME_MS_MAX ? told : told / MICROSECONDS_PER_MS;
    if (!(openTimeMs >= 0 && openTimeMs < TIME_MS_MAX && openTimeMs % MINUTE_MS === 0))
      throw this.#fault(
        `open_time is not a whole minute in milliseconds or microseconds since 1970${hintOf(told)}`,
      );
    bars[at] = openTimeMs;
    if (openTimeMs <= this.#lastOpenMs)
      throw this.#fault("open_time is not later than the line before", "KLINES_ORDER");
    this.#lastOpenMs = openTimeMs;
    const open = bars[at + 1] as number;
    const high = bars[at + 2] as number;
    const low = bars[at + 3] as number;
    const close = bars[at + 4] as number;
    const volume = bars[at + 5] as number;
    let fault = barFault(open, high, low, close, volume);
    if (fault !== null && this.#options.roundingRatio !== undefined) {
      const slack = high * this.#options.roundingRatio;
      const isRounded = Math.max(open, close) - high <= slack && low - Math.min(open, close) <= slack;
      if (isRounded)
        fault = barFault(open, Math.max(high, open, close), Math.min(low, open, close), close, volume);
      if (fault === null) this.#options.onRounded?.();
    }
    if (fault !== null) throw this.#fault(`no plausible bar: ${fault}`);
  }

  #fault(what: string, code: string = "KLINES_FORMAT"): SmcqError {
    return new SmcqError(code, `${this.#path}:${this.#line}: ${what}`, {
      context: { file: this.#path, line: this.#line },
    });
  }
}

/** What a time that is none probably is. */
function hintOf(time: number): string {
  const isSeconds =
    time >= TIME_SECONDS_MIN && time < TIME_MS_MAX / 1_000 && time % (MINUTE_MS / 1_000) === 0;
  if (isSeconds) return " (these look like seconds)";
  return time >= TIME_MS_MAX * MICROSECONDS_PER_MS ? " (these look like nanoseconds)" : "";
}
