import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { CandidateScanner } from "@smcq/features";
import type { CandidateCode } from "@smcq/features";
import { BAR_FIELDS } from "@smcq/kernel";

const root = join(import.meta.dirname, "../../..");

/** The optional shared data, or null (said loudly) when it is not there. */
export function sharedData(): string | null {
  const data = join(process.env["SMCQ_SHARED"] ?? join(root, "../shared"), "data");
  if (existsSync(data)) return data;
  console.warn("shared data not found (SMCQ_SHARED or ../shared): the tests on whole series are skipped");
  return null;
}

/** Rows of a gzip CSV without its header. */
export function csvRows(path: string): string[][] {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split(/\r?\n/);
  return lines.slice(1).map((line) => line.split(","));
}

/** Flat bars of a kline file. */
export function readFlat(path: string, limit: number = Infinity): Float64Array {
  const rows = csvRows(path).slice(0, limit);
  return Float64Array.from(rows.flatMap((row) => row.slice(0, BAR_FIELDS).map(Number)));
}

export function fixtureFlat(symbol: string): Float64Array {
  return readFlat(join(root, "packages/smc/test/fixtures", `${symbol}-klines.csv.gz`));
}

/** Whole golden sets with labels: their folder, their klines and how many rows of them. */
export const LABEL_SETS = [
  { set: "BTCUSDT-10000", klines: "BTCUSDT-1m-20250504-20250624", count: 10_000 },
  { set: "ALGOUSDT-20000", klines: "ALGOUSDT-1m-20260201-20260228", count: 20_000 },
] as const;

/** A scanner that is fed bar by bar from a flat series. */
export class CandidateFeed {
  readonly scanner: CandidateScanner;

  constructor() {
    this.scanner = new CandidateScanner({
      m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
      carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
    });
    this.scanner.attach(0, 0);
    this.scanner.resetAll();
  }

  push(flat: Float64Array, index: number): CandidateCode {
    const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = flat.subarray(
      index * BAR_FIELDS,
      (index + 1) * BAR_FIELDS,
    );
    return this.scanner.push(time, open, high, low, close, volume);
  }
}
