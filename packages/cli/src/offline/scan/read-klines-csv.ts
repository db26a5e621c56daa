import { BAR_FIELDS, barFault, errorCode, errorMessage, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { FieldReader } from "./decimal.ts";
import { openBytes } from "./open-bytes.ts";

const HEADER = "open_time,open,high,low,close,volume";
const COLUMNS = HEADER.split(",");
const LINE_END = 10;
const COMMA = 44;
const BATCH_BARS = 4_096;
const LINE_BYTES_MAX = 4_096;
/** 2100-01-01: later times are microseconds, not milliseconds. */
export const TIME_MS_MAX = 4_102_444_800_000;

/** A run of bars of a kline file. */
export interface KlineBatch {
  /** `BAR_FIELDS` numbers a bar; the memory is used again for the next batch. */
  readonly bars: Float64Array;
  readonly count: number;
}

export interface ReadKlinesOptions {
  /**
   * Given: a bar whose open or close lies this share of the price outside its high and low at most is taken as it is,
   * and told of here, once a bar: prices that were shifted or rounded by hand come out so.
   */
  readonly roundingRatio?: number;
  readonly onRounded?: () => void;
}

/**
 * Reads closed 1-minute bars from a CSV file (`.csv`, `.csv.gz`, or `.zip` with one `.csv` in it) in batches of bounded
 * size. The columns are `open_time,open,high,low,close,volume`, more may follow and are ignored; the first line names
 * them, or is a bar already, as in the public archive's older files. Refuses, with file and
 * line, what is no plausible bar, is not a whole minute, or does not come later than the bar before; a hole in the
 * minutes is the caller's to handle.
 */
export async function* readKlinesCsv(
  path: string,
  options: ReadKlinesOptions = {},
): AsyncGenerator<KlineBatch, void, undefined> {
  const parser = new KlineParser(path, options);
  const source = await openBytes(path);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      parser.take(chunk);
      for (let batch = parser.next(); batch !== null; batch = parser.next()) yield batch;
    }
  } catch (error) {
    if (error instanceof SmcqError) throw error;
    throw new SmcqError("KLINES_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  } finally {
    source.destroy();
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
  readonly #batch: { bars: Float64Array; count: number } = { bars: this.#bars, count: 0 };
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #isDone = false;
  #line = 0;
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
  next(): KlineBatch | null {
    let count = 0;
    while (count < BATCH_BARS) {
      const end = this.#lineEnd();
      if (end < 0) break;
      this.#line++;
      if (this.#line === 1 && !this.#isBar()) this.#checkHeader(end);
      else this.#parseLine(end, count++);
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
    const isGzip = this.#bytes[this.#at] === 0x1f && this.#bytes[this.#at + 1] === 0x8b;
    const hint = isGzip ? " (it is gzip: its name must end in .gz)" : "";
    throw this.#fault(`the header is not ${HEADER}[,...]${hint}`);
  }

  /** Takes one line as bar `index` of the batch. */
  #parseLine(end: number, index: number): void {
    const bytes = this.#bytes;
    const fields = this.#fields;
    const isReturn = end > this.#at && bytes[end - 1] === 13;
    const stop = isReturn ? end - 1 : end;
    if (stop === this.#at) throw this.#fault("the line is empty");
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
    const openTimeMs = bars[at] as number;
    if (!(openTimeMs >= 0 && openTimeMs < TIME_MS_MAX && openTimeMs % MINUTE_MS === 0))
      throw this.#fault("open_time is not a whole minute in milliseconds since 1970");
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
