import { hash4, type MarketSymbol, type Print } from "@smcq/exchange-sim";
import { e8Text } from "@smcq/kernel";
import type { Venue } from "../venue.ts";
import { DayStats, type DayFigures } from "./day-stats.ts";
import { FundingTimes } from "./funding.ts";
import type { Prices } from "./prices.ts";
import { TradeTape } from "./trade-tape.ts";

/** Best prices and what lies there, as the venue prints them. */
export interface Best {
  readonly updateId: number;
  readonly bid: string;
  readonly bidQty: string;
  readonly ask: string;
  readonly askQty: string;
}

/** Integer units as a decimal. */
export function unitsText(units: number, decimals: number): string {
  const digits = String(
    BigInt(Math.round(units)) < 0n ? -BigInt(Math.round(units)) : BigInt(Math.round(units)),
  );
  const padded = digits.padStart(decimals + 1, "0");
  const sign = units < 0 ? "-" : "";
  if (decimals === 0) return sign + padded;
  return `${sign}${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/** What the market's public words are made of: prices, book, trades, a day's sums, funding. */
export class MarketWords {
  readonly venue: Venue;
  readonly prices: Prices;
  readonly funding: FundingTimes;
  readonly tape: TradeTape;
  readonly #days: DayStats;

  constructor(venue: Venue, prices: Prices) {
    this.venue = venue;
    this.prices = prices;
    this.funding = new FundingTimes(venue);
    this.tape = new TradeTape(venue);
    this.#days = new DayStats(venue);
  }

  /** Symbols that trade, in the document's order. */
  flowing(): readonly MarketSymbol[] {
    return this.venue.market.symbols.filter(({ index }) => this.venue.isFlowing(index));
  }

  print(symbol: MarketSymbol, nowMs: number): Print | null {
    return this.prices.at(symbol, nowMs);
  }

  /** A last price, as its filters print it. */
  priceText({ grid }: MarketSymbol, priceE8: bigint): string {
    const unit = 10n ** BigInt(8 - grid.priceDecimals);
    return e8Text((priceE8 / unit) * unit, grid.priceDecimals);
  }

  /** The book around the last price: bid at it, ask a tick above, as the exchange fills. */
  levels(symbol: MarketSymbol, print: Print, depth: number): readonly (readonly [bid: Level, ask: Level])[] {
    const { priceDecimals, tickUnits } = symbol.grid;
    const unitE8 = 10n ** BigInt(8 - priceDecimals);
    const tick = Math.floor(Number(print.lastE8 / unitE8) / tickUnits);
    const levels: (readonly [Level, Level])[] = [];
    for (let at = 0; at < depth && tick - at > 0; at++)
      levels.push([
        this.#level(symbol, (tick - at) * tickUnits, print.timeMs),
        this.#level(symbol, (tick + 1 + at) * tickUnits, print.timeMs),
      ]);
    return levels;
  }

  /** What lies at a price is drawn for each of the minute's seconds: 1 to 400 lots. */
  #level({ grid, symbolKey }: MarketSymbol, units: number, timeMs: number): Level {
    const lots = 1 + (hash4(symbolKey, units, Math.floor(timeMs / 1000), 0x626f6f6b) % 400);
    return [unitsText(units, grid.priceDecimals), unitsText(lots * grid.stepUnits, grid.volumeDecimals)];
  }

  best(symbol: MarketSymbol, nowMs: number): Best | null {
    const print = this.print(symbol, nowMs);
    const [top] = print === null ? [] : this.levels(symbol, print, 1);
    if (top === undefined) return null;
    const [[bid, bidQty], [ask, askQty]] = top;
    return { updateId: Math.floor(nowMs), bid, bidQty, ask, askQty };
  }

  day(symbol: MarketSymbol, nowMs: number): DayWords | null {
    const figures = this.#days.at(symbol, nowMs);
    return figures === null ? null : dayWords(symbol, figures, this.print(symbol, nowMs));
  }
}

export type Level = readonly [price: string, quantity: string];

/** A day's sums in the venue's decimals. */
export interface DayWords {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly last: string;
  readonly volume: string;
  readonly quote: string;
  readonly change: string;
  readonly changeRatio: string;
  readonly average: string;
  readonly openMs: number;
  readonly trades: number;
  readonly firstId: number;
  readonly lastId: number;
}

function dayWords({ grid }: MarketSymbol, figures: DayFigures, print: Print | null): DayWords {
  const { priceDecimals, volumeDecimals } = grid;
  const lastUnits = print === null ? figures.close : Number(print.lastE8 / 10n ** BigInt(8 - priceDecimals));
  const price = (units: number): string => unitsText(units, priceDecimals);
  const change = lastUnits - figures.open;
  return {
    open: price(figures.open),
    high: price(Math.max(figures.high, lastUnits)),
    low: price(Math.min(figures.low, lastUnits)),
    last: price(lastUnits),
    volume: unitsText(figures.volume, volumeDecimals),
    quote: unitsText(figures.quote, priceDecimals + volumeDecimals),
    change: price(change),
    changeRatio: ((change / figures.open) * 100).toFixed(3),
    average: price(figures.volume === 0 ? lastUnits : figures.quote / figures.volume),
    openMs: figures.openMs,
    trades: figures.trades,
    firstId: figures.firstId,
    lastId: figures.lastId,
  };
}
