import type { SymbolId } from "@smcq/kernel";
import type { WinCounts } from "@smcq/risk";
import type { Signal, SignalTimes } from "./signal.ts";
import type { TradingCommand, TradingInput } from "./trading/trading-events.ts";

/** A candidate as the scan scored it, before the core has seen it. */
export interface ScoredCandidate extends Omit<Signal, "times"> {
  readonly times: Omit<SignalTimes, "emittedNs">;
}

/**
 * A person's word, or the process's own end. `stop`: decide what is collected, and nothing after it. `halt`: no entries
 * until `resume`, which takes back every reason to halt. `flatten`: leave everything that is held.
 */
export type OperatorWord = "stop" | "halt" | "resume" | "flatten";

/** By which way a word came: the control socket, over it the dashboard or Telegram, the file `HALT`, or a signal to the process. */
export type OperatorSource = "socket" | "dashboard" | "telegram" | "file" | "signal";

/** A word, and who gave it; absent: the run came to its own end. */
type OperatorInput = { readonly type: "operator"; readonly by?: OperatorSource } & (
  | { readonly word: OperatorWord }
  /** Leave what is held of one symbol, and enter it no more for a while. */
  | { readonly word: "close"; readonly symbolId: SymbolId }
);

/** What happened, as it is put into the inbox: the loop stamps it when its turn comes. */
export type EngineInput =
  /** Scored candidates of one task of a shard. */
  | {
      readonly type: "candidates";
      readonly shardId: number;
      readonly candidates: readonly ScoredCandidate[];
    }
  /** Rows that were dropped because the model of `epoch` gave no probability. */
  | { readonly type: "invalid-score"; readonly epoch: number; readonly rows: number }
  /**
   * What scores now, and how much of a trade's usual size it is good for: 1, less, or 0 (scores are recorded, nothing
   * is decided). `wins` is what its card proves, null where nothing is proven.
   */
  | {
      readonly type: "model";
      readonly scorerId: string;
      readonly sizeFactor: number;
      readonly wins: WinCounts | null;
    }
  /** The feed of a shard's symbols goes on, or has ended. */
  | { readonly type: "feed-health"; readonly shardId: number; readonly isLive: boolean }
  | OperatorInput
  /** Nothing but time has passed. */
  | { readonly type: "time" }
  | TradingInput;

/** The kinds of events; the inbox counts by them. */
export type EngineEventType = EngineInput["type"];

/** When an event's turn came; every time that the core knows comes from here. */
export interface EventStamp {
  /** Venue ms. */
  readonly nowMs: number;
  /** Monotonic ns. */
  readonly nowNs: number;
}

/** What happened, with the time at which the core is to know of it. */
export type EngineEvent = EngineInput & EventStamp;

/** Signals that are to be acted on in this order (score descending, then symbolId). */
export interface Decision {
  readonly openTimeMs: number;
  readonly batch: readonly Signal[];
  readonly isLate: boolean;
  /** 0 < sizeFactor <= 1, of the moment of the decision. */
  readonly sizeFactor: number;
  /** What is proven of one scorer's scores at that moment; null: nothing. */
  readonly proof: ModelProof | null;
}

/** What a proven model's card says of the scores that it, and no other, has given. */
export interface ModelProof {
  readonly scorerId: string;
  readonly wins: WinCounts;
}

/** What the core wants done, in this order. */
export type Command =
  /** Make the signals known (observers, then the ledger). */
  | { readonly type: "emit"; readonly signals: readonly Signal[] }
  /** Send a `time` event at or after this monotonic time. */
  | { readonly type: "wake"; readonly atNs: number }
  /** Signals above the threshold. */
  | ({ readonly type: "decide" } & Decision)
  /** The models' life has to hear that this one gave no probability. */
  | { readonly type: "judge-model"; readonly epoch: number; readonly rows: number }
  | TradingCommand;
