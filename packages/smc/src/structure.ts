import { SMC_PARAMETERS } from "./parameters.ts";
import type { StateViews } from "./state-layout.ts";

/** Where a structure keeps its numbers, as indices from the start of its state. */
export interface StructureLayout {
  /** Two float64: the high level and the low level. */
  readonly levels: number;
  /** Five int32: count of bars, high pivot, low pivot, trend, bar of the trend's last break. */
  readonly marks: number;
  /** Rings of highs and lows, float64. */
  readonly highs: number;
  readonly lows: number;
  /** Length of the rings less one; the length is a power of two above 10. */
  readonly ringMask: number;
}

// Constants of this file, not properties of a shared table: the optimizing compiler folds only these.
const LOW_LEVEL = 1;
const HIGH_PIVOT = 1;
const LOW_PIVOT = 2;
const TREND = 3;
const TREND_BAR = 4;
const PIVOT_BARS = SMC_PARAMETERS.pivotBars;
const AGE_BARS_MAX = SMC_PARAMETERS.ageBarsMax;

/**
 * Swing points, the structure levels and the trend (docs/smc.md sections 3 and 5): the same code for M1 and M5 bars.
 * A level that is missing, crossed or too old is an infinity, so that no close can break it.
 */
export class StructureTracker {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #at: StructureLayout;
  readonly #mask: number;
  #levels = 0;
  #marks = 0;
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
    this.#levels = f64Base + this.#at.levels;
    this.#marks = i32Base + this.#at.marks;
    this.#highs = f64Base + this.#at.highs;
    this.#lows = f64Base + this.#at.lows;
  }

  reset(): void {
    this.#f64[this.#levels] = Infinity;
    this.#f64[this.#levels + LOW_LEVEL] = -Infinity;
    this.#i32[this.#marks] = 0;
    this.#i32[this.#marks + HIGH_PIVOT] = 0;
    this.#i32[this.#marks + LOW_PIVOT] = 0;
    this.#i32[this.#marks + TREND] = 0;
    this.#i32[this.#marks + TREND_BAR] = 0;
  }

  get barCount(): number {
    return this.#i32[this.#marks] as number;
  }

  get trend(): number {
    return this.#i32[this.#marks + TREND] as number;
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
    this.#i32[this.#marks] = bar + 1;
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
    f64[this.#levels] = level;
    this.#i32[this.#marks + HIGH_PIVOT] = pivot;
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
    f64[this.#levels + LOW_LEVEL] = level;
    this.#i32[this.#marks + LOW_PIVOT] = pivot;
    return true;
  }

  /** Drops levels and a trend that are too old at `bar`; to be called before the breaks of the bar. */
  age(bar: number): void {
    const f64 = this.#f64;
    const i32 = this.#i32;
    const marks = this.#marks;
    const oldest = bar - AGE_BARS_MAX;
    if ((i32[marks + HIGH_PIVOT] as number) < oldest) f64[this.#levels] = Infinity;
    if ((i32[marks + LOW_PIVOT] as number) < oldest) f64[this.#levels + LOW_LEVEL] = -Infinity;
    if ((i32[marks + TREND_BAR] as number) < oldest) i32[marks + TREND] = 0;
  }

  /** True when the close breaks the high level; fills the `broken` fields. */
  breakUp(bar: number, close: number): boolean {
    const level = this.#f64[this.#levels] as number;
    if (!(close > level)) return false;
    this.#f64[this.#levels] = Infinity;
    this.brokenPivot = this.#i32[this.#marks + HIGH_PIVOT] as number;
    this.#take(bar, level, 1);
    return true;
  }

  /** True when the close breaks the low level; fills the `broken` fields. */
  breakDown(bar: number, close: number): boolean {
    const level = this.#f64[this.#levels + LOW_LEVEL] as number;
    if (!(close < level)) return false;
    this.#f64[this.#levels + LOW_LEVEL] = -Infinity;
    this.brokenPivot = this.#i32[this.#marks + LOW_PIVOT] as number;
    this.#take(bar, level, -1);
    return true;
  }

  #take(bar: number, level: number, direction: number): void {
    this.brokenLevel = level;
    this.trendBefore = this.#i32[this.#marks + TREND] as number;
    this.#i32[this.#marks + TREND] = direction;
    this.#i32[this.#marks + TREND_BAR] = bar;
  }
}
