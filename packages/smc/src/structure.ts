import { SMC_PARAMETERS } from "./parameters.ts";
import type { StateViews } from "./state-layout.ts";

/** Where a structure keeps its numbers, as indices from the start of its state. */
export interface StructureLayout {
  readonly highLevel: number;
  readonly lowLevel: number;
  readonly highs: number;
  readonly lows: number;
  readonly barCount: number;
  readonly highPivot: number;
  readonly lowPivot: number;
  readonly trend: number;
  readonly trendBar: number;
  /** Length of the rings of highs and lows less one; the length is a power of two above 10. */
  readonly ringMask: number;
}

const PIVOT_BARS = SMC_PARAMETERS.pivotBars;
const AGE_BARS_MAX = SMC_PARAMETERS.ageBarsMax;

/**
 * Swing points, the structure levels and the trend (smc.md sections 3 and 5): the same code for M1 and M5 bars.
 * A level that is missing, crossed or too old is an infinity, so that no close can break it.
 */
export class StructureBook {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #at: StructureLayout;
  readonly #mask: number;
  #f = 0;
  #n = 0;
  #highs = 0;
  #lows = 0;
  /** Of the latest break: its level, its pivot's bar and the trend before it. */
  brokenLevel = 0;
  brokenPivot = 0;
  trendBefore = 0;

  constructor(views: StateViews, layout: StructureLayout) {
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#at = layout;
    this.#mask = layout.ringMask;
  }

  attach(f64Base: number, i32Base: number): void {
    this.#f = f64Base;
    this.#n = i32Base;
    this.#highs = f64Base + this.#at.highs;
    this.#lows = f64Base + this.#at.lows;
  }

  reset(): void {
    this.#f64[this.#f + this.#at.highLevel] = Infinity;
    this.#f64[this.#f + this.#at.lowLevel] = -Infinity;
    this.#i32[this.#n + this.#at.barCount] = 0;
    this.#i32[this.#n + this.#at.highPivot] = 0;
    this.#i32[this.#n + this.#at.lowPivot] = 0;
    this.#i32[this.#n + this.#at.trend] = 0;
    this.#i32[this.#n + this.#at.trendBar] = 0;
  }

  get barCount(): number {
    return this.#i32[this.#n + this.#at.barCount] as number;
  }

  get trend(): number {
    return this.#i32[this.#n + this.#at.trend] as number;
  }

  /** High of `bar`, which must be one of the last bars that the ring still holds. */
  high(bar: number): number {
    return this.#f64[this.#highs + (bar & this.#mask)] as number;
  }

  low(bar: number): number {
    return this.#f64[this.#lows + (bar & this.#mask)] as number;
  }

  /** Takes the high and low of `bar`, which is the count of bars so far, and counts it. */
  record(bar: number, high: number, low: number): void {
    this.#f64[this.#highs + (bar & this.#mask)] = high;
    this.#f64[this.#lows + (bar & this.#mask)] = low;
    this.#i32[this.#n + this.#at.barCount] = bar + 1;
  }

  /** True when the bar 5 bars before `bar` is a swing high; it then is the structure's high level. */
  confirmHigh(bar: number): boolean {
    const f64 = this.#f64;
    const ring = this.#highs;
    const mask = this.#mask;
    const pivot = bar - PIVOT_BARS;
    if (pivot < PIVOT_BARS) return false;
    const level = f64[ring + (pivot & mask)] as number;
    for (let step = 1; step <= PIVOT_BARS; step++) {
      if ((f64[ring + ((pivot + step) & mask)] as number) >= level) return false;
      if ((f64[ring + ((pivot - step) & mask)] as number) > level) return false;
    }
    f64[this.#f + this.#at.highLevel] = level;
    this.#i32[this.#n + this.#at.highPivot] = pivot;
    return true;
  }

  /** The mirror of `confirmHigh`. */
  confirmLow(bar: number): boolean {
    const f64 = this.#f64;
    const ring = this.#lows;
    const mask = this.#mask;
    const pivot = bar - PIVOT_BARS;
    if (pivot < PIVOT_BARS) return false;
    const level = f64[ring + (pivot & mask)] as number;
    for (let step = 1; step <= PIVOT_BARS; step++) {
      if ((f64[ring + ((pivot + step) & mask)] as number) <= level) return false;
      if ((f64[ring + ((pivot - step) & mask)] as number) < level) return false;
    }
    f64[this.#f + this.#at.lowLevel] = level;
    this.#i32[this.#n + this.#at.lowPivot] = pivot;
    return true;
  }

  /** Drops levels and a trend that are too old at `bar`; to be called before the breaks of the bar. */
  age(bar: number): void {
    const f64 = this.#f64;
    const i32 = this.#i32;
    const at = this.#at;
    const n = this.#n;
    const oldest = bar - AGE_BARS_MAX;
    if ((i32[n + at.highPivot] as number) < oldest) f64[this.#f + at.highLevel] = Infinity;
    if ((i32[n + at.lowPivot] as number) < oldest) f64[this.#f + at.lowLevel] = -Infinity;
    if ((i32[n + at.trendBar] as number) < oldest) i32[n + at.trend] = 0;
  }

  /** True when the close breaks the high level; fills the `broken` fields. */
  breakUp(bar: number, close: number): boolean {
    const level = this.#f64[this.#f + this.#at.highLevel] as number;
    if (!(close > level)) return false;
    this.#f64[this.#f + this.#at.highLevel] = Infinity;
    this.brokenPivot = this.#i32[this.#n + this.#at.highPivot] as number;
    this.#take(bar, level, 1);
    return true;
  }

  /** True when the close breaks the low level; fills the `broken` fields. */
  breakDown(bar: number, close: number): boolean {
    const level = this.#f64[this.#f + this.#at.lowLevel] as number;
    if (!(close < level)) return false;
    this.#f64[this.#f + this.#at.lowLevel] = -Infinity;
    this.brokenPivot = this.#i32[this.#n + this.#at.lowPivot] as number;
    this.#take(bar, level, -1);
    return true;
  }

  #take(bar: number, level: number, direction: number): void {
    this.brokenLevel = level;
    this.trendBefore = this.#i32[this.#n + this.#at.trend] as number;
    this.#i32[this.#n + this.#at.trend] = direction;
    this.#i32[this.#n + this.#at.trendBar] = bar;
  }
}
