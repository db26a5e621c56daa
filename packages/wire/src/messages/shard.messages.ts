import type { BarRequest, FeedState, WireError } from "@smcq/kernel";

/** A symbol in its slot. */
export interface SlotAssignment {
  readonly slot: number;
  readonly symbol: string;
  readonly symbolId: number;
  /** The slot already holds bars of this symbol, written by a thread that is gone: go on behind them. */
  readonly isTakenOver: boolean;
  /** Bars that open before raise nothing, venue ms; absent: those that open before the present minute. */
  readonly liveFromMs?: number;
}

/** Coordinator -> shard. */
export type ShardCommand =
  | { readonly type: "add"; readonly assignment: SlotAssignment }
  | { readonly type: "remove"; readonly slot: number }
  | { readonly type: "bars"; readonly wanted: BarRequest; readonly bars: Float64Array }
  | { readonly type: "scan"; readonly task: ScanTask }
  | { readonly type: "drain" };

/** Shard -> coordinator. */
export type ShardEvent =
  | { readonly type: "online" }
  | { readonly type: "closed" }
  | { readonly type: "want-bars"; readonly wanted: BarRequest }
  /** What is known of the feed's connections has changed. */
  | { readonly type: "feed-state"; readonly state: FeedState }
  | { readonly type: "reset"; readonly slot: number }
  /** A bar that was given before has other numbers now. */
  | { readonly type: "corrected"; readonly slot: number; readonly openTimeMs: number }
  /** `isTask`: the answer to a "scan" command; otherwise the shard scanned what its own feed had closed. */
  | { readonly type: "scanned"; readonly reply: ScanReply; readonly isTask: boolean }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly fields: object;
      readonly text: string;
    }
  | { readonly type: "drained" }
  | { readonly type: "failed"; readonly error: WireError };

/**
 * The venue's closed bars of a symbol, to warm a state up that the ring's minutes are too few for: M5's, or that of the
 * plan's timeframe; void when the ring's generation moved on.
 */
export interface BarSeed {
  /** What it is for: null is the state that candidates are found by, else a part of the history of feature set v2. */
  readonly part: string | null;
  readonly slot: number;
  readonly generation: number;
  /** `BAR_FIELDS` numbers a bar, ascending. */
  readonly bars: Float64Array;
}

/** Coordinator -> scan thread: "scan whatever has closed in this shard". */
export interface ScanTask {
  readonly shardId: number;
  readonly seeds: readonly BarSeed[];
}

/** Scan thread -> coordinator: counts only, the rows lie in the result ring. */
export interface ScanReply {
  readonly shardId: number;
  readonly rows: number;
  readonly bars: number;
  /** The task stopped before the end (results full, or a ring in motion): another is due. */
  readonly isUnfinished: boolean;
  /** Slots whose seed could not be applied yet; to be sent again. */
  readonly refusedSeeds: readonly number[];
}
