import { backOffMs } from "@smcq/kernel";
import type { BarRequest, Clock, Rng } from "@smcq/kernel";
import type { FeedMeter, KlineSink } from "@smcq/exchange";

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
  /** Ms after which REST is asked the first time again, the second boundary check. Default 3,000. */
  readonly retryFirstMs?: number;
  /** A row of REST is final when it was asked for so long after its minute; younger ones are looked at again. Default 15,000. */
  readonly restFinalMs?: number;
  /** Closed bars of a first history, 320..499. Default 499. */
  readonly historyBars?: number;
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

/** So long after a minute its row of REST is taken as final: rows read 3 s after it have been seen to move. */
export const REST_FINAL_MS = 15_000;

/** The longest wait between two questions to REST about the same bars, venue ms. */
export const REPAIR_RETRY_MS_MAX = 300_000;

/**
 * Venue ms until REST is asked again after `tries` replies that brought nothing: the first retry is the second
 * boundary check (+6 s), later ones double and spread.
 */
export function repairRetryMs(
  tries: number,
  options: Pick<SequencerOptions, "retryFirstMs" | "rng">,
): number {
  const policy = { firstMs: options.retryFirstMs ?? 3_000, msMax: REPAIR_RETRY_MS_MAX };
  return backOffMs(tries, policy, tries <= 1 ? undefined : { rng: options.rng, ratio: 0.2 });
}
