import { assert, BAR_FIELDS } from "@smcq/kernel";

/** Bars of a timeframe that a rebuild goes through at most: 300 of the five times longer ones, whose structure lives 256. */
export const FRAMES_KEPT = 1_500;
/** More than are kept by what a whole ring of minutes closes in one go: what is kept stands until that is committed. */
const CELLS = 1_664;
const NONE_MS = -1;

/**
 * The last bars of a timeframe of each symbol, as plain bytes: the bar that opens at t stands in cell (t / its length) mod
 * 1,664, and says of which t it is. So nothing is counted, and what a dead scan had begun to write is written again.
 *
 *   ┌ cell 0: open time, open, high, low, close, volume ┐ ┌ cell 1 ┐ … 1,663 (float64)
 */
export class FrameStore {
  static readonly BYTES: number = CELLS * BAR_FIELDS * 8;

  readonly #f64: Float64Array;
  readonly #frameMs: number;
  #at = 0;

  /** `frameMs`: how long a bar lasts. */
  constructor(buffer: ArrayBufferLike, frameMs: number) {
    this.#f64 = new Float64Array(buffer);
    this.#frameMs = frameMs;
  }

  /** Moves to a symbol; the offset is a multiple of 8, and what stands there was cleared once. */
  attach(byteOffset: number): void {
    this.#at = byteOffset / 8;
  }

  clear(): void {
    this.#f64.fill(NONE_MS, this.#at, this.#at + CELLS * BAR_FIELDS);
  }

  #cell(openMs: number): number {
    return this.#at + ((openMs / this.#frameMs) % CELLS) * BAR_FIELDS;
  }

  put(openMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    assert(openMs % this.#frameMs === 0, "Invariant: bars of a timeframe are aligned");
    const at = this.#cell(openMs);
    this.#f64[at] = NONE_MS;
    this.#f64[at + 1] = open;
    this.#f64[at + 2] = high;
    this.#f64[at + 3] = low;
    this.#f64[at + 4] = close;
    this.#f64[at + 5] = volume;
    this.#f64[at] = openMs;
  }

  /** Open time of the first of the bars that reach up to `endMs` without a hole, `FRAMES_KEPT` at most; `endMs`: there is none. */
  firstBefore(endMs: number): number {
    let firstMs = endMs;
    for (let count = 0; count < FRAMES_KEPT; count++) {
      const beforeMs = firstMs - this.#frameMs;
      if (beforeMs < 0 || this.#f64[this.#cell(beforeMs)] !== beforeMs) break;
      firstMs = beforeMs;
    }
    return firstMs;
  }

  /** Copies a bar that is here: open, high, low, close and volume behind its open time. */
  read(openMs: number, out: Float64Array): void {
    const at = this.#cell(openMs);
    for (let field = 0; field < BAR_FIELDS; field++) out[field] = this.#f64[at + field] as number;
    assert(out[0] === openMs, "Invariant: a bar that is read is here");
  }
}
