import type { Instrument } from "@smcq/kernel";

/** Why a bar is final: the venue said `x:true`, or REST served it. */
export const BarSource = { Stream: 1, Rest: 2 } as const;
export type BarSource = (typeof BarSource)[keyof typeof BarSource];

/**
 * Where a feed puts what it heard. `slot` is the index of the symbol inside the feed (0..n-1), so that no text
 * enters the hot path. Prices are quote units, volume base units, times venue ms. Numbers only: no object per bar.
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
  /**
   * A final bar. The sink keeps order and wholeness: it refuses duplicates, holds back what lies behind a hole and
   * counts a later, different final. `receivedNs` is the monotonic time at which the frame was read.
   */
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
}

/** A run of bars that a feed wants from REST, both ends included, as open times. Lower `priority` goes first. */
export interface BarRequest {
  readonly slot: number;
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly priority: number;
}

/** Receives the feed's wishes for REST bars; answers come back through `MarketFeed.supplyBars`. */
export type RequestBars = (request: BarRequest) => void;

/** One feed of closed bars and forming bars for a set of symbols, over any number of connections. */
export interface MarketFeed {
  /** Opens connections and resolves when every one is subscribed (not: when data flows). */
  start(): Promise<void>;
  /** Adds a symbol under a free slot while running. */
  add(slot: number, symbol: string): void;
  /** Stops watching a slot. */
  remove(slot: number): void;
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

/** Read-only market data by request. Every call goes through one rate budget. */
export interface ReferenceData {
  universe(options?: { readonly maxAgeMs?: number }): Promise<Universe>;
  /** Closed and, at the end, maybe still open klines; rows of `BAR_FIELDS` numbers, ascending. */
  klines(query: KlinesQuery): Promise<Float64Array>;
  /** The venue's time in ms. */
  serverTime(): Promise<number>;
}

export interface KlinesQuery {
  readonly symbol: string;
  readonly interval: "1m" | "5m";
  /** 1..1500; the venue's weight grows at 100, 500 and 1001. */
  readonly limit: number;
  readonly startMs?: number;
  readonly endMs?: number;
  /** Lower goes first when the budget is short. */
  readonly priority?: number;
}
