import type { Bar } from "@smcq/kernel";
import { averageTrueRanges, relativeStrengths } from "./detect-indicators.ts";

/** One event of the oracle, with the same columns as the golden files. */
export interface DetectedEvent {
  readonly bar: number;
  readonly event: string;
  readonly dir: number;
  readonly level: number;
  readonly aux: number;
  readonly origin: number;
}

export interface DetectedGap {
  readonly dir: number;
  readonly top: number;
  readonly bottom: number;
  /** The gap's third bar. */
  readonly bar: number;
  /** 0 fresh, 1 touched, 2 halved. */
  state: number;
}

export interface DetectedPool {
  readonly side: number;
  readonly level: number;
  readonly pivot: number;
  readonly count: number;
}

export interface DetectedBlock {
  dir: number;
  readonly top: number;
  readonly bottom: number;
  readonly candle: number;
  /** The pivot whose break made the block. */
  readonly pivot: number;
  /** The bar that its age counts from: the break, or a breaker's flip. */
  bar: number;
  isBreaker: boolean;
  isTouched: boolean;
}

export interface DetectedLevel {
  readonly level: number;
  readonly pivot: number;
  isCrossed: boolean;
}

/** Everything that is known after the last bar of a window; bar numbers count from the window's first bar. */
export interface Detection {
  readonly events: readonly DetectedEvent[];
  readonly gaps: readonly DetectedGap[];
  readonly pools: readonly DetectedPool[];
  readonly blocks: readonly DetectedBlock[];
  readonly high: DetectedLevel | null;
  readonly low: DetectedLevel | null;
  readonly trend: number;
  /** Bar of the trend's last break; -1 while there is no trend. */
  readonly trendBar: number;
  /** Pivot that the trend's last break broke; -1 while there is no trend. */
  readonly trendPivot: number;
  /** ATR-14 by bar; NaN where missing. */
  readonly atr: readonly number[];
  /** RSI-14 in 0..1 by bar; NaN where missing. */
  readonly rsi: readonly number[];
}

/** True when bar `t` is a displacement in `dir` (docs/smc.md section 6). */
export function isDisplacement(
  bars: readonly Bar[],
  atr: readonly number[],
  t: number,
  dir: number,
): boolean {
  const bar = bars[t];
  const before = atr[t - 1];
  if (bar === undefined || before === undefined || !(before > 0)) return false;
  return dir * (bar.close - bar.open) > 1.5 * before;
}

/**
 * docs/smc.md, stateless, over a window of bars: the oracle that the streaming detector is tested against. It is
 * written from the text alone, in plain objects, and shares no rule with `SmcDetector`.
 */
export function detect(bars: readonly Bar[]): Detection {
  return new Recompute(bars).run();
}

class Recompute {
  readonly bars: readonly Bar[];
  readonly atr: readonly number[];
  readonly rsi: readonly number[];
  readonly events: DetectedEvent[] = [];
  gaps: DetectedGap[] = [];
  pools: DetectedPool[] = [];
  blocks: DetectedBlock[] = [];
  high: DetectedLevel | null = null;
  low: DetectedLevel | null = null;
  trend = 0;
  trendBar = -1;
  trendPivot = -1;

  constructor(bars: readonly Bar[]) {
    this.bars = bars;
    this.atr = averageTrueRanges(bars);
    this.rsi = relativeStrengths(bars);
  }

  run(): Detection {
    for (const [i, bar] of this.bars.entries()) {
      this.advanceGaps(i, bar);
      this.advanceBlocks(i, bar);
      this.advancePools(i, bar);
      this.confirmPivot(i, 1);
      this.confirmPivot(i, -1);
      this.breakStructure(i, bar);
      this.formGap(i, bar);
    }
    const { events, gaps, pools, blocks, high, low, trend, trendBar, trendPivot, atr, rsi } = this;
    return { events, gaps, pools, blocks, high, low, trend, trendBar, trendPivot, atr, rsi };
  }

  emit(bar: number, event: string, dir: number, level: number, aux: number, origin: number): void {
    this.events.push({ bar, event, dir, level, aux, origin });
  }

  at(index: number): Bar {
    const bar = this.bars[index];
    if (bar === undefined) throw new RangeError(`no bar ${index} in the window`);
    return bar;
  }

  advanceGaps(i: number, bar: Bar): void {
    const alive = this.gaps.filter((gap) => i - gap.bar <= 256);
    this.gaps = [];
    for (const gap of alive) {
      const middle = (gap.top + gap.bottom) / 2;
      const reaches = (price: number): boolean => (gap.dir > 0 ? bar.low <= price : bar.high >= price);
      const near = gap.dir > 0 ? gap.top : gap.bottom;
      const far = gap.dir > 0 ? gap.bottom : gap.top;
      const reached = reaches(far) ? 3 : reaches(middle) ? 2 : reaches(near) ? 1 : 0;
      if (reached > gap.state) {
        const event = ["", "fvg_touch", "fvg_ce", "fvg_fill"][reached] ?? "";
        this.emit(i, event, gap.dir, gap.top, gap.bottom, gap.bar);
        gap.state = reached;
      }
      if (gap.state < 3) this.gaps.push(gap);
    }
  }

  advanceBlocks(i: number, bar: Bar): void {
    const alive = this.blocks.filter((block) => i - block.bar <= 256);
    this.blocks = [];
    for (const block of alive) {
      const kind = block.isBreaker ? "breaker" : "ob";
      const isBroken = block.dir > 0 ? bar.close < block.bottom : bar.close > block.top;
      const isReached = block.dir > 0 ? bar.low <= block.top : bar.high >= block.bottom;
      if (isBroken) {
        this.emit(i, `${kind}_broken`, block.dir, block.top, block.bottom, block.candle);
        if (block.isBreaker) continue;
        block.dir = -block.dir;
        block.bar = i;
        block.isBreaker = true;
        block.isTouched = false;
      } else if (isReached && !block.isTouched) {
        this.emit(i, `${kind}_touch`, block.dir, block.top, block.bottom, block.candle);
        block.isTouched = true;
      }
      this.blocks.push(block);
    }
  }

  advancePools(i: number, bar: Bar): void {
    const alive = this.pools.filter((pool) => i - pool.pivot <= 256);
    this.pools = [];
    for (const pool of alive) {
      const { side, level, count, pivot } = pool;
      const isRun = side > 0 ? bar.close > level : bar.close < level;
      const isBeyond = side > 0 ? bar.high > level : bar.low < level;
      const isBack = side > 0 ? bar.close < level : bar.close > level;
      if (isRun) this.emit(i, "pool_run", side, level, count, pivot);
      else if (isBeyond && isBack) this.emit(i, "sweep", -side, level, count, pivot);
      else this.pools.push(pool);
    }
  }

  confirmPivot(i: number, side: number): void {
    const p = i - 5;
    if (p < 5) return;
    // Seen upside down, a low is a high.
    const height = (t: number): number => (side > 0 ? this.at(t).high : -this.at(t).low);
    const right = Math.max(...[1, 2, 3, 4, 5].map((k) => height(p + k)));
    const left = Math.max(...[1, 2, 3, 4, 5].map((k) => height(p - k)));
    if (!(height(p) > right && height(p) >= left)) return;
    const level = side > 0 ? this.at(p).high : this.at(p).low;
    const atr = this.atr[i] ?? Number.NaN;
    let count = 1;
    for (const pool of this.pools) {
      if (pool.side !== side || !(atr > 0) || !(Math.abs(level - pool.level) <= 0.1 * atr)) continue;
      this.emit(i, side > 0 ? "eqh" : "eql", side, level, pool.level, p);
      count += pool.count;
    }
    this.emit(i, "pivot", side, level, 0, p);
    this.pools.push({ side, level, pivot: p, count: Math.min(count, Number.MAX_VALUE) });
    if (side > 0) this.high = { level, pivot: p, isCrossed: false };
    else this.low = { level, pivot: p, isCrossed: false };
  }

  breakStructure(i: number, bar: Bar): void {
    if (this.high !== null && i - this.high.pivot > 256) this.high = null;
    if (this.low !== null && i - this.low.pivot > 256) this.low = null;
    if (this.trend !== 0 && i - this.trendBar > 256) {
      this.trend = 0;
      this.trendBar = -1;
      this.trendPivot = -1;
    }
    if (this.high !== null && !this.high.isCrossed && bar.close > this.high.level) this.take(i, this.high, 1);
    if (this.low !== null && !this.low.isCrossed && bar.close < this.low.level) this.take(i, this.low, -1);
  }

  take(i: number, level: DetectedLevel, dir: number): void {
    this.emit(i, this.trend === -dir ? "choch" : "bos", dir, level.level, this.trend, level.pivot);
    level.isCrossed = true;
    this.trend = dir;
    this.trendBar = i;
    this.trendPivot = level.pivot;
    this.formBlock(i, level.pivot, dir);
  }

  formBlock(i: number, pivot: number, dir: number): void {
    let m = Math.max(pivot, i - 10);
    while (m <= i && !isDisplacement(this.bars, this.atr, m, dir)) m++;
    if (m > i) return;
    for (let t = m - 1; t >= 0 && t >= m - 11; t--) {
      const { open, high, low, close } = this.at(t);
      if (!(dir * (close - open) < 0)) continue;
      this.emit(i, "ob", dir, high, low, t);
      this.blocks.push({
        dir,
        top: high,
        bottom: low,
        candle: t,
        pivot,
        bar: i,
        isBreaker: false,
        isTouched: false,
      });
      return;
    }
  }

  formGap(i: number, bar: Bar): void {
    if (i < 2) return;
    const first = this.at(i - 2);
    const middle = this.at(i - 1);
    if (bar.low > first.high && middle.close > first.high) this.track(i, 1, bar.low, first.high);
    if (bar.high < first.low && middle.close < first.low) this.track(i, -1, first.low, bar.high);
  }

  track(i: number, dir: number, top: number, bottom: number): void {
    this.emit(i, "fvg", dir, top, bottom, i - 1);
    const before = this.atr[i - 1] ?? Number.NaN;
    if (before > 0 && (top - bottom) / before >= 0.25) this.gaps.push({ dir, top, bottom, bar: i, state: 0 });
  }
}
