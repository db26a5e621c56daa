import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import type { CandidateCode, CandidateScanner } from "./candidate-scanner.ts";
import { FrameStore } from "./frame-store.ts";
import { TimeframeScanner } from "./timeframe-scanner.ts";
import { type Timeframe, TIMEFRAME_MINUTES } from "./trade-plan-parameters.ts";

/** Bars of a timeframe that a rebuild goes through at most: 300 of the five times longer ones, whose structure lives 256. */
export const FRAMES_KEPT = 1_500;
/** By so many more than are kept: a whole ring of minutes closes 102 bars of M5 before that is committed. */
const CELLS = FRAMES_KEPT + 164;

/**
 * A `TimeframeScanner` whose state can be brought back: from the bars of the timeframe that have closed, which it keeps,
 * and from the minutes behind them, which whoever calls has. One per thread; `attach` moves it to a symbol.
 *
 *   kept bars ──────────────────────┐        minutes of the ring
 *   … | bar | bar | bar | bar | bar │ bar  bar  … | forming
 *                                   └─ the first whole bar that the minutes hold
 */
export class LiveFrames {
  /** Bytes of one symbol, a multiple of 64. */
  static readonly BYTES: number = TimeframeScanner.BYTES + FrameStore.bytes({ cells: CELLS });

  readonly #frames: TimeframeScanner;
  readonly #store: FrameStore;
  readonly #frameMs: number;
  readonly #bar = new Float64Array(BAR_FIELDS);

  constructor(timeframe: Timeframe, buffer: ArrayBufferLike) {
    this.#frameMs = TIMEFRAME_MINUTES[timeframe] * MINUTE_MS;
    this.#store = new FrameStore(buffer, { frameMs: this.#frameMs, kept: FRAMES_KEPT, cells: CELLS });
    this.#frames = new TimeframeScanner(timeframe, { buffer, store: this.#store });
  }

  /** Moves to a symbol; its state must have been reset once. The offset is a multiple of 64. */
  attach(byteOffset: number): void {
    this.#frames.attach(byteOffset);
    this.#store.attach(byteOffset + TimeframeScanner.BYTES);
  }

  /** Forgets everything of the symbol, the bars that it keeps too. */
  resetAll(): void {
    this.#frames.resetAll();
    this.#store.clear();
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
    return this.#frames.push(openMs, open, high, low, close, volume);
  }

  /**
   * Brings the state back to where the minutes from `fromMs` on are to be pushed again: kept bars that those make are
   * made anew, so that a corrected minute counts. What is found on the way rests as it did.
   */
  rebuild(fromMs: number): void {
    const endMs = this.#firstWholeMs(fromMs);
    const bar = this.#bar;
    this.#frames.resetAll();
    for (let openMs = this.#store.firstBefore(endMs); openMs < endMs; openMs += this.#frameMs) {
      this.#store.read(openMs, bar);
      const [open, high, low] = [bar[1] as number, bar[2] as number, bar[3] as number];
      this.#frames.pushFrame(openMs, open, high, low, bar[4] as number, bar[5] as number);
    }
  }

  /** Rebuilds with the venue's own closed bars (flat, ascending) before the first whole one that the minutes from `fromMs` on hold. */
  seed(bars: Float64Array, fromMs: number): void {
    const endMs = this.#firstWholeMs(fromMs);
    for (let at = 0; at + BAR_FIELDS <= bars.length; at += BAR_FIELDS) {
      const openMs = bars[at] as number;
      if (openMs >= endMs) break;
      const [open, high, low] = [bars[at + 1] as number, bars[at + 2] as number, bars[at + 3] as number];
      this.#store.put(openMs, open, high, low, bars[at + 4] as number, bars[at + 5] as number);
    }
    this.rebuild(fromMs);
  }

  #firstWholeMs(fromMs: number): number {
    return Math.ceil(fromMs / this.#frameMs) * this.#frameMs;
  }

  /** Of the bars of the timeframe. */
  get scanner(): CandidateScanner {
    return this.#frames.scanner;
  }
}
