import type { BarInterval, BarRequest, Instrument } from "@smcq/kernel";

/** Why a bar is final: the venue said `x:true`, or REST served it. */
export const BarSource = { Stream: 1, Rest: 2 } as const;
export type BarSource = (typeof BarSource)[keyof typeof BarSource];

/**
 * Where a feed puts what it heard. `slot` is the index of the symbol inside the feed's shard (0..n-1): no text
 * enters the hot path. Prices are quote units, volume base units, times venue ms. Numbers only: no object per bar.
 *
 * The feed owes the sink order and wholeness: per slot, `final` comes exactly once a bar, in order, without a hole
 * (open times 60,000 ms apart), from the first bar after `reset` on. The sink asserts it.
 */
export interface KlineSink {
  /** The forming bar of a symbol changed. Never a closed bar. */
  forming(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    eventTimeMs: number,
  ): void;
  /** The next closed bar; `receivedNs` is the monotonic time at which its frame (or REST reply) was read. */
  final(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    source: BarSource,
    eventTimeMs: number,
    receivedNs: number,
  ): void;
  /**
   * A bar already given as final has these numbers by REST's or the stream's later word: if they differ, replace its
   * cell and mark derived state for rebuild. The sink compares: after a thread's death the feed does not know them.
   */
  correct(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void;
  /** The hole behind the last bar cannot be filled: forget the symbol's bars; the next `final` starts a new run. */
  reset(slot: number): void;
}

/** What a feed counts (docs/mission.md S5); indices of `FeedMeter`. */
export const FeedCounter = {
  /** Frames read, of any kind. */
  Messages: 0,
  Bytes: 1,
  /** Final bars handed to the sink. */
  Finals: 2,
  /** Final bars confirmed by REST. */
  RestFinals: 3,
  /** Final bars that came again, equal. */
  Duplicates: 4,
  /** Final bars that came again with other numbers. */
  Corrections: 5,
  /** Frames refused: not JSON, too large, not a kline of ours. */
  BadFrames: 6,
  /** Bars refused: implausible numbers. */
  BadBars: 7,
  /** Frames of symbols or streams we did not ask for. */
  Unknown: 8,
  /** Holes found (each counted once). */
  Gaps: 9,
  /** Bars asked from REST. */
  BarsRequested: 10,
  /** Connections opened, the first ones included. */
  Connects: 11,
  /** Connections lost or given up and opened again. */
  Reconnects: 12,
  /** Connections replaced in good health (23 h rotation). */
  Rotations: 13,
  /** Connections given up because data stopped. */
  WatchdogTrips: 14,
  /** Final bars that came later than the boundary timer. */
  LateFinals: 15,
  /** Frames whose event time lies implausibly far from the venue's clock. */
  ClockFaults: 16,
  /** Symbols put back to WARMING (reset). */
  Resets: 17,
  /** Unfinished klines handed to the sink: the proof that data flows. */
  Formings: 18,
} as const;
export type FeedCounter = (typeof FeedCounter)[keyof typeof FeedCounter];
export const FEED_COUNTER_COUNT = 19;

/** Where a feed counts; implemented by the shard's control block. */
export interface FeedMeter {
  count(counter: FeedCounter, by: number): void;
}

/** Priorities of bar requests; lower goes first. */
export const BackfillPriority = {
  /** The bar that just closed, of a symbol that is otherwise whole. */
  Repair: 1,
  /** Several bars missing. */
  Gap: 2,
  /** A bar whose numbers are unverified. */
  Verify: 3,
  /** The first history of a symbol. */
  History: 5,
  /** The pre-warm of M5, asked for by the coordinator: after everything that makes a symbol READY. */
  M5History: 8,
} as const;

/** The answer to a `BarRequest`: flat closed bars inside the asked range (fewer when the venue has fewer). */
export interface BarReply {
  readonly request: BarRequest;
  /** `BAR_FIELDS` numbers a bar, ascending. */
  readonly bars: Float64Array;
}

/** One feed of closed and forming bars for a set of symbols, over any number of connections. */
export interface MarketFeed {
  /** Opens the connections and resolves when each has been tried once; it keeps trying by itself afterwards. */
  start(): Promise<void>;
  /**
   * Watches a symbol under a free slot. `resumeAfterMs` is the open time of the last bar that the sink already has
   * (-1: none): the feed goes on behind it, or calls `sink.reset` when that hole cannot be filled.
   */
  add(slot: number, symbol: string, resumeAfterMs: number): void;
  /** Stops watching a slot. */
  remove(slot: number): void;
  /** Bars that were asked through the feed's `requestBars`. */
  supplyBars(reply: BarReply): void;
  /** Closes every connection and timer. Idempotent. */
  stop(): Promise<void>;
}

/** The venue's list of instruments and how old it is. */
export interface Universe {
  readonly instruments: readonly Instrument[];
  readonly fetchedAtMs: number;
  readonly source: "venue" | "memory" | "disk";
  /** All symbols of the document, before the filter. */
  readonly totalCount: number;
}

export interface UniverseQuery {
  /** A list younger than this serves as it is, ms; default 1 h. */
  readonly maxAgeMs?: number;
  /** A run begins on the answer: one from disk that the last start did not come up with is not used. */
  readonly isTrial?: boolean;
}

export interface KlinesQuery {
  readonly symbol: string;
  readonly interval: BarInterval;
  /** 1..1500; the venue's weight grows at 100, 500 and 1001. */
  readonly limit: number;
  readonly startMs?: number;
  readonly endMs?: number;
  /** Lower goes first when the budget is short; default 5. */
  readonly priority?: number;
}

/** Read-only market data by request. Every call goes through one rate budget. */
export interface ReferenceData {
  universe(query?: UniverseQuery): Promise<Universe>;
  /** Klines as the venue has them, the still-open one included; `BAR_FIELDS` numbers a bar, ascending. */
  klines(query: KlinesQuery): Promise<Float64Array>;
  /** The venue's time in ms. */
  serverTime(): Promise<number>;
}

/** Where REST bars come from: one queue for the whole process, inside the one rate budget. */
export interface BarHistory {
  /** Asks for bars. The reply comes once; never when the symbol is forgotten first. */
  request(request: BarRequest, onReply: (reply: BarReply) => void): void;
  /** Drops what is still queued for a symbol. */
  forget(symbol: string): void;
}

/** News of a contract, as far as the universe depends on it: a listing, a delisting, a change of status. */
export interface ContractNews {
  readonly symbol: string;
  readonly isTrading: boolean;
}

/** Best prices of a symbol as the venue told them last: 0 < bid < ask. */
export interface BookTicker {
  readonly bidE8: bigint;
  readonly askE8: bigint;
  /** The venue's ms. */
  readonly timeMs: number;
}

/** How a feed's one connection does. */
export interface FeedConnection {
  readonly isOpen: boolean;
  /** Since when it is so, by the feed's clock, ms; null: it was never tried. */
  readonly sinceMs: number | null;
  /** Connections made, the first one included. */
  readonly connects: number;
  /** Streams that it carries. */
  readonly streams: number;
  /** What the venue said last by itself, or why the last connection ended; empty: neither. */
  readonly words: string;
}

/** Knows the best prices of the market while it runs: of all symbols within some seconds, of followed ones at once. */
export interface TickerFeed {
  /** How its connection does now. */
  connection(): FeedConnection;
  /** Resolves when it has been tried once to connect. */
  start(): Promise<void>;
  /** From now on these are followed, and no others. */
  follow(symbols: ReadonlySet<string>): void;
  /** Null: nothing was told of the symbol. */
  ticker(symbol: string): BookTicker | null;
  stop(): Promise<void>;
}

/** Tells of contracts' news while it runs; the universe stays the authority. */
export interface ContractFeed {
  connection(): FeedConnection;
  start(): Promise<void>;
  stop(): Promise<void>;
}
