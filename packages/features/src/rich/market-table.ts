import { assert, BAR_FIELDS, MINUTE_MS, SmcqError } from "@smcq/kernel";

const DAY_MINUTES = 1_440;
/** Closes that a table holds at most: 400 MB. */
export const MARKET_CELLS_MAX = 100_000_000;
/** Fewer symbols are no market. */
export const MARKET_SYMBOLS_MIN = 2;
/** The symbol that the others are measured against. */
export const MARKET_LEADER = "BTCUSDT";
/** A return counts as a whole number of these in a sum, so that no order of symbols changes the sum. */
const RETURN_UNIT = 2 ** -30;

/** Minutes that returns of the market are looked at over. */
export const MARKET_HORIZONS = [15, 60, 240] as const;
/** Numbers that a minute's summary has for each horizon: count, mean, breadth. */
const SUMMARY_FIELDS = 3;
const SUMMARY_CELLS = MARKET_HORIZONS.length * SUMMARY_FIELDS;

/** Plain data of a table, to be handed to another thread. */
export interface MarketTableData {
  readonly symbols: readonly string[];
  /** By day since 1970: closes minute by minute, in each minute symbol by symbol; NaN: no bar. */
  readonly days: ReadonlyMap<number, Float32Array>;
}

/** What the returns of all symbols over so many minutes say at a minute. */
export interface MarketView {
  /** Symbols that have both bars. */
  count: number;
  /** Mean of their returns. */
  mean: number;
  /** Share that rose less share that fell. */
  breadth: number;
  /** The symbol's own return; NaN: it lacks a bar. */
  own: number;
  /** Of all the others: share below less share above the symbol's own return, ties in neither. */
  rank: number;
}

/**
 * Closes of all symbols by minute, as float32. What it says of a minute is made of bars that have closed by then,
 * whatever order they were taken in; a symbol that lacks a bar is left out.
 */
export class MarketTable {
  readonly #symbols: readonly string[];
  readonly #days: Map<number, Float32Array>;
  #leader: number;
  /** By day: what all symbols together say of each minute, made when first asked for; NaN: not yet. */
  readonly #summaries: Map<number, Float64Array> = new Map();

  private constructor({ symbols, days }: MarketTableData) {
    this.#symbols = symbols;
    this.#days = new Map(days);
    this.#leader = symbols.indexOf(MARKET_LEADER);
  }

  static empty(symbols: readonly string[]): MarketTable {
    return new MarketTable({ symbols, days: new Map() });
  }

  /** A table of what `data` said in another thread. */
  static from(data: MarketTableData): MarketTable {
    return new MarketTable(data);
  }

  data(): MarketTableData {
    return { symbols: this.#symbols, days: this.#days };
  }

  /** Says which symbol is the leader, where names say nothing; -1: none. */
  lead(symbolIndex: number): void {
    this.#leader = symbolIndex;
  }

  /** Forgets the days before that of a minute. */
  forgetBefore(minute: number): void {
    const first = Math.floor(minute / DAY_MINUTES);
    for (const day of this.#days.keys()) {
      if (day >= first) continue;
      this.#days.delete(day);
      this.#summaries.delete(day);
    }
  }

  /** The number of a symbol; -1: it is none of the table's. */
  indexOf(symbol: string): number {
    return this.#symbols.indexOf(symbol);
  }

  /** Takes a closed bar; a close that no float32 above 0 holds counts as lacking. Refuses (KLINES_MARKET) what would need more than `MARKET_CELLS_MAX` closes. */
  take(symbolIndex: number, openTimeMs: number, close: number): void {
    assert(
      symbolIndex >= 0 && symbolIndex < this.#symbols.length,
      "Invariant: a close belongs to one of the table's symbols",
    );
    const minute = openTimeMs / MINUTE_MS;
    const day = Math.floor(minute / DAY_MINUTES);
    let closes = this.#days.get(day);
    if (closes === undefined) {
      const cells = DAY_MINUTES * this.#symbols.length;
      if ((this.#days.size + 1) * cells > MARKET_CELLS_MAX)
        throw new SmcqError(
          "KLINES_MARKET",
          `${this.#symbols.length} symbols over ${this.#days.size + 1} days: features v2 take at most ${MARKET_CELLS_MAX} minutes of all symbols together (days with bars * 1440 * symbols); give fewer symbols or days`,
        );
      closes = new Float32Array(cells).fill(Number.NaN);
      this.#days.set(day, closes);
    }
    const rounded = Math.fround(close);
    const isHeld = rounded > 0 && rounded < Infinity;
    closes[(minute % DAY_MINUTES) * this.#symbols.length + symbolIndex] = isHeld ? rounded : Number.NaN;
    if (this.#summaries.size > 0) this.#summaries.clear();
  }

  /** What `look` says of a market in which a symbol's bar of that minute has not come. */
  without<T>(symbolIndex: number, openTimeMs: number, look: () => T): T {
    const close = this.#close(openTimeMs / MINUTE_MS, symbolIndex);
    if (Number.isNaN(close)) return look();
    this.take(symbolIndex, openTimeMs, Number.NaN);
    try {
      return look();
    } finally {
      this.take(symbolIndex, openTimeMs, close);
    }
  }

  /** Takes closed bars of a symbol, `BAR_FIELDS` numbers each. */
  takeBars(symbol: string, bars: Float64Array): void {
    const symbolIndex = this.indexOf(symbol);
    for (let at = 0; at < bars.length; at += BAR_FIELDS)
      this.take(symbolIndex, bars[at] as number, bars[at + 4] as number);
  }

  /** The leader's return over so many minutes up to `minute`'s close; NaN: it lacks a bar. */
  leaderReturn(minute: number, bars: number): number {
    if (this.#leader < 0) return Number.NaN;
    return this.#close(minute, this.#leader) / this.#close(minute - bars, this.#leader) - 1;
  }

  #close(minute: number, symbolIndex: number): number {
    const day = this.#days.get(Math.floor(minute / DAY_MINUTES));
    if (day === undefined) return Number.NaN;
    return day[(minute % DAY_MINUTES) * this.#symbols.length + symbolIndex] as number;
  }

  /** Fills `view` for a symbol and the returns over a horizon (its number) up to `minute`'s close. */
  look(symbolIndex: number, minute: number, horizon: number, view: MarketView): void {
    const bars = MARKET_HORIZONS[horizon] as number;
    const now = this.#days.get(Math.floor(minute / DAY_MINUTES));
    const before = this.#days.get(Math.floor((minute - bars) / DAY_MINUTES));
    view.count = 0;
    view.own = Number.NaN;
    if (now === undefined || before === undefined) return;
    const width = this.#symbols.length;
    const nowAt = (minute % DAY_MINUTES) * width;
    const beforeAt = ((minute - bars) % DAY_MINUTES) * width;
    this.#summarize(minute, horizon, view);
    const own = (now[nowAt + symbolIndex] as number) / (before[beforeAt + symbolIndex] as number);
    let below = 0;
    let above = 0;
    for (let symbol = 0; symbol < width; symbol++) {
      const other = (now[nowAt + symbol] as number) / (before[beforeAt + symbol] as number);
      // Counted without a branch, which would be guessed wrong half the time; NaN is neither.
      below += Number(other < own);
      above += Number(other > own);
    }
    view.own = own - 1;
    view.rank = view.count > 1 ? (below - above) / (view.count - 1) : 0;
  }

  /** What all symbols together say, of a minute whose days both hold closes. */
  #summarize(minute: number, horizon: number, view: MarketView): void {
    const day = Math.floor(minute / DAY_MINUTES);
    let summaries = this.#summaries.get(day);
    if (summaries === undefined) {
      summaries = new Float64Array(DAY_MINUTES * SUMMARY_CELLS).fill(Number.NaN);
      this.#summaries.set(day, summaries);
    }
    const at = (minute % DAY_MINUTES) * SUMMARY_CELLS + horizon * SUMMARY_FIELDS;
    if (Number.isNaN(summaries[at])) this.#sumUp(minute, MARKET_HORIZONS[horizon] as number, summaries, at);
    view.count = summaries[at] as number;
    view.mean = summaries[at + 1] as number;
    view.breadth = summaries[at + 2] as number;
  }

  #sumUp(minute: number, bars: number, summaries: Float64Array, at: number): void {
    let count = 0;
    let sum = 0;
    let direction = 0;
    for (let symbol = 0; symbol < this.#symbols.length; symbol++) {
      const change = this.#close(minute, symbol) / this.#close(minute - bars, symbol) - 1;
      if (Number.isNaN(change)) continue;
      count++;
      sum += Math.round(Math.min(change, 1) / RETURN_UNIT);
      direction += Math.sign(change);
    }
    summaries[at] = count;
    summaries[at + 1] = count === 0 ? 0 : (sum * RETURN_UNIT) / count;
    summaries[at + 2] = count === 0 ? 0 : direction / count;
  }
}
