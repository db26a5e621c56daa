import { assert } from "@smcq/kernel";
import { MARKET_SYMBOLS_MIN, type MarketTable, type MarketView } from "./market-table.ts";
import { BARS_MASK, CLOSES_MASK, M15_MASK, MinuteWindow } from "./minute-window.ts";
import { DOWN_SIDE, Rich, RICH_COUNT, RICH_NEUTRAL } from "./rich-columns.ts";

/** Scaled returns and the skew are cut at so many deviations. */
const DEVIATIONS_MAX = 4;
/** The largest volatility that is told apart, a minute's. */
const VOLATILITY_MAX = 0.005;
/** Distances are cut at so many deviations of an hour. */
const DISTANCE_HOURS = 4;
const HOUR_BARS = 60;
/** M15 bars of 4 hours and of a day. */
const M15_HOURS_4 = 16;
const M15_DAY = 96;
const M15_MINUTES = 15;
const DAY_MINUTES = 1_440;
/** 1970-01-01 was a Thursday; days are counted from Monday. */
const FIRST_WEEKDAY = 3;
const FUNDING_MINUTES = 480;

const { base: DOWN_BASE, sign: DOWN_SIGN, source: DOWN_SOURCE } = DOWN_SIDE;

/** `value` within the bounds; `neutral` where it is no number. Zero is +0. */
function clipped(value: number, min: number, max: number, neutral: number): number {
  if (value > max) return max;
  if (value < min) return min;
  return value === value ? value + 0 : neutral;
}

function ratio(value: number, other: number): number {
  return other > 0 ? clipped(value / (value + other), 0, 1, 0.5) : 0.5;
}

/** How far a price lies from the middle of a range, -1 at its low, 1 at its high. */
function position(price: number, high: number, low: number): number {
  return high > low ? clipped((2 * (price - low)) / (high - low) - 1, -1, 1, 0) : 0;
}

/**
 * The rich columns of feature set v2 (docs/features-v2.md) of one symbol: minutes in, a side's columns out. Columns that lack
 * history have their neutral value; none is ever NaN. Nothing is allocated after construction.
 */
export class RichFeatures {
  /** The columns of the last bar without a side, as `compute` left them. */
  readonly values: Float64Array = new Float64Array(RICH_COUNT);
  readonly #window: MinuteWindow = new MinuteWindow();
  readonly #market: MarketTable;
  #symbolIndex: number;
  readonly #view: MarketView = { count: 0, mean: 0, breadth: 0, own: 0, rank: 0 };
  /** Deviation of a minute's return over the last hour; 0: not known, or nothing moved. */
  #volatility60 = 0;

  /** `market` holds the closes of all symbols, the symbol's own among them, up to every minute that is asked for. */
  constructor(market: MarketTable, symbol: string) {
    this.#market = market;
    this.#symbolIndex = market.indexOf(symbol);
    assert(this.#symbolIndex >= 0, "Invariant: the market holds the symbol");
  }

  /** Moves to another symbol of the market (its number there), which begins at `minute`; returns its window, for seeds. */
  restart(symbolIndex: number, minute: number): MinuteWindow {
    this.#symbolIndex = symbolIndex;
    this.#window.restart(minute);
    return this.#window;
  }

  /** Takes the next closed minute; one that does not follow the last starts the symbol anew. */
  push(openTimeMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    this.#window.push(openTimeMs, open, high, low, close, volume);
  }

  /** Computes the columns of the last bar. */
  compute(): void {
    this.values.set(RICH_NEUTRAL);
    const { count, m15Count, minute } = this.#window;
    if (count === 0) return;
    this.#setClock(minute);
    this.#setCandle();
    if (count >= M15_MINUTES) this.#setQuarter();
    this.#volatility60 = 0;
    if (count > HOUR_BARS) this.#setHour();
    this.#setTrends();
    if (m15Count >= M15_HOURS_4) this.#setHours4();
    if (m15Count >= M15_DAY) this.#setDayOfM15();
    this.#setDay();
    this.#setReturns();
    this.#setMarket();
  }

  /** Computes the columns and writes a side's view of them, as float32, at `offset`. */
  write(out: Float32Array, offset: number, side: 1 | -1): void {
    this.compute();
    const { values } = this;
    if (side > 0) {
      for (let k = 0; k < RICH_COUNT; k++) out[offset + k] = values[k] as number;
      return;
    }
    for (let k = 0; k < RICH_COUNT; k++)
      out[offset + k] =
        (DOWN_BASE[k] as number) + (DOWN_SIGN[k] as number) * (values[DOWN_SOURCE[k] as number] as number);
  }

  #setClock(minute: number): void {
    const { values } = this;
    values[Rich.MinuteOfHour] = (minute % HOUR_BARS) / HOUR_BARS;
    values[Rich.MinuteOfDay] = (minute % DAY_MINUTES) / DAY_MINUTES;
    values[Rich.DayOfWeek] = ((Math.floor(minute / DAY_MINUTES) + FIRST_WEEKDAY) % 7) / 6;
    values[Rich.FundingWait] = (FUNDING_MINUTES - 1 - (minute % FUNDING_MINUTES)) / FUNDING_MINUTES;
  }

  /** The close so many bars ago; there must be as many. */
  #close(back: number): number {
    const { closes, count } = this.#window;
    return closes[(count - 1 - back) & CLOSES_MASK] as number;
  }

  #setCandle(): void {
    const { values } = this;
    const { opens, highs, lows, count } = this.#window;
    const at = (count - 1) & BARS_MASK;
    const high = highs[at] as number;
    const low = lows[at] as number;
    if (!(high > low)) return;
    const open = opens[at] as number;
    const close = this.#close(0);
    values[Rich.UpperWick] = clipped((high - Math.max(open, close)) / (high - low), 0, 1, 0);
    values[Rich.LowerWick] = clipped((Math.min(open, close) - low) / (high - low), 0, 1, 0);
    values[Rich.BodyShare] = clipped((close - open) / (high - low), -1, 1, 0);
  }

  /** The last 15 minutes: wicks and bodies as shares of all ranges, and how volume lies in them. */
  #setQuarter(): void {
    const { values } = this;
    const { opens, highs, lows, closes, volumes, count } = this.#window;
    let ranges = 0;
    let upper = 0;
    let lower = 0;
    let body = 0;
    let volume = 0;
    let signed = 0;
    let peak = 0;
    for (let bar = count - M15_MINUTES; bar < count; bar++) {
      const at = bar & BARS_MASK;
      const open = opens[at] as number;
      const close = closes[bar & CLOSES_MASK] as number;
      const own = volumes[at] as number;
      ranges += (highs[at] as number) - (lows[at] as number);
      upper += (highs[at] as number) - Math.max(open, close);
      lower += Math.min(open, close) - (lows[at] as number);
      body += close - open;
      volume += own;
      signed += Math.sign(close - open) * own;
      peak = Math.max(peak, own);
    }
    if (ranges > 0) {
      values[Rich.UpperWick15] = clipped(upper / ranges, 0, 1, 0);
      values[Rich.LowerWick15] = clipped(lower / ranges, 0, 1, 0);
      values[Rich.BodyShare15] = clipped(body / ranges, -1, 1, 0);
    }
    if (volume > 0) {
      values[Rich.VolumePeak15] = clipped(peak / volume, 0, 1, 0);
      values[Rich.VolumeImbalance15] = clipped(signed / volume, -1, 1, 0);
    }
  }

  /** The last hour, and what of it stands against its last minutes. */
  #setHour(): void {
    const { values } = this;
    const { opens, highs, lows, closes, volumes, returns, count } = this.#window;
    let before = this.#close(HOUR_BARS);
    let squares = 0;
    let cubes = 0;
    let upSquares = 0;
    let path = 0;
    let squares15 = 0;
    let volume = 0;
    let volume5 = 0;
    let signed = 0;
    let highest = -Infinity;
    let lowest = Infinity;
    for (let bar = count - HOUR_BARS; bar < count; bar++) {
      const at = bar & BARS_MASK;
      const change = returns[at] as number;
      const close = closes[bar & CLOSES_MASK] as number;
      const open = opens[at] as number;
      const own = volumes[at] as number;
      squares += change * change;
      cubes += change * change * change;
      upSquares += Number(change > 0) * (change * change);
      if (bar >= count - M15_MINUTES) squares15 += change * change;
      path += Math.abs(close - before);
      before = close;
      volume += own;
      if (bar >= count - 5) volume5 += own;
      signed += Math.sign(close - open) * own;
      highest = Math.max(highest, highs[at] as number);
      lowest = Math.min(lowest, lows[at] as number);
    }
    const close = this.#close(0);
    const volatility = Math.sqrt(squares / HOUR_BARS);
    if (path > 0) values[Rich.Efficiency60] = clipped((close - this.#close(HOUR_BARS)) / path, -1, 1, 0);
    values[Rich.Position60] = position(close, highest, lowest);
    values[Rich.Volume5Of60] = ratio(volume5 / 5, volume / HOUR_BARS);
    if (volume > 0) values[Rich.VolumeImbalance60] = clipped(signed / volume, -1, 1, 0);
    if (!(volatility > 0 && volatility < Infinity)) return;
    this.#volatility60 = volatility;
    values[Rich.Volatility60] = clipped(volatility / VOLATILITY_MAX, 0, 1, 0);
    values[Rich.Volatility15Of60] = ratio(Math.sqrt(squares15 / M15_MINUTES), volatility);
    values[Rich.ReturnSkew60] =
      clipped(
        cubes / HOUR_BARS / (volatility * volatility * volatility),
        -DEVIATIONS_MAX,
        DEVIATIONS_MAX,
        0,
      ) / DEVIATIONS_MAX;
    values[Rich.UpsideShare60] = clipped(upSquares / squares, 0, 1, 0.5);
  }

  #setTrends(): void {
    this.values[Rich.TrendM15] = this.#window.trendM15;
    this.values[Rich.TrendH1] = this.#window.trendH1;
  }

  /** The last 16 closed M15 bars and the minutes behind them. */
  #setHours4(): void {
    const { m15Highs, m15Lows, m15Count, formingHigh, formingLow } = this.#window;
    let highest = formingHigh;
    let lowest = formingLow;
    for (let bar = m15Count - M15_HOURS_4; bar < m15Count; bar++) {
      const at = bar & M15_MASK;
      highest = Math.max(highest, m15Highs[at] as number);
      lowest = Math.min(lowest, m15Lows[at] as number);
    }
    this.values[Rich.Position240] = position(this.#close(0), highest, lowest);
  }

  /** The last 96 closed M15 bars and the minutes behind them. */
  #setDayOfM15(): void {
    const { values } = this;
    const { m15Highs, m15Lows, m15Closes, m15Volumes, m15Squares, m15Count } = this.#window;
    let highest = this.#window.formingHigh;
    let lowest = this.#window.formingLow;
    let squares = 0;
    let squares4 = 0;
    let path = 0;
    let volume = 0;
    const first = m15Closes[(m15Count - M15_DAY) & M15_MASK] as number;
    let before = first;
    for (let bar = m15Count - M15_DAY; bar < m15Count; bar++) {
      const at = bar & M15_MASK;
      const close = m15Closes[at] as number;
      highest = Math.max(highest, m15Highs[at] as number);
      lowest = Math.min(lowest, m15Lows[at] as number);
      squares += m15Squares[at] as number;
      if (bar >= m15Count - M15_HOURS_4) squares4 += m15Squares[at] as number;
      volume += m15Volumes[at] as number;
      path += Math.abs(close - before);
      before = close;
    }
    if (path > 0) values[Rich.Efficiency1440] = clipped((before - first) / path, -1, 1, 0);
    values[Rich.Position1440] = position(this.#close(0), highest, lowest);
    const daily = Math.sqrt(squares / DAY_MINUTES);
    if (daily > 0 && daily < Infinity) {
      values[Rich.Volatility60Of1440] = ratio(this.#volatility60, daily);
      values[Rich.Volatility240Of1440] = ratio(Math.sqrt(squares4 / (M15_HOURS_4 * M15_MINUTES)), daily);
    }
    values[Rich.Volume60Of1440] = ratio(this.#hourVolume() / HOUR_BARS, volume / DAY_MINUTES);
  }

  #hourVolume(): number {
    const { volumes, count } = this.#window;
    let volume = 0;
    for (let bar = count - HOUR_BARS; bar < count; bar++) volume += volumes[bar & BARS_MASK] as number;
    return volume;
  }

  /** This UTC day since its first minute, and the whole one before it. */
  #setDay(): void {
    const { values } = this;
    const { today, lastDay, minute } = this.#window;
    if (today.day < 0) return;
    const close = this.#close(0);
    values[Rich.DayPosition] = position(close, today.high, today.low);
    values[Rich.DayReturn] = this.#scaled(close / today.open - 1, (minute % DAY_MINUTES) + 1);
    const unit = close * this.#volatility60 * Math.sqrt(HOUR_BARS) * DISTANCE_HOURS;
    if (!(unit > 0 && unit < Infinity)) return;
    values[Rich.DayHighDistance] = clipped((today.high - close) / unit, 0, 1, 1);
    values[Rich.DayLowDistance] = clipped((close - today.low) / unit, 0, 1, 1);
    if (lastDay.day < 0) return;
    values[Rich.LastDayHighDistance] = clipped((lastDay.high - close) / unit, -1, 1, 0);
    values[Rich.LastDayLowDistance] = clipped((close - lastDay.low) / unit, -1, 1, 0);
  }

  /** A return over so many minutes in deviations of its own length, -1..1; 0 where no volatility is known. */
  #scaled(change: number, minutes: number): number {
    if (this.#volatility60 === 0) return 0;
    const deviations = change / (this.#volatility60 * Math.sqrt(minutes));
    return clipped(deviations, -DEVIATIONS_MAX, DEVIATIONS_MAX, 0) / DEVIATIONS_MAX;
  }

  #setReturns(): void {
    const { values } = this;
    values[Rich.Return1] = this.#return(1);
    values[Rich.Return5] = this.#return(5);
    values[Rich.Return15] = this.#return(15);
    values[Rich.Return60] = this.#return(60);
    values[Rich.Return240] = this.#return(240);
    values[Rich.Return1440] = this.#return(1_440);
  }

  #return(minutes: number): number {
    if (this.#window.count <= minutes) return 0;
    return this.#scaled(this.#close(0) / this.#close(minutes) - 1, minutes);
  }

  /** Of the minute before: this one's bars of other symbols may still be on their way when a row is made live. */
  #setMarket(): void {
    const { values } = this;
    const minute = this.#window.minute - 1;
    values[Rich.BtcReturn15] = this.#scaled(this.#market.leaderReturn(minute, 15), 15);
    values[Rich.BtcReturn60] = this.#scaled(this.#market.leaderReturn(minute, 60), 60);
    if (this.#isMarket(0)) {
      values[Rich.MarketReturn15] = this.#scaled(this.#view.mean, 15);
      values[Rich.RankReturn15] = this.#view.rank;
    }
    if (this.#isMarket(1)) {
      values[Rich.MarketReturn60] = this.#scaled(this.#view.mean, 60);
      values[Rich.MarketBreadth60] = this.#view.breadth;
      values[Rich.RelativeReturn60] = this.#scaled(this.#view.own - this.#view.mean, 60);
      values[Rich.RankReturn60] = this.#view.rank;
    }
    if (this.#isMarket(2)) {
      values[Rich.MarketReturn240] = this.#scaled(this.#view.mean, 240);
      values[Rich.RankReturn240] = this.#view.rank;
    }
  }

  /** Looks at the market over a horizon (its number); false: too few symbols are one. */
  #isMarket(horizon: number): boolean {
    this.#market.look(this.#symbolIndex, this.#window.minute - 1, horizon, this.#view);
    return this.#view.count >= MARKET_SYMBOLS_MIN;
  }
}
