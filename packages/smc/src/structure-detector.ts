import { assert } from "@smcq/kernel";
import { stateViews } from "./state-layout.ts";
import { StructureTracker } from "./structure.ts";
import type { StructureLayout } from "./structure.ts";

const RING = 16;

/*
 *   byte 0        16                  40       64          192         320
 *   | 2 levels   | 5 int32, 1 spare | 3 spare | 16 highs  | 16 lows   |
 */
const LAYOUT: StructureLayout = { levels: 0, marks: 4, highs: 8, lows: 8 + RING, ringMask: RING - 1 };
const BYTES = (8 + 2 * RING) * 8;

/** Swing points and trend alone, for M5 bars: the structure of `SmcDetector` over a small state of its own. */
export class StructureDetector {
  /** Bytes of one symbol's state. */
  static readonly BYTES: number = BYTES;

  readonly #f64: Float64Array;
  readonly #structure: StructureTracker;
  #f = 0;

  constructor(buffer: ArrayBufferLike) {
    const views = stateViews(buffer);
    this.#f64 = views.f64;
    this.#structure = new StructureTracker(views, LAYOUT);
  }

  /** Moves to the state at `byteOffset` (a multiple of 8); the state must have been `reset` once. */
  attach(byteOffset: number): void {
    assert(
      byteOffset >= 0 && byteOffset % 8 === 0 && byteOffset + BYTES <= this.#f64.byteLength,
      "Invariant: a structure state lies aligned inside its buffer",
    );
    this.#f = byteOffset / 8;
    this.#structure.attach(byteOffset / 8, byteOffset / 4);
  }

  reset(): void {
    this.#f64.fill(0, this.#f, this.#f + BYTES / 8);
    this.#structure.reset();
  }

  /** Takes the next closed bar; returns the side whose structure broke: +1, -1 or 0 (both: the later, -1). */
  push(high: number, low: number, close: number): number {
    const structure = this.#structure;
    const bar = structure.barCount;
    structure.record(bar, high, low);
    structure.confirmHigh(bar);
    structure.confirmLow(bar);
    structure.age(bar);
    let side = 0;
    if (structure.breakUp(bar, close)) side = 1;
    if (structure.breakDown(bar, close)) side = -1;
    return side;
  }

  get trend(): number {
    return this.#structure.trend;
  }

  get barCount(): number {
    return this.#structure.barCount;
  }
}
