import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { BAR_FIELDS, barFault, errorCode, errorMessage, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { FieldReader } from "./decimal.ts";

const HEADER = "open_time,open,high,low,close,volume";
const COLUMNS = HEADER.split(",");
const LINE_END = 10;
const COMMA = 44;
const BATCH_BARS = 4_096;
const LINE_BYTES_MAX = 4_096;
/** 2100-01-01: later times are microseconds, not milliseconds. */
const OPEN_TIME_MS_MAX = 4_102_444_800_000;

/** A run of bars of a kline file. */
export interface KlineBatch {
  /** `BAR_FIELDS` numbers a bar; the memory is used again for the next batch. */
  readonly bars: Float64Array;
  readonly count: number;
}

/**
 * Reads closed 1-minute bars from a CSV file (gzip when its name ends in `.gz`) in batches of bounded size. The first
 * line must be `open_time,open,high,low,close,volume`, more columns may follow and are ignored. Refuses, with file and
 * line, what is no plausible bar, is not a whole minute, or does not come later than the bar before; a hole in the
 * minutes is the caller's to handle.
 */
export async function* readKlinesCsv(path: string): AsyncGenerator<KlineBatch, void, undefined> {
  const parser = new KlineParser(path);
  const source = openBytes(path);
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

function openBytes(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 256 * 1_024 });
  if (!path.endsWith(".gz")) return file;
  // A failure of either stream destroys the other and reaches the reader of the last one.
  return pipeline(file, createGunzip({ chunkSize: 256 * 1_024 }), () => undefined);
}

/** Cuts bytes into lines and lines into bars. */
class KlineParser {
  readonly #path: string;
  readonly #fields = new FieldReader();
  readonly #bars = new Float64Array(BATCH_BARS * BAR_FIELDS);
  readonly #batch: { bars: Float64Array; count: number } = { bars: this.#bars, count: 0 };
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #isDone = false;
  #line = 0;
  #lastOpenMs = -Infinity;

  constructor(path: string) {
    this.#path = path;
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
      if (this.#line === 1) this.#checkHeader(end);
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
    if (!(openTimeMs >= 0 && openTimeMs < OPEN_TIME_MS_MAX && openTimeMs % MINUTE_MS === 0))
      throw this.#fault("open_time is not a whole minute in milliseconds since 1970");
    if (openTimeMs <= this.#lastOpenMs)
      throw this.#fault("open_time is not later than the line before", "KLINES_ORDER");
    this.#lastOpenMs = openTimeMs;
    const fault = barFault(
      bars[at + 1] as number,
      bars[at + 2] as number,
      bars[at + 3] as number,
      bars[at + 4] as number,
      bars[at + 5] as number,
    );
    if (fault !== null) throw this.#fault(`no plausible bar: ${fault}`);
  }

  #fault(what: string, code: string = "KLINES_FORMAT"): SmcqError {
    return new SmcqError(code, `${this.#path}:${this.#line}: ${what}`, {
      context: { file: this.#path, line: this.#line },
    });
  }
}
