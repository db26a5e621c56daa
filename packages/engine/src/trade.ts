import type { OrderSide, TradingRules } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { ExitReason } from "./trading-events.ts";
import type { SetupCode } from "./signal.ts";

/**
 * The life of one intent, from approval to flat (docs/trading.md 5):
 *
 *   entering ── first fill ──► naked ── stop confirmed ──► guarded ── rule, stop, target ──► exiting ── flat ──► closed
 *      └── refused, absent ──► closed
 */
export type TradePhase = "entering" | "naked" | "guarded" | "exiting" | "closed";

/** A protective order of a trade, by what is known of it. */
export interface Leg {
  readonly clientOrderId: string;
  readonly ticks: number;
  readonly qtySteps: number;
  filledSteps: number;
  isConfirmed: boolean;
  isEnded: boolean;
}

/** One trade, as its stages know it. Written by the position controller and the exits alone. */
export interface Trade {
  readonly tradeId: number;
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly setup: SetupCode;
  readonly score: number;
  readonly rules: TradingRules;
  readonly entryOrderId: string;
  readonly signalMs: number;
  /** Stop distance of the plan, price units. */
  readonly d: number;
  readonly sigma: number;
  readonly takerRatio: number;
  leverage: number;
  /** Loss at the stop for a unit, as approved. */
  readonly loss: number;
  /** Expected entry price, as approved. */
  readonly e: number;
  readonly approvedSteps: number;
  readonly riskRatio: number;
  readonly boundBy: string;
  phase: TradePhase;
  isEntryEnded: boolean;
  /** Bars of the symbol since the signal's. */
  bars: number;
  stop: Leg | null;
  /** A stop that another one takes the place of: it goes when the new one stands. */
  formerStop: Leg | null;
  target: Leg | null;
  exit: { readonly reason: ExitReason; readonly clientOrderId: string } | null;
  /** Why the trade will be left, once nothing is in the way of the order. */
  wantedExit: ExitReason | null;
  /** An exit that was given up for now: the next minute begins it again. */
  owedExit: ExitReason | null;
  /** When the exit no longer waits for the target's end; null: it does not wait. */
  targetDueMs: number | null;
  /** When the stop has to be confirmed at the latest; null: it is, or nothing is held. */
  coverDueMs: number | null;
  /** The last exits that were sent, and the last stops that ended without a word of ours. */
  exitsSentMs: readonly number[];
  stopsLostMs: readonly number[];
  attempts: number;
  entryMs: number;
  avgPrice: number;
  qtySteps: number;
  exitMs: number;
  /** Fills that reduced: their steps, and steps times ticks. */
  readonly exitFills: { qtySteps: number; sumTicks: number };
  exitReason: ExitReason | null;
  realisedE8: bigint;
  feesE8: bigint;
  fundingE8: bigint;
}
