import type { Clock, Rng } from "@smcq/kernel";
import type { BarRequest, FeedMeter, KlineSink } from "@smcq/exchange";

/** Priorities of bar requests; lower goes first. */
export const BackfillPriority = {
  /** The bar that just closed, of a symbol that is otherwise whole. */
  Repair: 1,
  /** Several bars missing. */
  Gap: 2,
  /** A bar whose numbers are in doubt. */
  Verify: 3,
  /** The first history of a symbol. */
  History: 5,
  /** The pre-warm of M5, asked for by the coordinator. */
  M5History: 7,
} as const;

export interface SequencerOptions {
  /** Slots 0..n-1 of the shard. */
  readonly slots: number;
  /** The venue's clock. */
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sink: KlineSink;
  readonly meter: FeedMeter;
  readonly requestBars: (request: BarRequest) => void;
  /** Runs work after the I/O of this turn; `afterTurn` in production. */
  readonly defer: (fn: () => void) => void;
  /** After a minute's end, ms until REST is asked for the symbols that have not closed. Default 3,000. */
  readonly boundaryGraceMs?: number;
  /** After a newer bar was seen, ms that an `x:true` of the older one may still take. Default 1,000. */
  readonly newerBarGraceMs?: number;
  /** A final whose prices lie further than this factor from the last close needs REST's word. Default 20. */
  readonly jumpFactorMax?: number;
  /** Event or close times further than this in the future are refused, ms. Default 10,000. */
  readonly futureMsMax?: number;
  /** Ms until a request without a reply is taken as lost. Default 300,000. */
  readonly replyMsMax?: number;
  /** Every so many minutes a symbol's last bars are compared with REST (weight 1 a symbol). 0 (default): never. */
  readonly auditMinutes?: number;
}

/** What became of a slot. */
export interface SlotState {
  readonly isWatched: boolean;
  /** Whole history up to now is with the sink. */
  readonly isLive: boolean;
  /** Open time of the next bar owed to the sink, ms; 0 while warming. */
  readonly nextOpenMs: number;
}

export interface ParityCounts {
  /** Bars that the stream had closed and REST repeated with the same numbers. */
  readonly restEqual: number;
  /** The same with other numbers: REST's were taken. */
  readonly restDifferent: number;
}
