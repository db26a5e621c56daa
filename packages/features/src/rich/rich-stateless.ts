import { type Bar, MINUTE_MS } from "@smcq/kernel";
import { detect, SMC_PARAMETERS } from "@smcq/smc";
import { richColumns } from "./rich-columns.ts";

/** Bars of every symbol, in any order of symbols; each ascending, holes allowed. */
export type MarketBars = ReadonlyMap<string, readonly Bar[]>;

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high) + 0;
const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
const ratio = (a: number, b: number): number => (b > 0 ? clip(a / (a + b), 0, 1) : 0.5);
const highest = (bars: readonly Bar[]): number => Math.max(...bars.map(({ high }) => high));
const lowest = (bars: readonly Bar[]): number => Math.min(...bars.map(({ low }) => low));
const place = (close: number, bars: readonly Bar[]): number => {
  const [top, bottom] = [highest(bars), lowest(bars)];
  return top > bottom ? clip((2 * (close - bottom)) / (top - bottom) - 1, -1, 1) : 0;
};
const signedVolume = (bars: readonly Bar[]): number =>
  sum(bars.map(({ open, close, volume }) => Math.sign(close - open) * volume));
const dayOf = ({ openTimeMs }: Bar): number => Math.floor(openTimeMs / MINUTE_MS / 1_440);

/** The bars behind the last hole. */
function unbroken(bars: readonly Bar[]): readonly Bar[] {
  const hole = bars.findLastIndex(
    ({ openTimeMs }, index) => index > 0 && openTimeMs !== (bars[index - 1] as Bar).openTimeMs + MINUTE_MS,
  );
  return bars.slice(Math.max(hole, 0));
}

/** Whole, aligned bars of so many minutes, with the minutes of each. */
function framed(bars: readonly Bar[], minutes: number): { bar: Bar; own: readonly Bar[]; from: number }[] {
  const first = bars.findIndex(({ openTimeMs }) => (openTimeMs / MINUTE_MS) % minutes === 0);
  const found: { bar: Bar; own: readonly Bar[]; from: number }[] = [];
  for (let from = first; from >= 0 && from + minutes <= bars.length; from += minutes) {
    const own = bars.slice(from, from + minutes);
    const [start, end] = [own[0] as Bar, own.at(-1) as Bar];
    const volume = sum(own.map((bar) => bar.volume));
    found.push({
      bar: { ...start, high: highest(own), low: lowest(own), close: end.close, volume },
      own,
      from,
    });
  }
  return found;
}

/** The minutes that no whole frame holds yet. */
function forming(bars: readonly Bar[], minutes: number): readonly Bar[] {
  const last = ((bars.at(-1) as Bar).openTimeMs / MINUTE_MS) % minutes;
  return last === minutes - 1 ? [] : bars.slice(-(last + 1));
}

function trendOf(bars: readonly Bar[]): number {
  return bars.length < SMC_PARAMETERS.m5ReadyBars ? 0 : detect(bars).trend;
}

type Columns = Record<string, number>;

/**
 * The rich columns of a symbol's last bar, without a side, recomputed from bars alone as docs/features-v2.md says, in
 * plain code: the oracle for `RichFeatures`, some thousand times slower. `market` holds the symbol's own bars too; bars
 * that open after its last one are not looked at.
 */
export function recomputeRich(symbol: string, market: MarketBars): number[] {
  const bars = unbroken(market.get(symbol) ?? []);
  const columns = richColumns(0);
  const values: Columns = Object.fromEntries(columns.map(({ name, neutral }) => [name, neutral]));
  if (bars.length === 0) return columns.map(({ neutral }) => neutral);
  const returns = bars.map(({ close }, i) => (i === 0 ? 0 : close / (bars[i - 1] as Bar).close - 1));
  const squares = returns.map((r) => r * r);
  const root = (count: number): number => Math.sqrt(sum(squares.slice(-count)) / count);
  const deviation = bars.length > 60 ? root(60) : 0;
  const volatility = deviation < Infinity ? deviation : 0;
  const scaled = (change: number, minutes: number): number => {
    const deviations = change / (volatility * Math.sqrt(minutes));
    return volatility === 0 || Number.isNaN(deviations) ? 0 : clip(deviations, -4, 4) / 4;
  };
  Object.assign(values, clockColumns(bars), candleColumns(bars), quarterColumns(bars));
  for (const minutes of [1, 5, 15, 60, 240, 1_440])
    if (bars.length > minutes) values[`return_${minutes}`] = scaled(changeOf(bars, minutes), minutes);
  if (bars.length > 60) Object.assign(values, hourColumns(bars, returns, volatility));
  if (volatility > 0) values["volatility_15_of_60"] = ratio(root(15), volatility);
  Object.assign(values, frameColumns(bars, squares, volatility));
  Object.assign(values, dayColumns(bars, volatility, scaled));
  Object.assign(values, marketColumns(symbol, market, scaled));
  return columns.map(({ name }) => values[name] as number);
}

function changeOf(bars: readonly Bar[], minutes: number): number {
  return (bars.at(-1) as Bar).close / (bars.at(-1 - minutes) as Bar).close - 1;
}

function clockColumns(bars: readonly Bar[]): Columns {
  const minute = (bars.at(-1) as Bar).openTimeMs / MINUTE_MS;
  // 1970-01-05 was a Monday.
  const weekday = (Math.floor(minute / 1_440) + 7 - 4) % 7;
  return {
    minute_of_hour: (minute % 60) / 60,
    minute_of_day: (minute % 1_440) / 1_440,
    day_of_week: weekday / 6,
    funding_wait: (479 - (minute % 480)) / 480,
  };
}

function candleColumns(bars: readonly Bar[]): Columns {
  const { open, high, low, close } = bars.at(-1) as Bar;
  if (!(high > low)) return {};
  return {
    upper_wick: clip((high - Math.max(open, close)) / (high - low), 0, 1),
    lower_wick: clip((Math.min(open, close) - low) / (high - low), 0, 1),
    body_share: clip((close - open) / (high - low), -1, 1),
  };
}

function quarterColumns(bars: readonly Bar[]): Columns {
  if (bars.length < 15) return {};
  const last = bars.slice(-15);
  const ranges = sum(last.map(({ high, low }) => high - low));
  const volume = sum(last.map((bar) => bar.volume));
  const upper = sum(last.map(({ open, high, close }) => high - Math.max(open, close)));
  const lower = sum(last.map(({ open, low, close }) => Math.min(open, close) - low));
  return {
    ...(ranges > 0 && {
      upper_wick_15: clip(upper / ranges, 0, 1),
      lower_wick_15: clip(lower / ranges, 0, 1),
      body_share_15: clip(sum(last.map(({ open, close }) => close - open)) / ranges, -1, 1),
    }),
    ...(volume > 0 && {
      volume_peak_15: Math.max(...last.map((bar) => bar.volume)) / volume,
      volume_imbalance_15: clip(signedVolume(last) / volume, -1, 1),
    }),
  };
}

function hourColumns(bars: readonly Bar[], returns: readonly number[], volatility: number): Columns {
  const last = bars.slice(-60);
  const changes = returns.slice(-60);
  const close = (last.at(-1) as Bar).close;
  const before = (k: number): number => (bars.at(k - 61) as Bar).close;
  const path = sum(last.map((bar, k) => Math.abs(bar.close - before(k))));
  const volume = sum(last.map((bar) => bar.volume));
  const squares = sum(changes.map((r) => r * r));
  return {
    position_60: place(close, last),
    volume_5_of_60: ratio(sum(last.slice(-5).map((bar) => bar.volume)) / 5, volume / 60),
    ...(path > 0 && { efficiency_60: clip((close - before(0)) / path, -1, 1) }),
    ...(volume > 0 && { volume_imbalance_60: clip(signedVolume(last) / volume, -1, 1) }),
    ...(volatility > 0 && {
      volatility_60: clip(volatility / 0.005, 0, 1),
      return_skew_60:
        clip(sum(changes.map((r) => r * r * r)) / 60 / (volatility * volatility * volatility), -4, 4) / 4,
      upside_share_60: sum(changes.map((r) => (r > 0 ? r * r : 0))) / squares,
    }),
  };
}

function frameColumns(bars: readonly Bar[], squares: readonly number[], volatility: number): Columns {
  const m15 = framed(bars, 15);
  const hour = framed(bars, 60);
  const close = (bars.at(-1) as Bar).close;
  const rest = forming(bars, 15);
  const values: Columns = {
    trend_m15: trendOf(m15.map(({ bar }) => bar)),
    trend_h1: trendOf(hour.map(({ bar }) => bar)),
  };
  if (m15.length >= 16)
    values["position_240"] = place(close, [...m15.slice(-16).map(({ bar }) => bar), ...rest]);
  if (m15.length < 96) return values;
  const day = m15.slice(-96);
  const ownSquares = day.map(({ from }) => sum(squares.slice(from, from + 15)));
  const closes = day.map(({ bar }) => bar.close);
  const path = sum(closes.map((price, k) => Math.abs(price - (closes[Math.max(k - 1, 0)] as number))));
  const daily = Math.sqrt(sum(ownSquares) / 1_440);
  const hourVolume = sum(bars.slice(-60).map((bar) => bar.volume));
  return {
    ...values,
    position_1440: place(close, [...day.map(({ bar }) => bar), ...rest]),
    volume_60_of_1440: ratio(hourVolume / 60, sum(day.map(({ bar }) => bar.volume)) / 1_440),
    ...(path > 0 && {
      efficiency_1440: clip(((closes.at(-1) as number) - (closes[0] as number)) / path, -1, 1),
    }),
    ...(daily > 0 && {
      volatility_60_of_1440: ratio(volatility, daily),
      volatility_240_of_1440: ratio(Math.sqrt(sum(ownSquares.slice(-16)) / 240), daily),
    }),
  };
}

function dayColumns(
  bars: readonly Bar[],
  volatility: number,
  scaled: (change: number, minutes: number) => number,
): Columns {
  const last = bars.at(-1) as Bar;
  const day = bars.filter((bar) => dayOf(bar) === dayOf(last));
  const start = day[0] as Bar;
  if ((start.openTimeMs / MINUTE_MS) % 1_440 !== 0) return {};
  const values: Columns = {
    day_position: place(last.close, day),
    day_return: scaled(last.close / start.open - 1, day.length),
  };
  const unit = last.close * volatility * Math.sqrt(60) * 4;
  if (unit === 0) return values;
  values["day_high_distance"] = clip((highest(day) - last.close) / unit, 0, 1);
  values["day_low_distance"] = clip((last.close - lowest(day)) / unit, 0, 1);
  const before = bars.filter((bar) => dayOf(bar) === dayOf(last) - 1);
  if (before.length < 1_440) return values;
  values["last_day_high_distance"] = clip((highest(before) - last.close) / unit, -1, 1);
  values["last_day_low_distance"] = clip((last.close - lowest(before)) / unit, -1, 1);
  return values;
}

function marketColumns(
  symbol: string,
  market: MarketBars,
  scaled: (change: number, minutes: number) => number,
): Columns {
  // The minute before: live, not every symbol of the present one has closed yet.
  const atMs = (market.get(symbol)?.at(-1)?.openTimeMs ?? 0) - MINUTE_MS;
  const closes = new Map(
    [...market].map(([name, bars]) => [
      name,
      new Map(bars.map(({ openTimeMs, close }) => [openTimeMs, Math.fround(close)])),
    ]),
  );
  const change = (name: string, minutes: number): number => {
    const own = closes.get(name);
    const [now, before] = [own?.get(atMs), own?.get(atMs - minutes * MINUTE_MS)];
    return now === undefined || before === undefined ? Number.NaN : now / before - 1;
  };
  const values: Columns = {
    btc_return_15: scaled(change("BTCUSDT", 15), 15),
    btc_return_60: scaled(change("BTCUSDT", 60), 60),
  };
  for (const minutes of [15, 60, 240]) {
    const all = [...market.keys()].map((name) => change(name, minutes)).filter((x) => !Number.isNaN(x));
    if (all.length < 2) continue;
    const own = change(symbol, minutes);
    const mean = (sum(all.map((x) => Math.round(Math.min(x, 1) * 2 ** 30))) * 2 ** -30) / all.length;
    const count = (test: (x: number) => boolean): number => all.filter(test).length;
    values[`market_return_${minutes}`] = scaled(mean, minutes);
    values[`rank_return_${minutes}`] = (count((x) => x < own) - count((x) => x > own)) / (all.length - 1) + 0;
    if (minutes !== 60) continue;
    values["market_breadth_60"] = (count((x) => x > 0) - count((x) => x < 0)) / all.length + 0;
    values["relative_return_60"] = scaled(own - mean, 60);
  }
  return values;
}
