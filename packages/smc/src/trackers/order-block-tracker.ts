import { assert } from "@smcq/kernel";
import { SmcEvent } from "../events.ts";
import type { EventBuffer } from "../events.ts";
import type { LiveBlock } from "./live-objects.ts";
import { SMC_PARAMETERS } from "../parameters.ts";
import { AGE_MASK, BLOCK_CAPACITY, F64, I32, LISTS } from "../state-layout.ts";
import type { StateViews } from "../state-layout.ts";
import { lowerTrigger, raiseTrigger, ZoneTracker } from "./zone-tracker.ts";

const AGE_BARS_MAX = SMC_PARAMETERS.ageBarsMax;
// A mark: bits 0-9 the bar its age counts from, modulo 1,024; 10-19 how far its candle lies before that bar (at most
// 21 for a block, 277 for a breaker); 20 bullish; 21 breaker; 22 touched.
const ORIGIN_SHIFT = 10;
const BULLISH = 1 << 20;
const BREAKER = 1 << 21;
const TOUCHED = 1 << 22;
const NEVER = 0x7fff_ffff;

// Constants of this file, not properties of a shared table: the optimizing compiler folds only these.
const BELOW_TRIGGER = F64.blockBelowTrigger;
const ABOVE_TRIGGER = F64.blockAboveTrigger;
const EXPIRE_BAR = I32.blocksExpireBar;
const COUNT = I32.blockCount;
const MARKS = LISTS.blockMarks;
const ZONES = LISTS.blocks;
const BAR_MASK = AGE_MASK;

/** The order blocks and breakers (docs/smc.md section 6) in order of birth. A block touched on the bar makes a setup. */
export class OrderBlockTracker extends ZoneTracker {
  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #events: EventBuffer | null;
  #f = 0;
  #n = 0;
  #zones = 0;
  #marks = 0;
  /** Set by `survey`: order blocks alive (no breakers), and the distance to the nearest of them. */
  blockCount = 0;
  nearestDistance: number = Infinity;
  /** Set by `survey`: distances to the nearest edges strictly above and strictly below, breakers included. */
  edgeAbove: number = Infinity;
  edgeBelow: number = Infinity;

  constructor(views: StateViews, events: EventBuffer | null) {
    super();
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#events = events;
  }

  attach(byteOffset: number): void {
    this.#f = byteOffset / 8;
    this.#n = byteOffset / 4;
    this.#zones = byteOffset / 8 + ZONES;
    this.#marks = byteOffset / 4 + MARKS;
  }

  reset(): void {
    this.#i32[this.#n + COUNT] = 0;
    this.#i32[this.#n + EXPIRE_BAR] = NEVER;
    this.#f64[this.#f + BELOW_TRIGGER] = -Infinity;
    this.#f64[this.#f + ABOVE_TRIGGER] = Infinity;
  }

  get count(): number {
    return this.#i32[this.#n + COUNT] as number;
  }

  /** Ages the blocks and lets the bar touch or break them; a broken block turns into a breaker in its place. */
  advance(bar: number, high: number, low: number, close: number): void {
    this.setupSides = 0;
    const count = this.#i32[this.#n + COUNT] as number;
    if (count === 0) return;
    if (
      low > (this.#f64[this.#f + BELOW_TRIGGER] as number) &&
      high < (this.#f64[this.#f + ABOVE_TRIGGER] as number) &&
      bar < (this.#i32[this.#n + EXPIRE_BAR] as number)
    )
      return;
    this.#advanceAll(bar, high, low, close, count);
  }

  #advanceAll(bar: number, high: number, low: number, close: number, count: number): void {
    const f64 = this.#f64;
    const i32 = this.#i32;
    const zones = this.#zones;
    const marks = this.#marks;
    let belowTrigger = -Infinity;
    let aboveTrigger = Infinity;
    let ageMax = -1;
    let kept = 0;
    for (let k = 0; k < count; k++) {
      let mark = i32[marks + k] as number;
      const age = (bar - mark) & BAR_MASK;
      if (age > AGE_BARS_MAX) continue;
      const top = f64[zones + 2 * k] as number;
      const bottom = f64[zones + 2 * k + 1] as number;
      if ((mark & BULLISH) !== 0 ? close < bottom : close > top) {
        this.#reportBroken(bar, mark, top, bottom);
        if ((mark & BREAKER) !== 0) continue;
        const origin = age + ((mark >>> ORIGIN_SHIFT) & BAR_MASK);
        mark = (bar & BAR_MASK) | (origin << ORIGIN_SHIFT) | ((mark & BULLISH) ^ BULLISH) | BREAKER;
      } else {
        if ((mark & TOUCHED) === 0 && ((mark & BULLISH) !== 0 ? low <= top : high >= bottom)) {
          this.#reportTouched(bar, mark, top, bottom);
          mark |= TOUCHED;
        }
        if (age > ageMax) ageMax = age;
      }
      // A fresh zone waits for its near edge, a touched one for its far edge.
      const isBullish = (mark & BULLISH) !== 0;
      const trigger = isBullish === ((mark & TOUCHED) === 0) ? top : bottom;
      if (isBullish) belowTrigger = trigger > belowTrigger ? trigger : belowTrigger;
      else aboveTrigger = trigger < aboveTrigger ? trigger : aboveTrigger;
      i32[marks + kept] = mark;
      if (kept !== k) {
        f64[zones + 2 * kept] = top;
        f64[zones + 2 * kept + 1] = bottom;
      }
      kept++;
    }
    i32[this.#n + COUNT] = kept;
    i32[this.#n + EXPIRE_BAR] = kept === 0 ? NEVER : bar - Math.max(ageMax, 0) + AGE_BARS_MAX + 1;
    f64[this.#f + BELOW_TRIGGER] = belowTrigger;
    f64[this.#f + ABOVE_TRIGGER] = aboveTrigger;
  }

  #candle(bar: number, mark: number): number {
    return bar - ((bar - mark) & BAR_MASK) - ((mark >>> ORIGIN_SHIFT) & BAR_MASK);
  }

  #reportBroken(bar: number, mark: number, top: number, bottom: number): void {
    if (this.#events === null) return;
    const code = (mark & BREAKER) !== 0 ? SmcEvent.BreakerBroken : SmcEvent.BlockBroken;
    this.#events.add(code, (mark & BULLISH) !== 0 ? 1 : -1, top, bottom, this.#candle(bar, mark));
  }

  #reportTouched(bar: number, mark: number, top: number, bottom: number): void {
    const isBullish = (mark & BULLISH) !== 0;
    if ((mark & BREAKER) === 0) this.noteSetup(isBullish, top, bottom);
    if (this.#events === null) return;
    const code = (mark & BREAKER) !== 0 ? SmcEvent.BreakerTouch : SmcEvent.BlockTouch;
    this.#events.add(code, isBullish ? 1 : -1, top, bottom, this.#candle(bar, mark));
  }

  /** Adds the block of a break at `bar`, whose candle is `candleBar`. */
  add(bar: number, direction: number, candleBar: number, top: number, bottom: number): void {
    const count = this.#i32[this.#n + COUNT] as number;
    assert(count < BLOCK_CAPACITY, "Invariant: live blocks fit their list");
    this.#f64[this.#zones + 2 * count] = top;
    this.#f64[this.#zones + 2 * count + 1] = bottom;
    this.#i32[this.#marks + count] =
      (bar & BAR_MASK) | ((bar - candleBar) << ORIGIN_SHIFT) | (direction > 0 ? BULLISH : 0);
    this.#i32[this.#n + COUNT] = count + 1;
    if (count === 0) this.#i32[this.#n + EXPIRE_BAR] = bar + AGE_BARS_MAX + 1;
    if (direction > 0) raiseTrigger(this.#f64, this.#f + BELOW_TRIGGER, top);
    else lowerTrigger(this.#f64, this.#f + ABOVE_TRIGGER, bottom);
    if (this.#events !== null) this.#events.add(SmcEvent.Block, direction, top, bottom, candleBar);
  }

  /**
   * Measures the live zones from `price` (Infinity: none): distance to the nearest order block (0 inside), and to the
   * nearest edges ahead on either side (top of a bullish zone, bottom of a bearish one).
   */
  survey(price: number): void {
    const f64 = this.#f64;
    const count = this.#i32[this.#n + COUNT] as number;
    let blocks = 0;
    let nearest = Infinity;
    let above = Infinity;
    let below = Infinity;
    for (let k = 0; k < count; k++) {
      const mark = this.#i32[this.#marks + k] as number;
      const top = f64[this.#zones + 2 * k] as number;
      const bottom = f64[this.#zones + 2 * k + 1] as number;
      const ahead = ((mark & BULLISH) !== 0 ? top : bottom) - price;
      if (ahead > 0) above = ahead < above ? ahead : above;
      else if (ahead < 0) below = -ahead < below ? -ahead : below;
      if ((mark & BREAKER) !== 0) continue;
      blocks++;
      const distance = price < bottom ? bottom - price : price > top ? price - top : 0;
      if (distance < nearest) nearest = distance;
    }
    this.blockCount = blocks;
    this.nearestDistance = nearest;
    this.edgeAbove = above;
    this.edgeBelow = below;
  }

  /** The live blocks and breakers after `bar`, in order of birth; for people, it makes objects. */
  list(bar: number): readonly LiveBlock[] {
    return Array.from({ length: this.count }, (_, k): LiveBlock => {
      const mark = this.#i32[this.#marks + k] as number;
      return {
        dir: (mark & BULLISH) !== 0 ? 1 : -1,
        top: this.#f64[this.#zones + 2 * k] as number,
        bottom: this.#f64[this.#zones + 2 * k + 1] as number,
        age: (bar - mark) & BAR_MASK,
        candleAge: bar - this.#candle(bar, mark),
        isBreaker: (mark & BREAKER) !== 0,
        isTouched: (mark & TOUCHED) !== 0,
      };
    });
  }
}
