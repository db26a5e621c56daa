import type { Fill, OrderRequest, OrderStatus } from "@smcq/exchange";
import type { EntryFailure } from "../trading-events.ts";

/** What is known of an order that was sent. Times are venue ms, of the core's events. */
export interface TrackedOrder {
  readonly request: OrderRequest;
  sentMs: number;
  /**
   * `sent`: no word yet. `unknown`: the word was lost. `working`: the venue has it. `missing`: the venue had it and knows
   * it no more, it may come back. `ended`: nothing comes any more.
   */
  state: "sent" | "unknown" | "working" | "missing" | "ended";
  /** When it became unknown or missing. */
  doubtedMs: number;
  cumQtySteps: number;
  /** Steps of the trades that were told one by one. */
  filledSteps: number;
  /** The venue has told its end; trades of it may be on their way still. */
  isTerminal: boolean;
  /** The venue has shown it, besides its reply to sending it. */
  isSeen: boolean;
  /** The stream has told of it. */
  isTold: boolean;
  /** A list of what rests was without it. */
  isUnlisted: boolean;
  /** A stop that has been set off: its end follows at once. */
  isSetOff: boolean;
  isCancelled: boolean;
  /** How it ended, where that was told. */
  endStatus: OrderStatus | null;
  /** An answer told its end: its trades are asked for twice before that is believed. Null: none did. */
  endAnsweredMs: number | null;
  /** Since that answer the venue's position was told, and it is the one of the books. */
  isPositionAgreed: boolean;
  /** When the question left whose answer began to agree: trades after an answered end, or an order nobody knows. */
  agreeingMs: number | null;
  readonly tradeIds: Set<string>;
}

/**
 * What an event changed about an order, for the stages behind. `appeared`: a missing one is back. `powerless`: an answer
 * says that it was taken off before it was done, by nobody of ours; trades that it had may still be untold.
 */
export type OrderChange =
  | { readonly type: "working"; readonly order: TrackedOrder }
  | { readonly type: "refused"; readonly order: TrackedOrder; readonly code: EntryFailure }
  | { readonly type: "unknown"; readonly order: TrackedOrder }
  | { readonly type: "appeared"; readonly order: TrackedOrder }
  | { readonly type: "powerless"; readonly order: TrackedOrder }
  | { readonly type: "filled"; readonly order: TrackedOrder; readonly fill: Fill }
  | { readonly type: "ended"; readonly order: TrackedOrder };
