import type { BookTicker, FeedConnection, TickerFeed } from "@smcq/exchange";

/** Best prices that a test knows, and what is followed. */
export class KnownTickers implements TickerFeed {
  readonly known = new Map<string, BookTicker>();
  followed: ReadonlySet<string> = new Set();

  connection(): FeedConnection {
    return { isOpen: true, sinceMs: 0, connects: 1, streams: this.followed.size, words: "" };
  }

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
