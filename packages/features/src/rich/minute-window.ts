import { assert, MINUTE_MS } from "@smcq/kernel";
import { SMC_PARAMETERS, StructureDetector } from "@smcq/smc";

/** Closes that are kept: more than a day of them. */
const CLOSES = 2_048;
/** Whole bars that are kept: more than an hour of them. */
const BARS = 64;
/** M15 bars that are kept: more than a day of them. */
const M15_BARS = 128;
// Bar k since the last hole stands at k & mask of its ring.
export const CLOSES_MASK: number = CLOSES - 1;
export const BARS_MASK: number = BARS - 1;
export const M15_MASK: number = M15_BARS - 1;
const M15_MINUTES = 15;
const H1_MINUTES = 60;
const DAY_MINUTES = 1_440;
const { m5ReadyBars: TREND_READY_BARS } = SMC_PARAMETERS;

/** High and low of a UTC day, whole from its first minute on. */
interface DayExtremes {
  /** Days since 1970; -1: there is none. */
  day: number;
  open: number;
  high: number;
  low: number;
}

/**
 * The last bars of one symbol, minute by minute without a hole, as the rich features look at them: a day of closes, an
 * hour of bars, a day of M15 bars, this UTC day and the last one, and the structure of M15 and H1. A bar that does not
 * follow the last one starts it anew. Nothing is allocated after construction.
 */
export class MinuteWindow {
  readonly closes: Float64Array = new Float64Array(CLOSES);
  readonly opens: Float64Array = new Float64Array(BARS);
  readonly highs: Float64Array = new Float64Array(BARS);
  readonly lows: Float64Array = new Float64Array(BARS);
  readonly volumes: Float64Array = new Float64Array(BARS);
  /** close / close before - 1; 0 for the first bar. */
  readonly returns: Float64Array = new Float64Array(BARS);
  /** Closed M15 bars; squares are the sums of their minutes' squared returns. */
  readonly m15Highs: Float64Array = new Float64Array(M15_BARS);
  readonly m15Lows: Float64Array = new Float64Array(M15_BARS);
  readonly m15Closes: Float64Array = new Float64Array(M15_BARS);
  readonly m15Volumes: Float64Array = new Float64Array(M15_BARS);
  readonly m15Squares: Float64Array = new Float64Array(M15_BARS);
  /** The minutes behind the last closed M15 bar: their extremes, -Infinity and Infinity where there is none. */
  formingHigh: number = -Infinity;
  formingLow: number = Infinity;
  readonly today: DayExtremes = { day: -1, open: 0, high: 0, low: 0 };
  readonly lastDay: DayExtremes = { day: -1, open: 0, high: 0, low: 0 };
  /** Bars since the last hole; M15 bars closed since then. */
  count = 0;
  m15Count = 0;
  /** Open time of the last bar, minutes since 1970. */
  minute = -1;

  #formingVolume = 0;
  #formingSquares = 0;
  /** The forming M15 or H1 bar has had its first minute. */
  #isM15Whole = false;
  #isH1Whole = false;
  #h1High = 0;
  #h1Low = 0;
  readonly #m15Structure: StructureDetector = new StructureDetector(new ArrayBuffer(StructureDetector.BYTES));
  readonly #h1Structure: StructureDetector = new StructureDetector(new ArrayBuffer(StructureDetector.BYTES));

  constructor() {
    this.#m15Structure.attach(0);
    this.#h1Structure.attach(0);
    this.#reset();
  }

  /** Forgets everything; `minute` comes next, and seeds may come before it. */
  restart(minute: number): void {
    this.#reset();
    this.minute = minute - 1;
  }

  /** Takes a whole M15 bar from before the first minute: its structure alone goes on with it. */
  seedM15(high: number, low: number, close: number): void {
    this.#m15Structure.push(high, low, close);
  }

  /** Takes a whole H1 bar from before the first minute: its structure alone goes on with it. */
  seedH1(high: number, low: number, close: number): void {
    this.#h1Structure.push(high, low, close);
  }

  #reset(): void {
    this.count = 0;
    this.m15Count = 0;
    this.#startM15(false);
    this.#isH1Whole = false;
    this.today.day = -1;
    this.lastDay.day = -1;
    this.#m15Structure.reset();
    this.#h1Structure.reset();
  }

  #startM15(isWhole: boolean): void {
    this.#isM15Whole = isWhole;
    this.formingHigh = -Infinity;
    this.formingLow = Infinity;
    this.#formingVolume = 0;
    this.#formingSquares = 0;
  }

  /** Takes the next closed minute; asserts that time goes on. */
  push(openTimeMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    const minute = openTimeMs / MINUTE_MS;
    assert(minute > this.minute, "Invariant: a minute is taken once, in order");
    if (minute !== this.minute + 1) this.#reset();
    const before = this.closes[(this.count - 1) & CLOSES_MASK] as number;
    const change = this.count === 0 ? 0 : close / before - 1;
    this.minute = minute;
    this.closes[this.count & CLOSES_MASK] = close;
    const at = this.count & BARS_MASK;
    this.opens[at] = open;
    this.highs[at] = high;
    this.lows[at] = low;
    this.volumes[at] = volume;
    this.returns[at] = change;
    this.count++;
    this.#pushDay(open, high, low);
    this.#pushM15(high, low, close, volume, change);
    this.#pushH1(high, low, close);
  }

  #pushDay(open: number, high: number, low: number): void {
    const { today, lastDay, minute } = this;
    const minuteOfDay = minute % DAY_MINUTES;
    if (minuteOfDay === 0) {
      lastDay.day = today.day;
      lastDay.high = today.high;
      lastDay.low = today.low;
      today.day = minute / DAY_MINUTES;
      today.open = open;
      today.high = high;
      today.low = low;
    } else if (today.day >= 0) {
      if (high > today.high) today.high = high;
      if (low < today.low) today.low = low;
    }
  }

  #pushM15(high: number, low: number, close: number, volume: number, change: number): void {
    const phase = this.minute % M15_MINUTES;
    if (phase === 0) this.#startM15(true);
    if (high > this.formingHigh) this.formingHigh = high;
    if (low < this.formingLow) this.formingLow = low;
    this.#formingVolume += volume;
    this.#formingSquares += change * change;
    if (phase !== M15_MINUTES - 1) return;
    if (this.#isM15Whole) {
      const at = this.m15Count & M15_MASK;
      this.m15Highs[at] = this.formingHigh;
      this.m15Lows[at] = this.formingLow;
      this.m15Closes[at] = close;
      this.m15Volumes[at] = this.#formingVolume;
      this.m15Squares[at] = this.#formingSquares;
      this.m15Count++;
      this.#m15Structure.push(this.formingHigh, this.formingLow, close);
    }
    this.#startM15(false);
  }

  #pushH1(high: number, low: number, close: number): void {
    const phase = this.minute % H1_MINUTES;
    if (phase === 0) {
      this.#isH1Whole = true;
      this.#h1High = high;
      this.#h1Low = low;
    } else {
      if (high > this.#h1High) this.#h1High = high;
      if (low < this.#h1Low) this.#h1Low = low;
    }
    if (phase === H1_MINUTES - 1 && this.#isH1Whole) this.#h1Structure.push(this.#h1High, this.#h1Low, close);
  }

  /** Trend of whole M15 bars, 0 below 60 of them. */
  get trendM15(): number {
    return this.#m15Structure.barCount >= TREND_READY_BARS ? this.#m15Structure.trend : 0;
  }

  /** Trend of whole H1 bars, 0 below 60 of them. */
  get trendH1(): number {
    return this.#h1Structure.barCount >= TREND_READY_BARS ? this.#h1Structure.trend : 0;
  }
}
