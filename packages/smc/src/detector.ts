import { assert } from "@smcq/kernel";
import { OrderBlockTracker } from "./trackers/order-block-tracker.ts";
import { SmcEvent } from "./events.ts";
import type { EventBuffer } from "./events.ts";
import { FairValueGapTracker } from "./trackers/fair-value-gap-tracker.ts";
import { Indicators } from "./indicators.ts";
import type { LiveObjects } from "./trackers/live-objects.ts";
import { SMC_PARAMETERS } from "./parameters.ts";
import { LiquidityPoolTracker } from "./trackers/liquidity-pool-tracker.ts";
import { DETECTOR_BYTES, F64, I32, PRICE_RING, stateViews } from "./state-layout.ts";
import { StructureTracker } from "./structure.ts";
import type { StructureLayout } from "./structure.ts";

const DISPLACEMENT_ATR = SMC_PARAMETERS.displacementAtr;
const GAP_TRACK_ATR_MIN = SMC_PARAMETERS.gapTrackAtrMin;
const PIVOT_BARS = SMC_PARAMETERS.pivotBars;
const BLOCK_SCAN_BARS = SMC_PARAMETERS.blockScanBars;
const BLOCK_CANDLE_MASK = (1 << (BLOCK_SCAN_BARS + 1)) - 1;

const DISPLACED_UP = I32.displacedUp;
const DISPLACED_DOWN = I32.displacedDown;
const CANDLE_UP = I32.candleUp;
const CANDLE_DOWN = I32.candleDown;

const M1_STRUCTURE: StructureLayout = {
  levels: F64.highLevel,
  marks: I32.barCount,
  highs: F64.highs,
  lows: F64.lows,
  ringMask: PRICE_RING - 1,
};

/**
 * The streaming detector of docs/smc.md: one per thread over a buffer that holds the states of many symbols. `attach`
 * moves it to a symbol, `push` takes that symbol's next closed bar. What it says of the current bar (`breakDir` and
 * the like) holds from `push` until the next `push` or `attach`. It allocates nothing after construction.
 */
export class SmcDetector {
  /** Bytes of one symbol's state, a multiple of 64. */
  static readonly BYTES: number = DETECTOR_BYTES;

  readonly #f64: Float64Array;
  readonly #i32: Int32Array;
  readonly #events: EventBuffer | null;
  readonly #indicators: Indicators;
  readonly #structure: StructureTracker;
  readonly #gaps: FairValueGapTracker;
  readonly #blocks: OrderBlockTracker;
  readonly #pools: LiquidityPoolTracker;
  #f = 0;
  #n = 0;
  #open = 0;
  #close = 0;
  #volume = 0;
  #atrBefore = 0;
  #breakSides = 0;

  /** `events`, when given, receives every event of the current bar; live scanning leaves it out. */
  constructor(buffer: ArrayBufferLike, events: EventBuffer | null = null) {
    const views = stateViews(buffer);
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#events = events;
    this.#indicators = new Indicators(views);
    this.#structure = new StructureTracker(views, M1_STRUCTURE);
    this.#gaps = new FairValueGapTracker(views, events);
    this.#blocks = new OrderBlockTracker(views, events);
    this.#pools = new LiquidityPoolTracker(views, events);
  }

  /** Moves to the state at `byteOffset` (a multiple of 8); the state must have been `reset` once. */
  attach(byteOffset: number): void {
    assert(
      byteOffset >= 0 && byteOffset % 8 === 0 && byteOffset + DETECTOR_BYTES <= this.#f64.byteLength,
      "Invariant: a detector state lies aligned inside its buffer",
    );
    this.#f = byteOffset / 8;
    this.#n = byteOffset / 4;
    this.#indicators.attach(this.#f);
    this.#structure.attach(this.#f, this.#n);
    this.#gaps.attach(byteOffset);
    this.#blocks.attach(byteOffset);
    this.#pools.attach(byteOffset);
  }

  /** Forgets every bar of the attached symbol. */
  reset(): void {
    this.#f64.fill(0, this.#f, this.#f + DETECTOR_BYTES / 8);
    this.#indicators.reset();
    this.#structure.reset();
    this.#gaps.reset();
    this.#blocks.reset();
    this.#pools.reset();
  }

  /** Takes the next closed bar: finite numbers with low <= open, close <= high; the caller has checked them. */
  push(open: number, high: number, low: number, close: number, volume: number): void {
    const bar = this.#structure.barCount;
    this.#open = open;
    this.#close = close;
    this.#volume = volume;
    if (this.#events !== null) this.#events.clear();
    this.#atrBefore = this.#indicators.atr;
    const atr = this.#indicators.advance(bar, high, low, close, volume);
    this.#gaps.advance(bar, high, low);
    this.#blocks.advance(bar, high, low, close);
    this.#pools.advance(bar, high, low, close);
    this.#structure.record(bar, high, low);
    if (this.#structure.confirmHigh(bar)) {
      const pivot = bar - PIVOT_BARS;
      this.#pools.open(bar, pivot, 1, this.#structure.high(pivot), atr);
    }
    if (this.#structure.confirmLow(bar)) {
      const pivot = bar - PIVOT_BARS;
      this.#pools.open(bar, pivot, -1, this.#structure.low(pivot), atr);
    }
    this.#recordCandle(open, close);
    this.#structure.age(bar);
    this.#breakSides = 0;
    if (this.#structure.breakUp(bar, close)) this.#reportBreak(bar, 1);
    if (this.#structure.breakDown(bar, close)) this.#reportBreak(bar, -1);
    if (bar >= 2) this.#formGap(bar, high, low);
  }

  /** Four shift registers, bit k for the bar k bars ago: displaced up or down, closed up or down. */
  #recordCandle(open: number, close: number): void {
    const i32 = this.#i32;
    const n = this.#n;
    const body = close - open;
    // Without an ATR nothing is a displacement.
    const threshold = this.#atrBefore > 0 ? DISPLACEMENT_ATR * this.#atrBefore : Infinity;
    // Bits made of comparisons, without branches: which way a bar closes cannot be predicted.
    i32[n + DISPLACED_UP] = ((i32[n + DISPLACED_UP] as number) << 1) | Number(body > threshold);
    i32[n + DISPLACED_DOWN] = ((i32[n + DISPLACED_DOWN] as number) << 1) | Number(-body > threshold);
    i32[n + CANDLE_UP] = ((i32[n + CANDLE_UP] as number) << 1) | Number(body > 0);
    i32[n + CANDLE_DOWN] = ((i32[n + CANDLE_DOWN] as number) << 1) | Number(body < 0);
  }

  /** A structure break, and the order block behind it when there is one. */
  #reportBreak(bar: number, direction: 1 | -1): void {
    const structure = this.#structure;
    this.#breakSides |= direction > 0 ? 1 : 2;
    if (this.#events !== null) {
      const code = structure.trendBefore === -direction ? SmcEvent.Choch : SmcEvent.Bos;
      this.#events.add(code, direction, structure.brokenLevel, structure.trendBefore, structure.brokenPivot);
    }
    const span = Math.min(bar - structure.brokenPivot, BLOCK_SCAN_BARS);
    const displaced = this.#i32[this.#n + (direction > 0 ? DISPLACED_UP : DISPLACED_DOWN)] as number;
    const inSpan = displaced & ((1 << (span + 1)) - 1);
    if (inSpan === 0) return;
    // The highest bit is the earliest displacement; the candle is the latest opposite one of the 11 bars before it.
    const displacedBack = 31 - Math.clz32(inSpan);
    const opposite = this.#i32[this.#n + (direction > 0 ? CANDLE_DOWN : CANDLE_UP)] as number;
    const candles = (opposite >>> (displacedBack + 1)) & BLOCK_CANDLE_MASK;
    if (candles === 0) return;
    const candleBar = bar - displacedBack - 1 - (31 - Math.clz32(candles & -candles));
    this.#blocks.add(bar, direction, candleBar, structure.high(candleBar), structure.low(candleBar));
  }

  #formGap(bar: number, high: number, low: number): void {
    const highBefore = this.#structure.high(bar - 2);
    const lowBefore = this.#structure.low(bar - 2);
    const isBullish = low > highBefore;
    if (!isBullish && !(high < lowBefore)) return;
    const middleClose = this.#indicators.close(bar - 1);
    if (isBullish ? !(middleClose > highBefore) : !(middleClose < lowBefore)) return;
    const top = isBullish ? low : lowBefore;
    const bottom = isBullish ? highBefore : high;
    if (this.#events !== null) this.#events.add(SmcEvent.Gap, isBullish ? 1 : -1, top, bottom, bar - 1);
    if (!(this.#atrBefore > 0 && (top - bottom) / this.#atrBefore >= GAP_TRACK_ATR_MIN)) return;
    const displaced = this.#i32[this.#n + (isBullish ? DISPLACED_UP : DISPLACED_DOWN)] as number;
    this.#gaps.add(bar, isBullish, (displaced & 2) !== 0, top, bottom);
  }

  /** Bars taken since the reset; the current bar's index is one less. */
  get barCount(): number {
    return this.#structure.barCount;
  }

  /** -1, 0 or +1 after the current bar's breaks. */
  get trend(): number {
    return this.#structure.trend;
  }

  /** ATR-14 at the current bar, price units; 0 while missing. */
  get atr(): number {
    return this.#indicators.atr;
  }

  /** ATR-14 of the bar before the current one; 0 while missing. */
  get atrBefore(): number {
    return this.#atrBefore;
  }

  /** RSI-14 in 0..1; means nothing before bar 14. */
  get rsi(): number {
    return this.#indicators.rsi(this.#close);
  }

  get open(): number {
    return this.#open;
  }

  get close(): number {
    return this.#close;
  }

  get volume(): number {
    return this.#volume;
  }

  /** Close of the bar `back` bars before the current one, at most 15. */
  closeBefore(back: number): number {
    return this.#indicators.close(this.barCount - 1 - back);
  }

  /** Volume over ATR of the current bar, and its mean over the 20 bars before. */
  get volumeInAtr(): number {
    return this.#indicators.volumeInAtr(this.barCount - 1);
  }

  get volumeInAtrMean(): number {
    return this.#indicators.volumeInAtrMean(this.barCount - 1);
  }

  /** Sides (bit 0 up, bit 1 down) whose structure broke on the current bar. */
  get breakSides(): number {
    return this.#breakSides;
  }

  /** Sides with a gap touched or halved on the current bar whose middle bar was a displacement. */
  get gapSetupSides(): number {
    return this.#gaps.setupSides;
  }

  /** Sides with an order block touched on the current bar. */
  get blockSetupSides(): number {
    return this.#blocks.setupSides;
  }

  /** Bars since the last sweep with this direction (0: the current bar); huge when there was none. */
  sweepAge(direction: number): number {
    return this.#pools.sweepAge(this.barCount - 1, direction);
  }

  /**
   * The extreme against a side (+1: lowest low, -1: highest high) from its last sweep to the current bar, both ends
   * included; means nothing when that sweep is more than 31 bars old.
   */
  extremeSinceSweep(direction: number): number {
    const structure = this.#structure;
    const last = this.barCount - 1;
    const first = last - this.sweepAge(direction);
    let extreme = direction > 0 ? structure.low(last) : structure.high(last);
    for (let bar = last - 1; bar >= first && bar > last - PRICE_RING; bar--)
      extreme =
        direction > 0 ? Math.min(extreme, structure.low(bar)) : Math.max(extreme, structure.high(bar));
    return extreme;
  }

  /** Direction of the last sweep of either kind, 0 before the first. */
  get lastSweepDir(): number {
    return this.#pools.lastSweepDir;
  }

  /** The live objects of each kind, to search from the current close. */
  get gaps(): FairValueGapTracker {
    return this.#gaps;
  }

  get blocks(): OrderBlockTracker {
    return this.#blocks;
  }

  get pools(): LiquidityPoolTracker {
    return this.#pools;
  }

  /** Everything that lives after the current bar; for people to look at, it makes objects. */
  objects(): LiveObjects {
    const bar = this.barCount - 1;
    return { gaps: this.#gaps.list(bar), blocks: this.#blocks.list(bar), pools: this.#pools.list(bar) };
  }

  /** A number the owner keeps with the state, such as the open time of the current bar; 0 after a reset. */
  get stamp(): number {
    return this.#f64[this.#f + F64.stamp] as number;
  }

  set stamp(value: number) {
    this.#f64[this.#f + F64.stamp] = value;
  }
}
