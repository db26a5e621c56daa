import type { TickerFeed } from "@smcq/exchange";
import type { Clock } from "@smcq/kernel";
import type { DeskMarket, MarketNow, RingMarket } from "../../accounts/ring-market.ts";

/** Best prices that are younger say what a symbol costs, venue ms: those of all symbols come each 5 s. */
const TICKER_MS = 15_000;

/**
 * The market of an engine that hears of bars when they have closed: what is told of best prices since is the price, the last close
 * where nothing is.
 */
export class TickerMarket implements DeskMarket {
  readonly #rings: RingMarket;
  readonly #tickers: Pick<TickerFeed, "ticker">;
  readonly #venueClock: Clock;

  constructor(rings: RingMarket, tickers: Pick<TickerFeed, "ticker">, venueClock: Clock) {
    this.#rings = rings;
    this.#tickers = tickers;
    this.#venueClock = venueClock;
  }

  isGone(symbol: string): boolean {
    return this.#rings.isGone(symbol);
  }

  now(symbol: string): MarketNow | null {
    const closed = this.#rings.now(symbol);
    if (closed === null) return null;
    const ticker = this.#tickers.ticker(symbol);
    if (ticker === null || this.#venueClock.nowMs() - ticker.timeMs > TICKER_MS)
      return { ...closed, book: null };
    const { bidE8, askE8 } = ticker;
    return { ...closed, lastE8: (bidE8 + askE8) / 2n, book: { bidE8, askE8 } };
  }

  closeE8(symbol: string, closeMs: number): bigint | null {
    return this.#rings.closeE8(symbol, closeMs);
  }
}
