import { assert, BAR_FIELDS } from "@smcq/kernel";

const NONE_MS = -1;

/** Bars of which length are kept, ms, and how many; `cells` more than that by what is written before a commit. */
export interface FrameStoreShape {
  readonly frameMs: number;
  readonly kept: number;
  readonly cells: number;
}

/**
 * The last bars of one length of each symbol, as plain bytes: the bar that opens at t stands in cell (t / its length) mod
 * the number of cells, and says of which t it is. So nothing is counted, and what a dead scan had begun to write is written again.
 *
 *   ┌ cell 0: open time, open, high, low, close, volume ┐ ┌ cell 1 ┐ … (float64)
 */
export class FrameStore {
  readonly #f64: Float64Array;
  readonly #shape: FrameStoreShape;
  #at = 0;

  constructor(buffer: ArrayBufferLike, shape: FrameStoreShape) {
    this.#f64 = new Float64Array(buffer);
    this.#shape = shape;
  }

  /** Bytes of one symbol, a multiple of 64 where `cells` is one of 4. */
  static bytes({ cells }: Pick<FrameStoreShape, "cells">): number {
    return cells * BAR_FIELDS * 8;
  }

  /** Moves to a symbol; the offset is a multiple of 8, and what stands there was cleared once. */
  attach(byteOffset: number): void {
    this.#at = byteOffset / 8;
  }

  clear(): void {
    this.#f64.fill(NONE_MS, this.#at, this.#at + this.#shape.cells * BAR_FIELDS);
  }

  #cell(openMs: number): number {
    return this.#at + ((openMs / this.#shape.frameMs) % this.#shape.cells) * BAR_FIELDS;
  }

  put(openMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    assert(openMs % this.#shape.frameMs === 0, "Invariant: bars of a timeframe are aligned");
    const at = this.#cell(openMs);
    this.#f64[at] = NONE_MS;
    this.#f64[at + 1] = open;
    this.#f64[at + 2] = high;
    this.#f64[at + 3] = low;
    this.#f64[at + 4] = close;
    this.#f64[at + 5] = volume;
    this.#f64[at] = openMs;
  }

  /** Open time of the first of the bars that reach up to `endMs` without a hole, as many as are kept at most; `endMs`: there is none. */
  firstBefore(endMs: number): number {
    const { frameMs, kept } = this.#shape;
    let firstMs = endMs;
    for (let count = 0; count < kept; count++) {
      const beforeMs = firstMs - frameMs;
      if (beforeMs < 0 || this.#f64[this.#cell(beforeMs)] !== beforeMs) break;
      firstMs = beforeMs;
    }
    return firstMs;
  }

  has(openMs: number): boolean {
    return this.#f64[this.#cell(openMs)] === openMs;
  }

  /** Copies a bar that is here: open, high, low, close and volume behind its open time. */
  read(openMs: number, out: Float64Array): void {
    const at = this.#cell(openMs);
    for (let field = 0; field < BAR_FIELDS; field++) out[field] = this.#f64[at + field] as number;
    assert(out[0] === openMs, "Invariant: a bar that is read is here");
  }
}
