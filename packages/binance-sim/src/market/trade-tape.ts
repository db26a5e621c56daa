import { createCell, type KlineCell, type MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import type { Venue } from "../venue.ts";

export const TAPE_MS = 1000;

/** What was traded in one second, as one aggregated trade; units of the symbol's grid. */
export interface TapeTrade {
  /** Seconds since 1970: a symbol has at most one a second. */
  readonly id: number;
  readonly firstId: number;
  readonly lastId: number;
  readonly price: number;
  readonly quantity: number;
  readonly timeMs: number;
  readonly isBuyerMaker: boolean;
}

/**
 * The trades of a market that is known as klines: each second's share of the minute's volume, at the price of the path, with
 * the ids that klines tell. The same for everybody who asks, whenever.
 */
export class TradeTape {
  readonly #venue: Venue;
  readonly #before: KlineCell = createCell();
  readonly #after: KlineCell = createCell();

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  /** The trade of the second that ends at `endMs`, a whole second; null: nothing was traded in it. */
  at(symbol: MarketSymbol, endMs: number): TapeTrade | null {
    const { market } = this.#venue;
    const minute = market.minuteAt(endMs - 1);
    if (!this.#venue.hasBar(symbol, minute)) return null;
    const share = (timeMs: number): number => (timeMs - market.openTimeMs(minute)) / MINUTE_MS;
    const [before, after] = [this.#before, this.#after];
    market.forming(symbol, minute, share(endMs), after);
    if (after.volume === 0) return null;
    market.forming(symbol, minute, share(endMs - TAPE_MS), before);
    const quantity = after.volume - before.volume;
    if (quantity <= 0) return null;
    return {
      id: endMs / TAPE_MS,
      firstId: before.volume === 0 ? after.firstTradeId : Math.min(after.lastTradeId, before.lastTradeId + 1),
      lastId: after.lastTradeId,
      price: after.close,
      quantity,
      timeMs: endMs,
      isBuyerMaker: after.close < before.close,
    };
  }

  /** The trades of seconds that end in (`fromMs`, `toMs`], ascending. */
  between(symbol: MarketSymbol, fromMs: number, toMs: number): readonly TapeTrade[] {
    const trades: TapeTrade[] = [];
    for (let endMs = secondAfter(fromMs); endMs <= toMs; endMs += TAPE_MS) {
      const trade = this.at(symbol, endMs);
      if (trade !== null) trades.push(trade);
    }
    return trades;
  }

  /** The last `count` trades up to `toMs`, ascending; seconds further back than `fromMs` are not looked at. */
  last(symbol: MarketSymbol, count: number, toMs: number, fromMs: number): readonly TapeTrade[] {
    const trades: TapeTrade[] = [];
    for (
      let endMs = Math.floor(toMs / TAPE_MS) * TAPE_MS;
      endMs > fromMs && trades.length < count;
      endMs -= TAPE_MS
    ) {
      const trade = this.at(symbol, endMs);
      if (trade !== null) trades.push(trade);
    }
    return trades.toReversed();
  }
}

/** The first whole second after a time. */
export function secondAfter(timeMs: number): number {
  return (Math.floor(timeMs / TAPE_MS) + 1) * TAPE_MS;
}
