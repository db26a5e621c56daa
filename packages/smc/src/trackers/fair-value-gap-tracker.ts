import { assert } from "@smcq/kernel";
import { SmcEvent } from "../events.ts";
import type { EventBuffer } from "../events.ts";
import type { LiveGap } from "./live-objects.ts";
import { SMC_PARAMETERS } from "../parameters.ts";
import { AGE_MASK, F64, GAP_CAPACITY, I32, LISTS } from "../state-layout.ts";
import type { StateViews } from "../state-layout.ts";
import { lowerTrigger, raiseTrigger, ZoneTracker } from "./zone-tracker.ts";

const AGE_BARS_MAX = SMC_PARAMETERS.ageBarsMax;
// A mark: bits 0-9 third bar modulo 1,024; 10-11 furthest state reached; 12 bullish; 13 its middle bar displaced.
const STATE_SHIFT = 10;
const BULLISH = 1 << 12;
const DISPLACED = 1 << 13;
const BAR_AND_FLAGS = AGE_MASK | BULLISH | DISPLACED;
const FILLED = 3;
const STATE_NAMES = ["fresh", "touched", "halved"] as const;
const STATE_EVENTS: readonly SmcEvent[] = [
  SmcEvent.Gap,
  SmcEvent.GapTouch,
  SmcEvent.GapMid,
  SmcEvent.GapFill,
];

// Constants of this file, not properties of a shared table: the optimizing compiler folds only these.
const BELOW_TRIGGER = F64.gapBelowTrigger;
const ABOVE_TRIGGER = F64.gapAboveTrigger;
const COUNT = I32.gapCount;
const ZONES = LISTS.gaps;
const MARKS = LISTS.gapMarks;
const BAR_MASK = AGE_MASK;

/**
 * The tracked fair value gaps (docs/smc.md section 7), oldest first. One that is touched or halved on the bar, and whose
 * middle bar was a displacement, makes a setup.
 */
export class FairValueGapTracker extends ZoneTracker {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #u16: Uint16Array;
  readonly #events: EventBuffer | null;
  #f = 0;
  #n = 0;
  #zones = 0;
  #marks = 0;
  /** Size of the nearest gap, and its distance from the price (+ above); set by `findNearest`. */
  nearestSize = 0;
  nearestDistance = 0;

  constructor(views: StateViews, events: EventBuffer | null) {
    super();
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#u16 = views.u16;
    this.#events = events;
  }

  attach(byteOffset: number): void {
    this.#f = byteOffset / 8;
    this.#n = byteOffset / 4;
    this.#zones = byteOffset / 8 + ZONES;
    this.#marks = byteOffset / 2 + MARKS;
  }

  reset(): void {
    this.#i32[this.#n + COUNT] = 0;
    this.#f64[this.#f + BELOW_TRIGGER] = -Infinity;
    this.#f64[this.#f + ABOVE_TRIGGER] = Infinity;
  }

  get count(): number {
    return this.#i32[this.#n + COUNT] as number;
  }

  /** Ages the gaps and lets the bar's range advance them. */
  advance(bar: number, high: number, low: number): void {
    this.setupSides = 0;
    const count = this.#i32[this.#n + COUNT] as number;
    if (count === 0) return;
    const oldestAge = (bar - (this.#u16[this.#marks] as number)) & BAR_MASK;
    // Most bars reach no gap: two comparisons then stand for the whole list.
    if (
      oldestAge <= AGE_BARS_MAX &&
      low > (this.#f64[this.#f + BELOW_TRIGGER] as number) &&
      high < (this.#f64[this.#f + ABOVE_TRIGGER] as number)
    )
      return;
    this.#advanceAll(bar, high, low, count);
  }

  #advanceAll(bar: number, high: number, low: number, count: number): void {
    const f64 = this.#f64;
    const u16 = this.#u16;
    const zones = this.#zones;
    const marks = this.#marks;
    let belowTrigger = -Infinity;
    let aboveTrigger = Infinity;
    let kept = 0;
    for (let k = 0; k < count; k++) {
      let mark = u16[marks + k] as number;
      if (((bar - mark) & BAR_MASK) > AGE_BARS_MAX) continue;
      const top = f64[zones + 2 * k] as number;
      const bottom = f64[zones + 2 * k + 1] as number;
      const middle = (top + bottom) / 2;
      const state = (mark >>> STATE_SHIFT) & FILLED;
      let reached = 0;
      if ((mark & BULLISH) !== 0) {
        if (low <= top) reached = low <= bottom ? FILLED : low <= middle ? 2 : 1;
      } else if (high >= bottom) reached = high >= top ? FILLED : high >= middle ? 2 : 1;
      if (reached > state) {
        this.#report(bar, mark, reached, top, bottom);
        if (reached === FILLED) continue;
        mark = (mark & BAR_AND_FLAGS) | (reached << STATE_SHIFT);
      } else reached = state;
      // The next price that changes this gap's state.
      if ((mark & BULLISH) !== 0) {
        const next = reached === 0 ? top : reached === 1 ? middle : bottom;
        if (next > belowTrigger) belowTrigger = next;
      } else {
        const next = reached === 0 ? bottom : reached === 1 ? middle : top;
        if (next < aboveTrigger) aboveTrigger = next;
      }
      u16[marks + kept] = mark;
      if (kept !== k) {
        f64[zones + 2 * kept] = top;
        f64[zones + 2 * kept + 1] = bottom;
      }
      kept++;
    }
    this.#i32[this.#n + COUNT] = kept;
    f64[this.#f + BELOW_TRIGGER] = belowTrigger;
    f64[this.#f + ABOVE_TRIGGER] = aboveTrigger;
  }

  #report(bar: number, mark: number, reached: number, top: number, bottom: number): void {
    const isBullish = (mark & BULLISH) !== 0;
    if (reached !== FILLED && (mark & DISPLACED) !== 0) this.noteSetup(isBullish, top, bottom);
    if (this.#events === null) return;
    const thirdBar = bar - ((bar - mark) & BAR_MASK);
    const code = STATE_EVENTS[reached] as SmcEvent;
    this.#events.add(code, isBullish ? 1 : -1, top, bottom, thirdBar);
  }

  /** Tracks a gap whose third bar is `bar`. */
  add(bar: number, isBullish: boolean, isDisplaced: boolean, top: number, bottom: number): void {
    const count = this.#i32[this.#n + COUNT] as number;
    assert(count < GAP_CAPACITY, "Invariant: live gaps fit their list");
    this.#f64[this.#zones + 2 * count] = top;
    this.#f64[this.#zones + 2 * count + 1] = bottom;
    this.#u16[this.#marks + count] =
      (bar & BAR_MASK) | (isBullish ? BULLISH : 0) | (isDisplaced ? DISPLACED : 0);
    this.#i32[this.#n + COUNT] = count + 1;
    if (isBullish) raiseTrigger(this.#f64, this.#f + BELOW_TRIGGER, top);
    else lowerTrigger(this.#f64, this.#f + ABOVE_TRIGGER, bottom);
  }

  /**
   * Finds the gap nearest to the bar's close, the newest of equally near ones; false when there is none. A live gap
   * is not filled, so the close lies above a bullish one's bottom and below a bearish one's top: one edge decides.
   */
  findNearest(close: number): boolean {
    const f64 = this.#f64;
    const zones = this.#zones;
    const marks = this.#marks;
    let nearest = Infinity;
    let found = -1;
    // From the newest on, with a strict comparison: the newest wins a tie, and a gap around the close ends the search.
    for (let k = (this.#i32[this.#n + COUNT] as number) - 1; k >= 0; k--) {
      const isBullish = ((this.#u16[marks + k] as number) & BULLISH) !== 0;
      const distance = isBullish
        ? close - (f64[zones + 2 * k] as number)
        : (f64[zones + 2 * k + 1] as number) - close;
      if (distance < nearest) {
        nearest = distance;
        found = k;
        if (distance <= 0) break;
      }
    }
    if (found < 0) return false;
    const isBelow = ((this.#u16[marks + found] as number) & BULLISH) !== 0;
    this.nearestSize = (f64[zones + 2 * found] as number) - (f64[zones + 2 * found + 1] as number);
    this.nearestDistance = nearest <= 0 ? 0 : isBelow ? -nearest : nearest;
    return true;
  }

  /** The live gaps after `bar`, oldest first; for people, it makes objects. */
  list(bar: number): readonly LiveGap[] {
    return Array.from({ length: this.count }, (_, k): LiveGap => {
      const mark = this.#u16[this.#marks + k] as number;
      return {
        dir: (mark & BULLISH) !== 0 ? 1 : -1,
        top: this.#f64[this.#zones + 2 * k] as number,
        bottom: this.#f64[this.#zones + 2 * k + 1] as number,
        age: (bar - mark) & BAR_MASK,
        state: STATE_NAMES[(mark >>> STATE_SHIFT) & FILLED] ?? "halved",
        isDisplaced: (mark & DISPLACED) !== 0,
      };
    });
  }
}
