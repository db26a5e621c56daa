import { MINUTE_MS } from "@smcq/kernel";
import { type CandidateCode, CandidateScanner, type CandidateScannerOptions } from "./candidate-scanner.ts";
import type { FrameStore } from "./frame-store.ts";
import { type Timeframe, TIMEFRAME_MINUTES, type TradePlanParameters } from "./trade-plan-parameters.ts";

const HEADER_BYTES = 64;
// Float64 indices from the start of a symbol's state.
const LAST_MINUTE_MS = 0;
const LAST_FRAME_MS = 1;
const TAKEN = 2;
const OPEN = 3;
const HIGH = 4;
const LOW = 5;
const VOLUME = 6;

export interface TimeframeScannerOptions extends Pick<CandidateScannerOptions, "events"> {
  /** Holds the states of many symbols, `TimeframeScanner.BYTES` each; without it there is one, of its own. */
  readonly buffer?: ArrayBufferLike;
  /** Takes each bar that closes. */
  readonly store?: FrameStore;
}

/**
 * M1 bars in, candidates of a plan's timeframe out: whole, aligned bars of the timeframe go to a scanner whose minute is one
 * of them, so that its M5 is five of them (25 or 75 minutes). A bar of the timeframe with a hole is left out and starts
 * the symbol anew, as a hole does on M1. `attach` moves it to a symbol. Nothing is allocated after construction.
 *
 *   byte 0            8            16      24    32    40   48      64          64 + M1_BYTES
 *   | last minute    | last bar   | taken | open| high| low| volume | M1 state  | carry block |
 *     (open times, ms)              (minutes that the forming bar has; 0: it waits for the first of one)
 */
export class TimeframeScanner {
  static readonly BYTES: number = HEADER_BYTES + CandidateScanner.M1_BYTES + CandidateScanner.CARRY_BYTES;

  readonly scanner: CandidateScanner;
  readonly #minutes: number;
  readonly #frameMs: number;
  readonly #store: FrameStore | null;
  readonly #f64: Float64Array;
  #at = 0;

  constructor(timeframe: Timeframe, options: TimeframeScannerOptions = {}) {
    const { buffer = new ArrayBuffer(TimeframeScanner.BYTES), store = null, ...events } = options;
    this.#minutes = TIMEFRAME_MINUTES[timeframe];
    this.#frameMs = this.#minutes * MINUTE_MS;
    this.#store = store;
    this.#f64 = new Float64Array(buffer);
    this.scanner = new CandidateScanner({ m1Buffer: buffer, carryBuffer: buffer, ...events });
    if (options.buffer !== undefined) return;
    this.attach(0);
    this.resetAll();
  }

  /** Moves to a symbol; its state must have been reset once (`resetAll`). The offset is a multiple of 64. */
  attach(byteOffset: number): void {
    this.#at = byteOffset / 8;
    const m1 = byteOffset + HEADER_BYTES;
    this.scanner.attach(m1, m1 + CandidateScanner.M1_BYTES);
  }

  /** Forgets everything of the symbol. */
  resetAll(): void {
    const at = this.#at;
    this.#f64.fill(0, at, at + HEADER_BYTES / 8);
    this.#f64[at + LAST_MINUTE_MS] = Number.NEGATIVE_INFINITY;
    this.#f64[at + LAST_FRAME_MS] = Number.NEGATIVE_INFINITY;
    this.scanner.resetAll();
  }

  /** Takes the next M1 bar; 0 for every one that closes no bar of the timeframe. */
  push(
    openMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): CandidateCode {
    if (this.#minutes === 1) return this.pushFrame(openMs, open, high, low, close, volume);
    const f64 = this.#f64;
    const at = this.#at;
    const isNext = openMs === (f64[at + LAST_MINUTE_MS] as number) + MINUTE_MS;
    f64[at + LAST_MINUTE_MS] = openMs;
    if (openMs % this.#frameMs === 0) {
      f64[at + TAKEN] = 1;
      f64[at + OPEN] = open;
      f64[at + HIGH] = high;
      f64[at + LOW] = low;
      f64[at + VOLUME] = volume;
      return 0;
    }
    const taken = f64[at + TAKEN] as number;
    if (!isNext || taken === 0) {
      f64[at + TAKEN] = 0;
      return 0;
    }
    f64[at + TAKEN] = taken + 1;
    f64[at + HIGH] = Math.max(f64[at + HIGH] as number, high);
    f64[at + LOW] = Math.min(f64[at + LOW] as number, low);
    f64[at + VOLUME] = (f64[at + VOLUME] as number) + volume;
    return taken + 1 === this.#minutes ? this.#close(openMs, close) : 0;
  }

  #close(openMs: number, close: number): CandidateCode {
    const f64 = this.#f64;
    const at = this.#at;
    const frameMs = openMs + MINUTE_MS - this.#frameMs;
    const [open, high] = [f64[at + OPEN] as number, f64[at + HIGH] as number];
    const [low, volume] = [f64[at + LOW] as number, f64[at + VOLUME] as number];
    f64[at + TAKEN] = 0;
    this.#store?.put(frameMs, open, high, low, close, volume);
    return this.pushFrame(frameMs, open, high, low, close, volume);
  }

  /** Takes a whole bar of the timeframe; one that does not follow the last one starts the symbol anew. */
  pushFrame(
    frameMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): CandidateCode {
    const last = this.#at + LAST_FRAME_MS;
    if (frameMs !== (this.#f64[last] as number) + this.#frameMs) this.scanner.resetAll();
    this.#f64[last] = frameMs;
    return this.scanner.push(frameMs / this.#minutes, open, high, low, close, volume);
  }
}

/** The plan for what goes on minute by minute: its bars counted in minutes. */
export function planInMinutes(plan: TradePlanParameters): TradePlanParameters {
  const minutes = TIMEFRAME_MINUTES[plan.timeframe];
  if (minutes === 1) return plan;
  const { entry } = plan;
  return Object.freeze({
    ...plan,
    entry: entry.kind === "limit" ? { ...entry, expiryBars: entry.expiryBars * minutes } : entry,
    holdBarsMax: plan.holdBarsMax * minutes,
    stagnationBars: plan.stagnationBars * minutes,
  });
}
