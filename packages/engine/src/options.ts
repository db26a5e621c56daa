import type { RiskParameters } from "@smcq/risk";
import type { TradePlanParameters } from "@smcq/strategy";
import type { ProtocolLimits } from "./trading/protocol.ts";

/** What a core is made with, and what a run that goes on with it may change. */
export interface EngineOptions {
  /** A score strictly above it makes a signal worth a decision. */
  readonly scoreMin: number;
  /** How long signals of one minute are collected after the first, monotonic ns. */
  readonly decisionWindowNs: number;
  /** Older bars are recorded but never decided on, ms from the bar's close to now. */
  readonly signalAgeMsMax: number;
  /** Absent: signals are decided on, and nobody acts on them. */
  readonly trading?: TradingOptions;
}

export interface TradingOptions {
  /** Four characters that begin every client order id of this engine. */
  readonly engineId: string;
  readonly startWalletE8: bigint;
  /** When the venue had told that wallet, venue ms: payments since are not in it. Absent: at the first event. */
  readonly startWalletMs?: number;
  readonly risk: RiskParameters;
  readonly protocol: ProtocolLimits;
  readonly plan: TradePlanParameters;
  /**
   * Words of the venue may get lost, and bars stay away: the core asks for what it was not told, and judges by the
   * clock. False: a venue in memory, which tells everything, in order.
   */
  readonly isVenueRemote: boolean;
  /** What a symbol's own orders have slipped counts as a cost of its next ones. */
  readonly isSlippageMeasured: boolean;
  /**
   * No word of the venue is taken to be lost before it is so old, ms: where time runs faster than we do, our own threads
   * are slow (docs/decisions.md 40). 0: the limits hold as they are.
   */
  readonly wordFloorMs: number;
  /** Nothing is entered by scores of which nothing is proven (docs/trading.md 3, `UNPROVEN_LIVE`). */
  readonly refusesUnproven: boolean;
}
