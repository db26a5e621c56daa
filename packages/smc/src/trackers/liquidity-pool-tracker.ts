import { assert } from "@smcq/kernel";
import { SmcEvent } from "../events.ts";
import type { EventBuffer } from "../events.ts";
import type { LivePool } from "./live-objects.ts";
import { SMC_PARAMETERS } from "../parameters.ts";
import { AGE_MASK, F64, I32, LISTS, POOL_CAPACITY } from "../state-layout.ts";
import type { StateViews } from "../state-layout.ts";
import { lowerTrigger, raiseTrigger } from "./zone-tracker.ts";

const AGE_BARS_MAX = SMC_PARAMETERS.ageBarsMax;
const EQUAL_TOLERANCE_ATR = SMC_PARAMETERS.equalToleranceAtr;
// A mark: bits 0-9 pivot's bar modulo 1,024; 10 buy-side.
const BUY_SIDE = 1 << 10;

// Constants of this file, not properties of a shared table: the optimizing compiler folds only these.
const BELOW_TRIGGER = F64.poolBelowTrigger;
const ABOVE_TRIGGER = F64.poolAboveTrigger;
const COUNT = I32.poolCount;
const SWEEP_UP_BAR = I32.sweepUpBar;
const SWEEP_DOWN_BAR = I32.sweepDownBar;
const SWEEP_DIR = I32.sweepDir;
const MARKS = LISTS.poolMarks;
const POOLS = LISTS.pools;
const BAR_MASK = AGE_MASK;

/** The liquidity pools above swing highs and below swing lows (docs/smc.md section 4), in order of creation. */
export class LiquidityPoolTracker {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #u16: Uint16Array;
  readonly #events: EventBuffer | null;
  #f = 0;
  #n = 0;
  #pools = 0;
  #marks = 0;

  constructor(views: StateViews, events: EventBuffer | null) {
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#u16 = views.u16;
    this.#events = events;
  }

  attach(byteOffset: number): void {
    this.#f = byteOffset / 8;
    this.#n = byteOffset / 4;
    this.#pools = byteOffset / 8 + POOLS;
    this.#marks = byteOffset / 2 + MARKS;
  }

  reset(): void {
    this.#i32[this.#n + COUNT] = 0;
    this.#i32[this.#n + SWEEP_UP_BAR] = -1_000_000;
    this.#i32[this.#n + SWEEP_DOWN_BAR] = -1_000_000;
    this.#i32[this.#n + SWEEP_DIR] = 0;
    this.#f64[this.#f + ABOVE_TRIGGER] = Infinity;
    this.#f64[this.#f + BELOW_TRIGGER] = -Infinity;
  }

  get count(): number {
    return this.#i32[this.#n + COUNT] as number;
  }

  /** Bars since the last sweep with this direction; huge when there was none. */
  sweepAge(bar: number, direction: number): number {
    return bar - (this.#i32[this.#n + (direction > 0 ? SWEEP_UP_BAR : SWEEP_DOWN_BAR)] as number);
  }

  /** Direction of the last sweep, 0 before the first. */
  get lastSweepDir(): number {
    return this.#i32[this.#n + SWEEP_DIR] as number;
  }

  /** Ages the pools, then lets the bar sweep or run them. */
  advance(bar: number, high: number, low: number, close: number): void {
    const count = this.#i32[this.#n + COUNT] as number;
    if (count === 0) return;
    const oldestAge = (bar - (this.#u16[this.#marks] as number)) & BAR_MASK;
    if (
      oldestAge <= AGE_BARS_MAX &&
      high <= (this.#f64[this.#f + ABOVE_TRIGGER] as number) &&
      low >= (this.#f64[this.#f + BELOW_TRIGGER] as number)
    )
      return;
    this.#advanceAll(bar, high, low, close, count);
  }

  #advanceAll(bar: number, high: number, low: number, close: number, count: number): void {
    const f64 = this.#f64;
    const u16 = this.#u16;
    const pools = this.#pools;
    const marks = this.#marks;
    let aboveTrigger = Infinity;
    let belowTrigger = -Infinity;
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const mark = u16[marks + k] as number;
      if (((bar - mark) & BAR_MASK) > AGE_BARS_MAX) continue;
      const level = f64[pools + 2 * k] as number;
      const members = f64[pools + 2 * k + 1] as number;
      if ((mark & BUY_SIDE) !== 0) {
        if (high > level && close !== level) {
          this.#consume(bar, mark, close > level ? SmcEvent.PoolRun : SmcEvent.Sweep, level, members);
          continue;
        }
        if (level < aboveTrigger) aboveTrigger = level;
      } else {
        if (low < level && close !== level) {
          this.#consume(bar, mark, close < level ? SmcEvent.PoolRun : SmcEvent.Sweep, level, members);
          continue;
        }
        if (level > belowTrigger) belowTrigger = level;
      }
      if (kept !== k) {
        u16[marks + kept] = mark;
        f64[pools + 2 * kept] = level;
        f64[pools + 2 * kept + 1] = members;
      }
      kept++;
    }
    this.#i32[this.#n + COUNT] = kept;
    f64[this.#f + ABOVE_TRIGGER] = aboveTrigger;
    f64[this.#f + BELOW_TRIGGER] = belowTrigger;
  }

  #consume(bar: number, mark: number, code: SmcEvent, level: number, members: number): void {
    const side = (mark & BUY_SIDE) !== 0 ? 1 : -1;
    const direction = code === SmcEvent.Sweep ? -side : side;
    if (code === SmcEvent.Sweep) {
      this.#i32[this.#n + (direction > 0 ? SWEEP_UP_BAR : SWEEP_DOWN_BAR)] = bar;
      this.#i32[this.#n + SWEEP_DIR] = direction;
    }
    if (this.#events === null) return;
    this.#events.add(code, direction, level, members, bar - ((bar - mark) & BAR_MASK));
  }

  /** Opens the pool of a pivot confirmed at `bar`; `atr` (of this bar, 0 when missing) decides what is equal. */
  open(bar: number, pivot: number, side: number, level: number, atr: number): void {
    const f64 = this.#f64;
    const pools = this.#pools;
    const count = this.#i32[this.#n + COUNT] as number;
    assert(count < POOL_CAPACITY, "Invariant: live pools fit their list");
    const sideBit = side > 0 ? BUY_SIDE : 0;
    let members = 1;
    if (atr > 0) {
      const tolerance = EQUAL_TOLERANCE_ATR * atr;
      for (let k = 0; k < count; k++) {
        if (((this.#u16[this.#marks + k] as number) & BUY_SIDE) !== sideBit) continue;
        const old = f64[pools + 2 * k] as number;
        if (!(Math.abs(level - old) <= tolerance)) continue;
        members += f64[pools + 2 * k + 1] as number;
        if (this.#events !== null)
          this.#events.add(side > 0 ? SmcEvent.EqualHighs : SmcEvent.EqualLows, side, level, old, pivot);
      }
      // Endless equal levels double the count at each pivot; it stays finite.
      if (members > Number.MAX_VALUE) members = Number.MAX_VALUE;
    }
    if (this.#events !== null) this.#events.add(SmcEvent.Pivot, side, level, 0, pivot);
    f64[pools + 2 * count] = level;
    f64[pools + 2 * count + 1] = members;
    this.#u16[this.#marks + count] = (pivot & BAR_MASK) | sideBit;
    this.#i32[this.#n + COUNT] = count + 1;
    if (side > 0) lowerTrigger(f64, this.#f + ABOVE_TRIGGER, level);
    else raiseTrigger(f64, this.#f + BELOW_TRIGGER, level);
  }

  /**
   * Distance from the bar's close to the nearest level strictly above (+1), below (-1) or on either side (0);
   * Infinity when there is none. A live buy-side level never lies below the close (the close would have run it), and
   * a sell-side level never above, so the triggers are the nearest levels.
   */
  distanceAhead(close: number, direction: number): number {
    const above = direction < 0 ? Infinity : (this.#f64[this.#f + ABOVE_TRIGGER] as number) - close;
    const below = direction > 0 ? Infinity : close - (this.#f64[this.#f + BELOW_TRIGGER] as number);
    // A level equal to the close is not ahead; the next one then has to be looked for.
    if (above === 0 || below === 0) return this.#searchAhead(close, direction);
    return above < below ? above : below;
  }

  #searchAhead(close: number, direction: number): number {
    const f64 = this.#f64;
    const count = this.#i32[this.#n + COUNT] as number;
    let nearest = Infinity;
    for (let k = 0; k < count; k++) {
      const ahead = (f64[this.#pools + 2 * k] as number) - close;
      if (ahead > 0) {
        if (direction >= 0 && ahead < nearest) nearest = ahead;
      } else if (ahead < 0 && direction <= 0 && -ahead < nearest) nearest = -ahead;
    }
    return nearest;
  }

  /** The live pools after `bar`, in order of creation; for people, it makes objects. */
  list(bar: number): readonly LivePool[] {
    return Array.from({ length: this.count }, (_, k): LivePool => {
      const mark = this.#u16[this.#marks + k] as number;
      return {
        side: (mark & BUY_SIDE) !== 0 ? 1 : -1,
        level: this.#f64[this.#pools + 2 * k] as number,
        count: this.#f64[this.#pools + 2 * k + 1] as number,
        age: (bar - mark) & BAR_MASK,
      };
    });
  }
}
