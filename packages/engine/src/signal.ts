import type { SymbolId } from "@smcq/kernel";

/** Which rule of the candidate definition raised a setup (docs/smc.md section 10). */
export type SetupCode = 1 | 2 | 3;

/** Monotonic times (ns, one clock per process) of a signal's way, in order; 0 where a stage was not measured. */
export interface SignalTimes {
  /** The closing frame was read from the socket (or REST served the bar). */
  readonly receivedNs: number;
  /** The bar stood in the ring. */
  readonly writtenNs: number;
  /** The scan task that found the setup began. */
  readonly takenNs: number;
  /** The 12 features stood in the result block. */
  readonly featuresNs: number;
  /** The score stood in the result block. */
  readonly scoredNs: number;
  /** The coordinator emitted the signal. */
  readonly emittedNs: number;
}

/** A score that is kept for comparison and never traded on. */
export interface ChallengerScore {
  readonly scorerId: string;
  /** 0..1. */
  readonly score: number;
}

/** A scored candidate: every one is stored, only those above the threshold become intents. */
export interface Signal {
  readonly symbol: string;
  readonly symbolId: SymbolId;
  readonly side: 1 | -1;
  readonly setup: SetupCode;
  /** Open time of the M1 bar whose close raised the setup, venue ms. */
  readonly openTimeMs: number;
  /** P(win | this side) in 0..1, float64 as the scorer gave it. */
  readonly score: number;
  /** The 12 features in the side's view, as scored. */
  readonly features: Float32Array;
  readonly scorerId: string;
  /** What another model, without weight, said of the same row; null when there is none or it failed. */
  readonly challenger: ChallengerScore | null;
  /** Where the setup is wrong (X of docs/smc.md section 11), price units; with `atr` the trade plan's basis. */
  readonly invalidationPrice: number;
  /** ATR-14 of the bar, price units. */
  readonly atr: number;
  /** Median of volume times close over the last 60 closed bars, the signal's included, quote units. */
  readonly medianTurnover: number;
  /** The venue's event time of the closing frame, ms. */
  readonly exchangeMs: number;
  /** True when REST, not the stream, confirmed the bar. */
  readonly isRestConfirmed: boolean;
  readonly times: SignalTimes;
}

/** The versions that a run's signals were made with; stored once per run. */
export interface RunRecord {
  readonly runId: string;
  readonly mode: string;
  readonly startedAtMs: number;
  readonly engineVersion: string;
  readonly configHash: string;
  readonly configJson: string;
  readonly scorerId: string;
  /** What the scorer is: its card's main lines, and the risk ceiling that follows from them. */
  readonly modelJson: string;
  readonly featureSchemaHash: string;
  readonly smcParametersJson: string;
  readonly seed: number;
}

/** What happened to the models of a run, in the order of `atMs` (venue time). */
export interface ModelEvent {
  readonly atMs: number;
  readonly kind:
    | "loaded"
    | "refused"
    | "shadow-begun"
    | "shadow-ended"
    | "swapped"
    | "rolled-back"
    | "challenger"
    | "health";
  readonly modelId: string;
  readonly detailJson: string;
}
