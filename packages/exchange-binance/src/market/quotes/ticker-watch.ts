import { type BookTicker, FeedCounter, type FeedMeter, type TickerFeed } from "@smcq/exchange";
import { afterTurn, type Clock, type Logger, parseE8, type Rng } from "@smcq/kernel";
import { z } from "zod";
import { assertRouted, type VenueBases } from "../../check-url.ts";
import { FRAME_BYTES_MAX } from "../../limits.ts";
import { parseJsonSafe } from "../../rest/json-safe.ts";
import { type ConnectBudget, LocalConnectBudget } from "../stream/connect-budget.ts";
import { FrameUse, type GroupStatus, type GroupTiming, QUIET_TIMING } from "../stream/group-options.ts";
import { StreamGroup } from "../stream/stream-group.ts";
import type { SocketTimeouts } from "../stream/stream-socket.ts";

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

export interface TickerWatchOptions {
  readonly bases: VenueBases;
  /** The venue's. */
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly meter: FeedMeter;
  readonly connectBudget?: ConnectBudget;
  readonly timing?: Partial<GroupTiming>;
  readonly timeouts?: SocketTimeouts;
}

/**
 * Best bid and ask of the whole market on one connection of its own: all symbols each 5 s, followed ones at once. It is a
 * help, not a need: who asks for a symbol that is not told of gets nothing.
 */
export class TickerWatch implements TickerFeed {
  readonly #options: TickerWatchOptions;
  readonly #group: StreamGroup;
  readonly #tickers = new Map<string, BookTicker>();
  #followed: ReadonlySet<string> = new Set();

  constructor(options: TickerWatchOptions) {
    this.#options = options;
    this.#group = new StreamGroup({
      ...options,
      index: -2,
      url: assertRouted(options.bases).publicUrl,
      budget: options.connectBudget ?? new LocalConnectBudget({ clock: options.clock }),
      timing: { ...QUIET_TIMING, ...options.timing },
      timeouts: options.timeouts ?? {},
      defer: afterTurn,
      onFrame: (data) => this.#onFrame(data),
      onLive: () => options.log.debug({ stream: ALL }, "best prices are subscribed"),
    });
    this.#group.subscribe([ALL]);
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

  #onFrame(data: Buffer): FrameUse {
    const { meter } = this.#options;
    meter.count(FeedCounter.Messages, 1);
    meter.count(FeedCounter.Bytes, data.length);
    const frame = data.length > FRAME_BYTES_MAX ? undefined : parseObject(data.toString());
    if (frame === undefined) {
      meter.count(FeedCounter.BadFrames, 1);
      return FrameUse.Bad;
    }
    const parsed = TickerEvent.safeParse("data" in frame ? frame.data : frame);
    if (parsed.success) {
      if (!this.#take(parsed.data)) meter.count(FeedCounter.Unknown, 1);
      return FrameUse.Data;
    }
    if ("id" in frame || "error" in frame) return FrameUse.Control;
    meter.count(FeedCounter.Unknown, 1);
    return FrameUse.Data;
  }

  /** False: it tells nothing that can be used. */
  #take({ s, b, a, E, st }: z.infer<typeof TickerEvent>): boolean {
    // Since 2026-06-30 the streams carry COIN-M contracts too (st=2); older events have no st.
    if (st !== undefined && st !== null && st !== 1) return false;
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

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = parseJsonSafe(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
