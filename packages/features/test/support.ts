import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BAR_FIELDS, FEATURE_COUNT, Rng } from "@smcq/kernel";
import type { Bar } from "@smcq/kernel";
import { CandidateScanner } from "@smcq/features";
import type { CandidateCode } from "@smcq/features";

const root = join(import.meta.dirname, "../../..");
const fixtures = join(import.meta.dirname, "fixtures");

export const SYMBOLS = ["BTCUSDT", "USDCUSDT", "ALGOUSDT"] as const;

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
  const flat = new Float64Array(rows.length * BAR_FIELDS);
  for (const [i, row] of rows.entries())
    for (let k = 0; k < BAR_FIELDS; k++) flat[i * BAR_FIELDS + k] = Number(row[k]);
  return flat;
}

export function fixtureFlat(symbol: string): Float64Array {
  return readFlat(join(root, "packages/smc/test/fixtures", `${symbol}-klines.csv.gz`));
}

/** All series that are there: the shared ones, or else the fixtures. */
export function realSeries(data: string | null): { name: string; flat: Float64Array }[] {
  if (data === null) return SYMBOLS.map((name) => ({ name, flat: fixtureFlat(name) }));
  const folder = join(data, "klines");
  const files = readdirSync(folder).filter((name) => name.endsWith(".csv.gz"));
  return files.map((name) => ({ name, flat: readFlat(join(folder, name)) }));
}

export interface GoldenSet {
  readonly flat: Float64Array;
  /** i and the 12 features. */
  readonly features: number[][];
  /** `i,side,setup,heuristic` */
  readonly candidates: string[];
}

export function fixtureSet(symbol: string): GoldenSet {
  return {
    flat: fixtureFlat(symbol),
    features: csvRows(join(fixtures, `${symbol}-features.csv.gz`)).map((row) => row.map(Number)),
    candidates: csvRows(join(fixtures, `${symbol}-candidates.csv.gz`)).map((row) => row.join(",")),
  };
}

export const SHARED_SETS = [
  { set: "BTCUSDT-10000", klines: "BTCUSDT-1m-20250504-20250624", count: 10_000 },
  { set: "USDCUSDT-5000", klines: "USDCUSDT-1m-20230718-20230817", count: 5_000 },
  { set: "ALGOUSDT-20000", klines: "ALGOUSDT-1m-20260201-20260228", count: 20_000 },
] as const;

export function sharedSet(data: string, which: (typeof SHARED_SETS)[number]): GoldenSet {
  const golden = join(data, "golden", which.set);
  return {
    flat: readFlat(join(data, "klines", `${which.klines}.csv.gz`), which.count),
    features: csvRows(join(golden, "features.csv.gz")).map((row) => row.map(Number)),
    candidates: csvRows(join(golden, "candidates.csv.gz")).map((row) => row.join(",")),
  };
}

/** Bars `from` (included) to `to` (not) of a flat series as objects. */
export function barsOf(flat: Float64Array, from: number, to: number): Bar[] {
  const bars: Bar[] = [];
  for (let at = from * BAR_FIELDS; at < to * BAR_FIELDS; at += BAR_FIELDS)
    bars.push({
      openTimeMs: flat[at]!,
      open: flat[at + 1]!,
      high: flat[at + 2]!,
      low: flat[at + 3]!,
      close: flat[at + 4]!,
      volume: flat[at + 5]!,
    });
  return bars;
}

export function flatOf(bars: readonly Bar[]): Float64Array {
  return Float64Array.from(
    bars.flatMap(({ openTimeMs, open, high, low, close, volume }) => [
      openTimeMs,
      open,
      high,
      low,
      close,
      volume,
    ]),
  );
}

/** A scanner over its own two buffers, with the carry block at hand. */
export class Lane {
  readonly scanner: CandidateScanner;
  readonly carry: Uint8Array;
  readonly #row: Float64Array = new Float64Array(FEATURE_COUNT);

  constructor() {
    const carryBuffer = new ArrayBuffer(CandidateScanner.CARRY_BYTES);
    this.carry = new Uint8Array(carryBuffer);
    this.scanner = new CandidateScanner({
      m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
      carryBuffer,
    });
    this.scanner.attach(0, 0);
    this.scanner.resetAll();
  }

  push(flat: Float64Array, index: number): CandidateCode {
    const at = index * BAR_FIELDS;
    return this.scanner.push(
      flat[at]!,
      flat[at + 1]!,
      flat[at + 2]!,
      flat[at + 3]!,
      flat[at + 4]!,
      flat[at + 5]!,
    );
  }

  pushM1Only(flat: Float64Array, index: number): void {
    const at = index * BAR_FIELDS;
    this.scanner.pushM1Only(
      flat[at]!,
      flat[at + 1]!,
      flat[at + 2]!,
      flat[at + 3]!,
      flat[at + 4]!,
      flat[at + 5]!,
    );
  }

  /** Pushes bars `from` to `to`; returns `i:code` of every candidate. */
  run(flat: Float64Array, from: number, to: number): string[] {
    const found: string[] = [];
    for (let i = from; i < to; i++) {
      const code = this.push(flat, i);
      if (code !== 0) found.push(`${i}:${code}`);
    }
    return found;
  }

  /** The unsided features of the current bar. */
  row(): number[] {
    this.scanner.featuresF64(this.#row);
    return [...this.#row];
  }
}

/** The seed of a random test, printed so that a failure can be run again with SMCQ_SEED. */
export function testRng(name: string): Rng {
  const seed = Number(process.env["SMCQ_SEED"] ?? 20_260_201);
  console.info(`${name}: SMCQ_SEED=${seed}`);
  return new Rng(seed).fork(name);
}

/** A walk on a coarse grid of prices from a minute on: ties and touches to the tick are frequent. */
export function tickWalk(rng: Rng, count: number, startMinute: number = 0): Bar[] {
  const bars: Bar[] = [];
  const jump = rng.next() * 0.15;
  let price = 4_000;
  for (let k = 0; k < count; k++) {
    const open = rng.chance(0.5) ? price : price + rng.int(5) - 2;
    const reach = rng.chance(jump) ? 41 : 7;
    const close = rng.chance(0.02) ? open : Math.max(open + rng.int(reach) - (reach - 1) / 2, 100);
    const high = Math.max(open, close) + rng.int(4);
    const low = Math.min(open, close) - rng.int(4);
    bars.push({ openTimeMs: (startMinute + k) * 60_000, open, high, low, close, volume: rng.int(50) });
    price = close;
  }
  return bars;
}
