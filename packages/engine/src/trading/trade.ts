import type { OrderSide, TradingRules } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { ExitReason } from "./trading-events.ts";
import type { SetupCode } from "../signal.ts";

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

/** What a trade is from its first moment on. */
export interface TradeOrigin {
  readonly tradeId: number;
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly side: OrderSide;
  /** 0: nobody of ours opened it. */
  readonly setup: SetupCode | 0;
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
}

/** One trade, as its stages know it. Written by the position controller and the exits alone. */
export interface Trade extends TradeOrigin {
  phase: TradePhase;
  isEntryEnded: boolean;
  /** What of the entry rests was taken back, as far as it depends on us. */
  isEntryCancelled: boolean;
  /** Somebody else opened or enlarged it: guarded, and left to that person otherwise. */
  isAdopted: boolean;
  /** Where the stop of what was adopted stands; null: at the plan's distance from the average price. */
  adoptedStopTicks: number | null;
  /** Bars of the symbol since the signal's. */
  bars: number;
  /** When the last of them closed; 0: there was none. */
  lastBarMs: number;
  stop: Leg | null;
  /** A stop that another one takes the place of: it goes when the new one stands. */
  formerStop: Leg | null;
  target: Leg | null;
  /** Targets that the venue ended with something left to sell. */
  targetsLost: number;
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
  /** Why its last part so far was closed. */
  exitReason: ExitReason | null;
  realisedE8: bigint;
  feesE8: bigint;
  fundingE8: bigint;
}

/** A trade of which nothing has happened yet. */
export function begun(origin: TradeOrigin): Trade {
  return {
    ...origin,
    phase: "entering",
    isEntryEnded: false,
    isEntryCancelled: false,
    isAdopted: false,
    adoptedStopTicks: null,
    bars: 0,
    lastBarMs: 0,
    stop: null,
    formerStop: null,
    target: null,
    targetsLost: 0,
    exit: null,
    wantedExit: null,
    owedExit: null,
    targetDueMs: null,
    coverDueMs: null,
    exitsSentMs: [],
    stopsLostMs: [],
    attempts: 1,
    entryMs: 0,
    avgPrice: 0,
    qtySteps: 0,
    exitMs: 0,
    exitFills: { qtySteps: 0, sumTicks: 0 },
    exitReason: null,
    realisedE8: 0n,
    feesE8: 0n,
    fundingE8: 0n,
  };
}

/** Steps that stops cover which the venue has told of. */
export function coveredSteps({ stop, formerStop }: Trade): number {
  let steps = 0;
  for (const leg of [stop, formerStop])
    if (leg !== null && leg.isConfirmed && !leg.isEnded) steps += leg.qtySteps - leg.filledSteps;
  return steps;
}
