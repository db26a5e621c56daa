import type { Signal, SignalTimes } from "./signal.ts";

/** A candidate as the scan scored it, before the core has seen it. */
export interface ScoredCandidate extends Omit<Signal, "times"> {
  readonly times: Omit<SignalTimes, "emittedNs">;
}

/** What happened; every time the core knows comes from here. `nowMs` is venue time, `nowNs` monotonic. */
export type EngineEvent =
  | {
      readonly type: "candidates";
      readonly nowMs: number;
      readonly nowNs: number;
      readonly candidates: readonly ScoredCandidate[];
    }
  /** How much of a trade's usual size the model is good for: 1, less, or 0 (scores are recorded, nothing is decided). */
  | { readonly type: "model-health"; readonly sizeFactor: number }
  | { readonly type: "time"; readonly nowMs: number; readonly nowNs: number };

/** What the core wants done, in this order. */
export type Command =
  /** Make the signals known (observers, then the ledger). */
  | { readonly type: "emit"; readonly signals: readonly Signal[] }
  /** Send a `time` event at or after this monotonic time. */
  | { readonly type: "wake"; readonly atNs: number }
  /** Signals above the threshold, to be acted on in this order (score descending, then symbolId). */
  | {
      readonly type: "decide";
      readonly openTimeMs: number;
      readonly batch: readonly Signal[];
      readonly isLate: boolean;
      /** 0 < sizeFactor <= 1, of the moment of the decision. */
      readonly sizeFactor: number;
    };
