import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Rng } from "@smcq/kernel";
import type { Bar } from "@smcq/kernel";
import { EVENT_NAMES, EventBuffer, SmcDetector } from "@smcq/smc";
import type { DetectedEvent } from "@smcq/smc";

const fixtures = join(import.meta.dirname, "fixtures");
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

export function readBars(path: string, limit: number = Infinity): Bar[] {
  return csvRows(path)
    .slice(0, limit)
    .map((row) => row.map(Number))
    .map(([openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0]) => ({
      openTimeMs,
      open,
      high,
      low,
      close,
      volume,
    }));
}

export function readEvents(path: string): DetectedEvent[] {
  return csvRows(path).map(([bar, event = "", dir, level, aux, origin]) => ({
    bar: Number(bar),
    event,
    dir: Number(dir),
    level: Number(level),
    aux: Number(aux),
    origin: Number(origin),
  }));
}

export interface GoldenSet {
  readonly name: string;
  readonly bars: Bar[];
  readonly events: DetectedEvent[];
  /** i, ATR, RSI * 100. */
  readonly indicators: number[][];
}

export const SYMBOLS = ["BTCUSDT", "USDCUSDT", "ALGOUSDT"] as const;

export function fixtureBars(symbol: string): Bar[] {
  return readBars(join(fixtures, `${symbol}-klines.csv.gz`));
}

/** The golden prefixes that stand in the repository. */
export function fixtureSet(symbol: string): GoldenSet {
  return {
    name: symbol,
    bars: fixtureBars(symbol),
    events: readEvents(join(fixtures, `${symbol}-events.csv.gz`)),
    indicators: csvRows(join(fixtures, `${symbol}-atr-rsi.csv.gz`)).map((row) => row.map(Number)),
  };
}

export const SHARED_SETS = [
  { set: "BTCUSDT-10000", klines: "BTCUSDT-1m-20250504-20250624", count: 10_000 },
  { set: "USDCUSDT-5000", klines: "USDCUSDT-1m-20230718-20230817", count: 5_000 },
  { set: "ALGOUSDT-20000", klines: "ALGOUSDT-1m-20260201-20260228", count: 20_000 },
] as const;

/** A whole golden set of the shared data. */
export function sharedSet(data: string, which: (typeof SHARED_SETS)[number]): GoldenSet {
  const golden = join(data, "golden", which.set);
  return {
    name: which.set,
    bars: readBars(join(data, "klines", `${which.klines}.csv.gz`), which.count),
    events: readEvents(join(golden, "events.csv.gz")),
    indicators: csvRows(join(golden, "atr_rsi.csv.gz")).map((row) => row.map(Number)),
  };
}

export interface Stream {
  readonly detector: SmcDetector;
  /** Every event since the start. */
  readonly events: DetectedEvent[];
  push(bar: Bar): void;
}

/** A streaming detector over a buffer of its own that keeps every event. */
export function openStream(): Stream {
  const buffer = new EventBuffer();
  const detector = new SmcDetector(new ArrayBuffer(SmcDetector.BYTES), buffer);
  detector.attach(0);
  detector.reset();
  const events: DetectedEvent[] = [];
  return {
    detector,
    events,
    push(bar) {
      const index = detector.barCount;
      detector.push(bar.open, bar.high, bar.low, bar.close, bar.volume);
      for (let k = 0; k < buffer.count; k++)
        events.push({
          bar: index,
          event: EVENT_NAMES[buffer.codes[k]!]!,
          dir: buffer.dirs[k]!,
          level: buffer.levels[k]!,
          aux: buffer.auxes[k]!,
          origin: buffer.origins[k]!,
        });
    },
  };
}

/** Every event of a run over bars. */
export function streamEvents(bars: readonly Bar[]): DetectedEvent[] {
  const stream = openStream();
  for (const bar of bars) stream.push(bar);
  return stream.events;
}

/** The seed of a random test, printed so that a failure can be run again with SMCQ_SEED. */
export function testRng(name: string): Rng {
  const seed = Number(process.env["SMCQ_SEED"] ?? 20_260_201);
  console.info(`${name}: SMCQ_SEED=${seed}`);
  return new Rng(seed).fork(name);
}

/** Builds synthetic bars. `quiet` bars have a range of 1 and no body, so that the ATR settles near 1. */
export class Series {
  readonly bars: Bar[] = [];

  add(open: number, high: number, low: number, close: number, volume: number = 1): this {
    this.bars.push({ openTimeMs: this.bars.length * 60_000, open, high, low, close, volume });
    return this;
  }

  quiet(count: number, price: number): this {
    for (let k = 0; k < count; k++) this.add(price, price + 0.5, price - 0.5, price);
    return this;
  }

  /** Index of the last bar. */
  get last(): number {
    return this.bars.length - 1;
  }
}

export interface WalkOptions {
  readonly count: number;
  /** Chance that a bar has no range at all. */
  readonly flat?: number;
  /** Chance of a body ten times the usual. */
  readonly jump?: number;
}

/** A walk on a coarse grid of prices: equal prices, plateaus and touches to the tick are frequent. */
export function tickWalk(rng: Rng, options: WalkOptions): Bar[] {
  const bars: Bar[] = [];
  const tick = 0.25;
  let price = 400;
  for (let k = 0; k < options.count; k++) {
    const open = rng.chance(0.5) ? price : price + rng.int(5) - 2;
    const reach = rng.chance(options.jump ?? 0.05) ? 31 : 7;
    const isFlat = rng.chance(options.flat ?? 0.02);
    const close = isFlat ? open : Math.max(open + rng.int(reach) - (reach - 1) / 2, 40);
    const high = isFlat ? open : Math.max(open, close) + rng.int(4);
    const low = isFlat ? open : Math.min(open, close) - rng.int(4);
    bars.push({
      openTimeMs: k * 60_000,
      open: open * tick,
      high: high * tick,
      low: low * tick,
      close: close * tick,
      volume: rng.int(50),
    });
    price = close;
  }
  return bars;
}
