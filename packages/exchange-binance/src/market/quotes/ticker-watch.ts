import type { BookTicker, FeedConnection, TickerFeed } from "@smcq/exchange";
import { parseE8 } from "@smcq/kernel";
import { z } from "zod";
import { assertRouted } from "../../check-url.ts";
import { connectionOf, type EventFeedOptions, openEventFeed } from "../stream/event-feed.ts";
import type { GroupStatus } from "../stream/group-options.ts";
import type { StreamGroup } from "../stream/stream-group.ts";

/** Every symbol's best prices, each 5 s when they have changed (docs/binance.md 3). */
const ALL = "!bookTicker";
/** Symbols that are remembered; the venue lists some 700 perpetuals. */
const SYMBOLS_MAX = 4_096;

/** `u` grows beyond 2^53; prices and quantities are texts. */
const TickerEvent = z.looseObject({
  e: z.literal("bookTicker"),
  E: z.number().positive(),
  s: z.string().min(1).max(64),
  b: z.string().max(40),
  a: z.string().max(40),
  st: z.number().nullish(),
});

/**
 * Best bid and ask of the whole market on one connection of its own: all symbols each 5 s, followed ones at once. It is a
 * help, not a need: who asks for a symbol that is not told of gets nothing.
 */
export class TickerWatch implements TickerFeed {
  readonly #group: StreamGroup;
  readonly #tickers = new Map<string, BookTicker>();
  #followed: ReadonlySet<string> = new Set();

  constructor(options: EventFeedOptions) {
    this.#group = openEventFeed(options, {
      index: -2,
      url: assertRouted(options.bases).publicUrl,
      stream: ALL,
      schema: TickerEvent,
      take: (event) => this.#take(event),
    });
  }

  start(): Promise<void> {
    return this.#group.start();
  }

  stop(): Promise<void> {
    return this.#group.stop();
  }

  status(): GroupStatus {
    return this.#group.status();
  }

  connection(): FeedConnection {
    return connectionOf(this.#group.status());
  }

  follow(symbols: ReadonlySet<string>): void {
    const added = [...symbols].filter((symbol) => !this.#followed.has(symbol));
    const left = [...this.#followed].filter((symbol) => !symbols.has(symbol));
    this.#followed = new Set(symbols);
    if (left.length > 0) this.#group.unsubscribe(left.map(streamOf));
    if (added.length > 0) this.#group.subscribe(added.map(streamOf));
  }

  ticker(symbol: string): BookTicker | null {
    return this.#tickers.get(symbol) ?? null;
  }

  /** False: it tells nothing that can be used. */
  #take({ s, b, a, E }: z.infer<typeof TickerEvent>): boolean {
    const before = this.#tickers.get(s);
    // Of two streams on one connection, one may lag.
    if (before === undefined ? this.#tickers.size >= SYMBOLS_MAX : before.timeMs > E) return false;
    const ticker = tickerOf(b, a, E);
    if (ticker === null) return false;
    this.#tickers.set(s, ticker);
    return true;
  }
}

/** Null: one side is empty or crossed, or no price at all. */
function tickerOf(bid: string, ask: string, timeMs: number): BookTicker | null {
  try {
    const ticker = { bidE8: parseE8(bid), askE8: parseE8(ask), timeMs };
    return ticker.bidE8 > 0n && ticker.bidE8 < ticker.askE8 ? ticker : null;
  } catch {
    return null;
  }
}

function streamOf(symbol: string): string {
  return `${symbol.toLowerCase()}@bookTicker`;
}
