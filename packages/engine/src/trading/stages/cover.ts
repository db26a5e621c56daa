import type { OpenOrder, OrderUpdate } from "@smcq/exchange";
import type { Alarm } from "../alarm.ts";
import type { Holdings } from "../holdings.ts";
import { coveredSteps, earlier, type Leg, type Trade } from "../trade.ts";
import {
  type ClosingOrders,
  SIZE_REFUSALS,
  stopTicks,
  TARGETS_LOST_MAX,
  type Turn,
} from "./closing-orders.ts";
import type { OrderChange } from "./order-tracker.ts";

/** A stop takes the place of another one of its position once in so long, where words take their time (EX42). */
export const REPLACE_MS = 250;
/** How long a stop that somebody took off is waited for as a person's own, before ours comes back (AC14). */
export const FOREIGN_STOP_MS = 1_000;

/** A stop that the venue has no time for is sent again after so long, as long as it may be bare. */
export const STOP_AGAIN_MS = 250;
/** Refusals that say nothing of the stop: the venue is overloaded, or makes us wait. */
const PASSING: ReadonlySet<string> = new Set(["TOO_MANY_ORDERS", "NOT_SENT"]);

/** What a stop has to hear besides its fills. */
type Told = Exclude<OrderChange, { type: "appeared" | "filled" }>;

/**
 * The stops of every position (docs/trading.md 5): from the first fill on, for all that is held, a new one before the old
 * one goes, and what stays bare for too long is left.
 */
export class Cover {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #alarm: Alarm;

  constructor(parts: { readonly holdings: Holdings; readonly closing: ClosingOrders }, alarm: Alarm) {
    this.#holdings = parts.holdings;
    this.#closing = parts.closing;
    this.#alarm = alarm;
  }

  /** The stop covers what is held, from where the plan wants it; a new one stands before the old one goes. */
  guard(trade: Trade, turn: Turn): void {
    const { stop } = trade;
    if (trade.qtySteps === 0) return;
    if (stop === null || stop.isEnded) {
      if (trade.stopDueMs === null && !isCoveredByForeign(trade)) this.#closing.placeStop(trade, turn);
    } else if (!isFit(stop, trade)) this.#replace(trade, stop, turn);
    this.#watch(trade, turn);
  }

  /** At most two stand at once: a third fill waits for the second's word. */
  #replace(trade: Trade, stop: Leg, turn: Turn): void {
    if (trade.formerStop !== null || !stop.isConfirmed) return;
    const dueMs = trade.stopSentMs + REPLACE_MS;
    if (turn.nowMs < dueMs && this.#holdings.options.isVenueRemote) {
      trade.replaceDueMs = dueMs;
      this.#alarm.at(dueMs, turn);
      return;
    }
    trade.formerStop = stop;
    this.#closing.placeStop(trade, turn);
  }

  /** Less is held than the stop was made for: a smaller one takes its place. */
  fit(trade: Trade, turn: Turn): void {
    const { stop } = trade;
    if (stop === null || stop.isEnded || stop.isWhole) return;
    const isTooLarge = stop.qtySteps - stop.filledSteps > trade.qtySteps;
    if (isTooLarge && stop.isConfirmed && trade.formerStop === null) {
      trade.formerStop = stop;
      this.#closing.placeStop(trade, turn);
    }
  }

  /** What confirmed stops do not cover gets a deadline, whatever else is waited for; what they cover has none. */
  #watch(trade: Trade, turn: Turn): void {
    if (coveredSteps(trade) >= trade.qtySteps) trade.coverDueMs = null;
    else if (trade.coverDueMs === null) {
      const { protectMs } = this.#holdings;
      trade.coverDueMs = turn.nowMs + protectMs;
      // A first stop's own word asks for the wake; a fill beyond a stop that stands has no other.
      if (coveredSteps(trade) > 0) turn.commands.push({ type: "wake", atNs: turn.nowNs + protectMs * 1e6 });
    }
  }

  setBack(trade: Trade, nowMs: number): void {
    trade.stopSentMs = Math.min(trade.stopSentMs, nowMs);
    trade.replaceDueMs = earlier(trade.replaceDueMs, nowMs + REPLACE_MS);
    trade.stopDueMs = earlier(trade.stopDueMs, nowMs + FOREIGN_STOP_MS);
    trade.coverDueMs = earlier(trade.coverDueMs, nowMs + this.#holdings.protectMs);
  }

  /** What is due by now of a position: a stop that waits its turn, or that was hoped for, and cover at all. */
  overdue(trade: Trade, turn: Turn): void {
    const { stopDueMs, replaceDueMs } = trade;
    if (stopDueMs !== null) {
      this.#alarm.at(stopDueMs, turn);
      if (turn.nowMs >= stopDueMs) this.#comeBack(trade, turn);
    }
    if (replaceDueMs !== null) {
      this.#alarm.at(replaceDueMs, turn);
      if (turn.nowMs >= replaceDueMs) {
        trade.replaceDueMs = null;
        this.guard(trade, turn);
      }
    }
    if (trade.coverDueMs === null) return;
    this.#alarm.at(trade.coverDueMs, turn);
    if (turn.nowMs < trade.coverDueMs || trade.qtySteps === 0) return;
    if (!this.#holdings.maySend) {
      this.#postpone(trade, turn);
      return;
    }
    trade.coverDueMs = null;
    this.#closing.beginExit(trade, "unguarded", turn);
  }

  /** Nothing can be sent: what is bare stays so until something can, and no stop has failed. */
  #postpone(trade: Trade, turn: Turn): void {
    trade.coverDueMs = turn.nowMs + this.#holdings.protectMs;
    this.#alarm.at(trade.coverDueMs, turn);
  }

  /** The account is this host's again. */
  guardAgain(trade: Trade, turn: Turn): void {
    trade.coverDueMs = null;
    this.guard(trade, turn);
  }

  #comeBack(trade: Trade, turn: Turn): void {
    trade.stopDueMs = null;
    this.guard(trade, turn);
  }

  /** Takes what was told of a stop of the trade; true: it stands. */
  onStop(trade: Trade, change: Told, turn: Turn): boolean {
    const { order } = change;
    const isFormer = trade.formerStop?.clientOrderId === order.request.clientOrderId;
    const leg = isFormer ? trade.formerStop : trade.stop;
    if (leg === null || leg.clientOrderId !== order.request.clientOrderId) return false;
    switch (change.type) {
      case "working":
        leg.isConfirmed = true;
        if (trade.formerStop !== null) this.#closing.cancelStop(trade, trade.formerStop, turn);
        if (trade.phase === "naked") trade.phase = "guarded";
        this.#holdings.protected();
        this.guard(trade, turn);
        return true;
      case "unknown":
        turn.commands.push({ type: "wake", atNs: turn.nowNs + this.#holdings.protectMs * 1e6 });
        return false;
      case "refused":
        leg.isEnded = true;
        if (!isFormer) this.#onRefused(trade, leg, change, turn);
        return false;
      // Cover does not wait for trades that a powerless stop may have had: the new one only reduces.
      case "powerless":
      case "ended":
        leg.isEnded = true;
        if (order.state === "missing") this.#holdings.unprotected(leg.clientOrderId, turn.nowMs);
        if (isFormer) trade.formerStop = null;
        else if (this.#leaveIfStopsGetLost(trade, change, turn)) return false;
        this.guard(trade, turn);
        return false;
      default:
        change satisfies never;
        return false;
    }
  }

  /** A form or a size that the venue does not take has one other form; what cannot be guarded is left. */
  #onRefused(trade: Trade, leg: Leg, { code }: Extract<Told, { type: "refused" }>, turn: Turn): void {
    if (code === "NOT_SENT" && !this.#holdings.maySend) {
      this.#postpone(trade, turn);
      return;
    }
    if (PASSING.has(code) && this.#triesAgain(trade, turn)) return;
    const isForm = code === "FORM_REFUSED";
    if ((isForm || SIZE_REFUSALS.has(code)) && !leg.isWhole && trade.qtySteps > 0) {
      if (isForm) this.#holdings.isStopFormWhole = true;
      trade.isStopWhole = true;
      this.guard(trade, turn);
      return;
    }
    // Its prices are counted otherwise now: the next entry could not be guarded either (EX15).
    if (code === "PRICE_FILTER") this.#holdings.blockForDay(trade.symbolId, turn.nowMs);
    // No stop of any form: nothing may be entered before a person has looked (EX41).
    if (isForm) this.#holdings.halt("protection");
    // The price may be beyond the stop already.
    this.#closing.beginExit(trade, "unguarded", turn);
  }

  /** False: what is held would be bare for too long. Where another stop stands there is time. */
  #triesAgain(trade: Trade, turn: Turn): boolean {
    const { coverDueMs, qtySteps } = trade;
    const dueMs = turn.nowMs + (coverDueMs === null ? FOREIGN_STOP_MS : STOP_AGAIN_MS);
    const isTooLate = coverDueMs !== null && dueMs >= coverDueMs;
    if (qtySteps === 0 || isTooLate || !this.#holdings.options.isVenueRemote) return false;
    trade.stopDueMs = dueMs;
    return true;
  }

  /** Nobody of ours ended this stop: what loses them again and again, or at the trigger, is left, and true is returned. */
  #leaveIfStopsGetLost(trade: Trade, { order }: Told, turn: Turn): boolean {
    if (trade.qtySteps === 0) return false;
    if (order.endStatus === "rejected") {
      // Its target was in the way, as far as anybody knows: there is no new one (EX33).
      trade.targetsLost = TARGETS_LOST_MAX;
      this.#closing.beginExit(trade, "unguarded", turn);
      return true;
    }
    const { stopsLostMax, stopsLostWindowMs } = this.#holdings.options.protocol;
    const recent = trade.stopsLostMs.filter((lostMs) => lostMs > turn.nowMs - stopsLostWindowMs);
    trade.stopsLostMs = [...recent, turn.nowMs].slice(-stopsLostMax);
    if (trade.stopsLostMs.length >= stopsLostMax) {
      this.#holdings.blockForDay(trade.symbolId, turn.nowMs);
      this.#closing.beginExit(trade, "unguarded", turn);
      return true;
    }
    // A person may have put another one in its place: that is what is asked for first.
    if (this.#holdings.options.isVenueRemote && order.endStatus === "canceled" && !order.isCancelled) {
      trade.stopDueMs = turn.nowMs + FOREIGN_STOP_MS;
      turn.commands.push({ type: "ask", query: { type: "open-orders" } });
    }
    return false;
  }

  /** What rests was listed: a person's stop that does instead of ours, or that is gone. */
  listed(orders: readonly OpenOrder[], askedMs: number, turn: Turn): void {
    for (const trade of this.#holdings.openTrades()) {
      if (trade.foreignStop !== null && !orders.some((one) => isOf(one, trade.foreignStop)))
        trade.foreignStop = null;
      else if (trade.stopDueMs !== null && askedMs >= trade.stopDueMs - FOREIGN_STOP_MS) {
        const found = orders.find((one) => this.#isForeignCover(one, trade));
        trade.foreignStop = found === undefined ? null : foreignLeg(found);
        trade.stopDueMs = null;
      } else continue;
      this.guard(trade, turn);
    }
  }

  /** Somebody else's order was told of. */
  heard({ clientOrderId, symbolId, status }: OrderUpdate, turn: Turn): void {
    const trade = this.#holdings.trades.get(symbolId);
    if (trade?.foreignStop?.clientOrderId !== clientOrderId || status === "new") return;
    trade.foreignStop = null;
    this.guard(trade, turn);
  }

  /** All of it, at our price or tighter. */
  #isForeignCover({ request }: OpenOrder, trade: Trade): boolean {
    const { symbolId, type, side, isReduceOnly, clientOrderId } = request;
    if (symbolId !== trade.symbolId || type !== "stop-market" || side === trade.side) return false;
    if (this.#holdings.isOwn(clientOrderId) || !isReduceOnly) return false;
    const isAll = request.isClosePosition === true || request.qtySteps >= trade.qtySteps;
    return isAll && trade.side * (request.triggerTicks - stopTicks(trade)) >= 0;
  }
}

function isCoveredByForeign({ foreignStop, qtySteps }: Trade): boolean {
  return foreignStop !== null && (foreignStop.isWhole || foreignStop.qtySteps >= qtySteps);
}

/** It is as large as what is held, and stands where the plan wants it. One that closes everything has no second beside it. */
function isFit(stop: Leg, trade: Trade): boolean {
  if (stop.isWhole) return true;
  return stop.qtySteps - stop.filledSteps >= trade.qtySteps && stop.ticks === stopTicks(trade);
}

function isOf({ request }: OpenOrder, leg: Leg | null): boolean {
  return request.clientOrderId === leg?.clientOrderId;
}

function foreignLeg({ request }: OpenOrder): Leg {
  const { clientOrderId, qtySteps } = request;
  const isStop = request.type === "stop-market";
  return {
    clientOrderId,
    ticks: isStop ? request.triggerTicks : 0,
    qtySteps,
    isWhole: isStop && request.isClosePosition === true,
    filledSteps: 0,
    isConfirmed: true,
    isEnded: false,
  };
}
