import { resolve } from "node:path";
import { CandidateScanner, FEATURES, FIRST_FEATURE_BAR } from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { EVENT_NAMES, EventBuffer } from "@smcq/smc";
import { CsvOutput } from "./csv-output.ts";
import { type KlineBatch, readKlinesCsv, type StoredRows } from "@smcq/history";

const HOLES_NAMED_MAX = 20;
const EVENTS_HEADER = "i,event,dir,level_or_top,bottom_or_aux,origin";
const FEATURES_HEADER: string = ["i", ...FEATURES.map(({ name }) => name)].join(",");
const CANDIDATES_HEADER = "i,side,setup,heuristic";

/** What to scan and where to write; each output is a path (`.gz` compresses) or `-` for standard output. */
export interface ScanOptions {
  /** A file of bars, or those of the store. */
  readonly klines: string | StoredRows;
  readonly symbol: string;
  readonly events?: string;
  readonly features?: string;
  readonly candidates?: string;
  /** Receives lines for the user, such as holes in the minutes. */
  readonly warn?: (line: string) => void;
  /** Bytes of the file that were read so far. */
  readonly onRead?: (bytes: number) => void;
}

/** What a scan came to. */
export interface ScanTotals {
  readonly symbol: string;
  readonly bars: number;
  readonly holes: number;
  readonly missingMinutes: number;
  readonly candidates: number;
}

/**
 * Runs detector, features and candidates over a file of closed bars and writes the columns of the golden files; `i`
 * is the 0-based row of the file (or of the stored range). A hole in the minutes starts the symbol anew (docs/smc.md 0). Returns the rows
 * read, the holes in them and the candidates. Refuses bad input and unwritable outputs with an `SmcqError` that names file and line.
 */
export async function runScan(options: ScanOptions): Promise<ScanTotals> {
  checkPaths(options);
  const { klines, onRead } = options;
  const batches: AsyncGenerator<ScanBatch> =
    typeof klines === "string"
      ? readKlinesCsv(klines, onRead === undefined ? {} : { onRead })
      : storedBatches(klines);
  // The first batch is read before any output is opened: a wrong input must not empty an older result.
  let step = await batches.next();
  const scan = new Scan(options);
  try {
    for (; step.done !== true; step = await batches.next()) {
      scan.take(step.value);
      await scan.flush();
      if (scan.isOrphaned) break;
    }
    await scan.close();
  } catch (error) {
    await scan.abandon();
    throw error;
  } finally {
    await batches.return(undefined);
  }
  return scan.totals;
}

/** Bars with the line of the first, where they have lines. */
type ScanBatch = KlineBatch & { readonly firstLine?: number };

async function* storedBatches(rows: StoredRows): AsyncGenerator<ScanBatch> {
  yield* rows.batches();
}

function checkPaths({ klines, symbol, events, features, candidates }: ScanOptions): void {
  if (symbol.trim() === "") throw new SmcqError("USAGE_SYMBOL", "the symbol has no name");
  const outputs = [events, features, candidates].filter((path) => path !== undefined);
  const seen = new Set(typeof klines === "string" ? [resolve(klines)] : []);
  for (const path of outputs) {
    const name = path === "-" ? path : resolve(path);
    if (seen.has(name))
      throw new SmcqError(
        "USAGE_OUTPUT",
        path === "-" ? "only one output can go to standard output" : `${path} is named twice`,
        { context: { file: path } },
      );
    seen.add(name);
  }
}

/** One pass over a file. */
class Scan {
  readonly #options: ScanOptions;
  readonly #events: CsvOutput | null;
  readonly #features: CsvOutput | null;
  readonly #candidates: CsvOutput | null;
  readonly #buffer: EventBuffer | null;
  readonly #scanner: CandidateScanner;
  readonly #row = new Float64Array(FEATURE_COUNT);
  #lastOpenMs = -Infinity;
  #firstRow = 0;
  #holes = 0;
  #missing = 0;
  #candidatesFound = 0;
  rows = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#events = openOutput(options.events, EVENTS_HEADER);
    this.#features = openOutput(options.features, FEATURES_HEADER);
    this.#candidates = openOutput(options.candidates, CANDIDATES_HEADER);
    this.#buffer = this.#events === null ? null : new EventBuffer();
    this.#scanner = new CandidateScanner({
      m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
      carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
      ...(this.#buffer === null ? {} : { events: this.#buffer }),
    });
    this.#scanner.attach(0, 0);
    this.#scanner.resetAll();
  }

  get totals(): ScanTotals {
    return {
      symbol: this.#options.symbol,
      bars: this.rows,
      holes: this.#holes,
      missingMinutes: this.#missing,
      candidates: this.#candidatesFound,
    };
  }

  /** True when everything went to a standard output that nobody reads any more. */
  get isOrphaned(): boolean {
    const outputs = this.#outputs();
    return outputs.length > 0 && outputs.every(({ isOpen }) => !isOpen);
  }

  #outputs(): CsvOutput[] {
    return [this.#events, this.#features, this.#candidates].filter((output) => output !== null);
  }

  take({ bars, count, firstLine }: ScanBatch): void {
    for (let index = 0; index < count; index++) {
      const at = index * BAR_FIELDS;
      const openTimeMs = bars[at] as number;
      if (openTimeMs !== this.#lastOpenMs + MINUTE_MS && this.rows > 0)
        this.#startAnew(openTimeMs, firstLine === undefined ? null : firstLine + index);
      this.#lastOpenMs = openTimeMs;
      const code = this.#scanner.push(
        openTimeMs,
        bars[at + 1] as number,
        bars[at + 2] as number,
        bars[at + 3] as number,
        bars[at + 4] as number,
        bars[at + 5] as number,
      );
      this.#writeRow(code);
      this.rows++;
    }
  }

  #startAnew(openTimeMs: number, line: number | null): void {
    const missing = (openTimeMs - this.#lastOpenMs) / MINUTE_MS - 1;
    this.#holes++;
    this.#missing += missing;
    if (this.#holes <= HOLES_NAMED_MAX)
      this.#warn(
        `${missing} minutes are missing before ${line === null ? `open_time ${openTimeMs}` : `line ${line} (open_time ${openTimeMs})`}: starting anew there`,
      );
    this.#scanner.resetAll();
    this.#firstRow = this.rows;
  }

  #writeRow(code: number): void {
    if (this.#events !== null && this.#buffer !== null && this.#buffer.count > 0)
      this.#events.add(this.#eventLines(this.#buffer));
    if (this.#features !== null && this.#scanner.barCount > FIRST_FEATURE_BAR) {
      this.#scanner.featuresF64(this.#row);
      this.#features.add(`${this.rows},${this.#row.join(",")}\n`);
    }
    if (code !== 0) this.#candidatesFound++;
    if (this.#candidates !== null && code !== 0) {
      const side = code > 0 ? 1 : -1;
      this.#candidates.add(`${this.rows},${side},S${Math.abs(code)},${this.#scanner.heuristic(side)}\n`);
    }
  }

  #eventLines({ codes, dirs, levels, auxes, origins, count }: EventBuffer): string {
    let text = "";
    for (let k = 0; k < count; k++) {
      const name = EVENT_NAMES[codes[k] as number] as string;
      const origin = (origins[k] as number) + this.#firstRow;
      text += `${this.rows},${name},${dirs[k]},${levels[k]},${auxes[k]},${origin}\n`;
    }
    return text;
  }

  async flush(): Promise<void> {
    for (const output of this.#outputs()) await output.flush();
  }

  async close(): Promise<void> {
    for (const output of this.#outputs()) await output.close();
    for (const output of this.#outputs()) await output.publish();
    if (this.#holes > 0)
      this.#warn(
        `${this.#holes} holes, ${this.#missing} minutes missing: candidates need 320 bars after each`,
      );
  }

  async abandon(): Promise<void> {
    await Promise.all(this.#outputs().map((output) => output.abandon()));
  }

  #warn(line: string): void {
    this.#options.warn?.(`${this.#options.symbol}: ${line}`);
  }
}

function openOutput(path: string | undefined, header: string): CsvOutput | null {
  return path === undefined ? null : new CsvOutput(path, header);
}
