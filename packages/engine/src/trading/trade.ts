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
  /** It closes whatever is held, and covers it. */
  readonly isWhole: boolean;
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
  /** Its entry rests in the book: it pays no slippage. */
  readonly isResting: boolean;
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
  /** What the clock has jumped since the signal, ms. */
  clockJumpMs: number;
  /** When the last of them closed; 0: there was none. */
  lastBarMs: number;
  stop: Leg | null;
  /** A stop that another one takes the place of: it goes when the new one stands. */
  formerStop: Leg | null;
  /** A person's stop that covers everything, at our price or tighter: it does instead of one of ours (AC14). */
  foreignStop: Leg | null;
  /** Somebody took our stop off: a new one goes then at the latest, unless a person's stop is found. */
  stopDueMs: number | null;
  /** When the last stop was sent, and when the next one may take its place; null: none wants to. */
  stopSentMs: number;
  replaceDueMs: number | null;
  /** The venue takes no stop of that quantity: it closes whatever is held. */
  isStopWhole: boolean;
  target: Leg | null;
  /** Targets that the venue ended with something left to sell. */
  targetsLost: number;
  exit: { readonly reason: ExitReason; readonly clientOrderId: string } | null;
  /** Why the trade will be left, once nothing is in the way of the order. */
  wantedExit: ExitReason | null;
  /** An exit that was given up for now: the next minute begins it again. */
  owedExit: ExitReason | null;
  /** When the exit is sent at the latest: it waits for the target's end, or after one that failed; null: it does not. */
  exitDueMs: number | null;
  /** The most that one exit order sells; the venue has refused more. */
  exitStepsMax: number;
  /** Exits in a row that no counterparty inside the price band has met. */
  bandTries: number;
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
    clockJumpMs: 0,
    lastBarMs: 0,
    stop: null,
    formerStop: null,
    foreignStop: null,
    stopDueMs: null,
    stopSentMs: 0,
    replaceDueMs: null,
    isStopWhole: false,
    target: null,
    targetsLost: 0,
    exit: null,
    wantedExit: null,
    owedExit: null,
    exitDueMs: null,
    exitStepsMax: Number.POSITIVE_INFINITY,
    bandTries: 0,
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
export function coveredSteps({ stop, formerStop, foreignStop, qtySteps }: Trade): number {
  let steps = 0;
  for (const leg of [stop, formerStop, foreignStop])
    if (leg !== null && leg.isConfirmed && !leg.isEnded)
      steps += leg.isWhole ? qtySteps : leg.qtySteps - leg.filledSteps;
  return steps;
}

/** When something is due that is due by `mostMs` at the latest; null: nothing is. */
export function earlier(dueMs: number | null, mostMs: number): number | null {
  return dueMs === null ? null : Math.min(dueMs, mostMs);
}
