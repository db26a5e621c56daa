import { MINUTE_MS } from "@smcq/kernel";
import { type CandidateCode, CandidateScanner, type CandidateScannerOptions } from "./candidate-scanner.ts";
import { type Timeframe, TIMEFRAME_MINUTES, type TradePlanParameters } from "./trade-plan-parameters.ts";

/**
 * M1 bars in, candidates of a plan's timeframe out: whole, aligned bars of the timeframe go to a scanner whose minute is one
 * of them, so that its M5 is five of them (25 or 75 minutes). A bar of the timeframe with a hole is left out and starts
 * the symbol anew, as a hole does on M1. One symbol each; nothing is allocated after construction.
 */
export class TimeframeScanner {
  readonly scanner: CandidateScanner;
  readonly #minutes: number;
  readonly #frameMs: number;
  #lastMinuteMs = Number.NEGATIVE_INFINITY;
  #lastFrameMs = Number.NEGATIVE_INFINITY;
  /** Minutes that the forming bar has, 0: it waits for the first of one. */
  #taken = 0;
  #open = 0;
  #high = 0;
  #low = 0;
  #volume = 0;

  constructor(timeframe: Timeframe, options?: Pick<CandidateScannerOptions, "events">) {
    this.#minutes = TIMEFRAME_MINUTES[timeframe];
    this.#frameMs = this.#minutes * MINUTE_MS;
    this.scanner = new CandidateScanner({
      m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
      carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
      ...options,
    });
    this.scanner.attach(0, 0);
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
    const isNext = openMs === this.#lastMinuteMs + MINUTE_MS;
    this.#lastMinuteMs = openMs;
    if (openMs % this.#frameMs === 0) {
      this.#taken = 1;
      this.#open = open;
      this.#high = high;
      this.#low = low;
      this.#volume = volume;
    } else {
      if (!isNext || this.#taken === 0) {
        this.#taken = 0;
        return 0;
      }
      this.#taken++;
      this.#high = Math.max(this.#high, high);
      this.#low = Math.min(this.#low, low);
      this.#volume += volume;
    }
    return this.#taken === this.#minutes ? this.#close(openMs, close) : 0;
  }

  #close(openMs: number, close: number): CandidateCode {
    const frameMs = openMs + MINUTE_MS - this.#frameMs;
    if (frameMs !== this.#lastFrameMs + this.#frameMs) this.scanner.resetAll();
    this.#lastFrameMs = frameMs;
    this.#taken = 0;
    return this.scanner.push(frameMs / this.#minutes, this.#open, this.#high, this.#low, close, this.#volume);
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
