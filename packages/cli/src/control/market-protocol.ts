import { MINUTE_MS } from "@smcq/kernel";
import type { LiveObjects } from "@smcq/smc";
import type { PositionView } from "./position-view.ts";

/** A last bar that closed longer ago is old: a whole minute has closed since and is not there. Venue ms. */
export const STALE_MS: number = 2 * MINUTE_MS;

/** A scored candidate, whatever became of it. */
export interface CandidateView {
  /** Close of the bar that raised it, venue ms. */
  readonly closeMs: number;
  readonly side: "long" | "short";
  readonly setup: "S1" | "S2" | "S3";
  /** 0..1. */
  readonly score: number;
}

/** How a symbol stands. Times are the venue's, ms. */
export interface SymbolState {
  readonly symbol: string;
  /** On its way, ready to be traded, or of a history that is too short to be. */
  readonly stage: "warming" | "ready" | "short";
  /** Of the last closed bar; null: there is none, or it could not be read. */
  readonly lastCloseMs: number | null;
  readonly ageMs: number | null;
  /** There is no bar, or a minute is missing (`STALE_MS`). */
  readonly isStale: boolean;
  /** It was being written or scanned at every look: what is null is not known, and `isStale` says nothing. */
  readonly isBusy: boolean;
  /** -1, 0, +1 as the detector says; null: nothing was scanned yet. */
  readonly m1Trend: number | null;
  readonly m5Trend: number | null;
  /** The last since the process began; null: there was none. */
  readonly candidate: CandidateView | null;
  readonly held: "long" | "short" | null;
}

/** All symbols that are watched. */
export interface MarketAnswer {
  readonly nowMs: number;
  readonly symbols: readonly SymbolState[];
}

/** A bar: open time (venue ms), open, high, low, close, volume. */
export type BarRow = readonly number[];

/** One symbol with all that the engine has in memory of it. */
export interface SymbolView extends SymbolState {
  readonly nowMs: number;
  /** Closed bars of the present run, oldest first, at most 511 (`BARS_SHOWN_MAX`). */
  readonly bars: readonly BarRow[];
  /** The bar that goes on; null: nothing is known of it. */
  readonly forming: BarRow | null;
  /** Bars that open before are history: they raise nothing. */
  readonly liveFromMs: number;
  /** The detector's memory; null: nothing was scanned yet. */
  readonly detector: {
    /** Open time of the last bar that it has taken. */
    readonly lastOpenMs: number;
    /** Bars taken since it was emptied. */
    readonly bars: number;
    readonly m5Bars: number;
    readonly objects: LiveObjects;
  } | null;
  readonly position: PositionView | null;
}
