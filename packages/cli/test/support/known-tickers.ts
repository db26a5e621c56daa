import type { BookTicker, TickerFeed } from "@smcq/exchange";

/** Best prices that a test knows, and what is followed. */
export class KnownTickers implements TickerFeed {
  readonly known = new Map<string, BookTicker>();
  followed: ReadonlySet<string> = new Set();

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  follow(symbols: ReadonlySet<string>): void {
    this.followed = symbols;
  }

  ticker(symbol: string): BookTicker | null {
    return this.known.get(symbol) ?? null;
  }
}
