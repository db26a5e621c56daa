import { assert, e8ToNumber } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { Pace } from "@smcq/risk";
import type { Holdings } from "../holdings.ts";
import type { Trade } from "../trade.ts";
import type { ExitReason, TradeRecord } from "../trading-events.ts";
import { type ClosingOrders, stopTicks, type Turn } from "./closing-orders.ts";
import type { OrderChange, TrackedOrder } from "./order-tracker.ts";

/** What the trade of the order has to hear. */
type Told = Exclude<OrderChange, { type: "appeared" }>;
type Filled = Extract<OrderChange, { type: "filled" }>;

/** How long a position may stand without a confirmed stop; then it is left. */
export const PROTECT_MS = 1_500;
/** Stops that may end without a word of ours inside `STOPS_LOST_WINDOW_MS`; with this many the position is left. */
export const STOPS_LOST_MAX = 3;
export const STOPS_LOST_WINDOW_MS = 600_000;

/**
 * Keeps every position guarded, and knows when it is over (docs/trading.md 5): a stop from the first fill on, a target
 * once the stop stands, the market order once the target is out of the way, and nothing left resting at the end.
 */
export class PositionController {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #pace: Pace;

  constructor(holdings: Holdings, closing: ClosingOrders, pace: Pace) {
    this.#holdings = holdings;
    this.#closing = closing;
    this.#pace = pace;
  }

  /** Takes what an event changed about orders; `realisedE8` is the price result of its fill, if it had one. */
  on(changes: readonly OrderChange[], realisedE8: bigint, turn: Turn): void {
    for (const change of changes) {
      const trade = this.#holdings.trades.get(change.order.request.symbolId);
      if (change.type === "appeared" || trade === undefined) {
        if (change.type === "appeared" || change.type === "working")
          this.#closing.takeBack(change.order.request, turn);
        continue;
      }
      if (change.type === "filled") trade.realisedE8 += realisedE8;
      this.#onChange(trade, change, turn);
    }
  }

  #onChange(trade: Trade, change: Told, turn: Turn): void {
    const { order } = change;
    switch (order.request.role) {
      case "entry":
        this.#onEntry(trade, change, turn);
        return;
      case "stop":
        this.#onStop(trade, change, turn);
        return;
      case "target":
        this.#onTarget(trade, change, turn);
        return;
      case "exit":
        this.#onExit(trade, change, turn);
        return;
      case "adopted":
        return;
      default:
        order.request.role satisfies never;
    }
  }

  #onEntry(trade: Trade, change: Told, turn: Turn): void {
    if (change.type === "filled") {
      const position = this.#position(trade);
      if (trade.entryMs === 0) trade.entryMs = change.fill.timeMs;
      trade.qtySteps = position.qtySteps;
      trade.avgPrice = position.avgPrice;
      trade.feesE8 += change.fill.feeE8;
      if (trade.phase === "entering") trade.phase = "naked";
      this.#guard(trade, turn);
      this.#closing.exit(trade, turn);
    } else if (change.type === "refused" || change.type === "ended") {
      trade.isEntryEnded = true;
      if (trade.qtySteps > 0) {
        this.#guard(trade, turn);
        this.#offer(trade, turn);
      } else if (trade.exitReason !== null) this.#close(trade, turn);
      else this.#forget(trade);
    }
  }

  /** An exit that ends with something left is sent again, and not for ever. */
  #onExit(trade: Trade, change: Told, turn: Turn): void {
    if (change.type === "filled") {
      this.#onClosing(trade, change, turn);
      return;
    }
    if (trade.exit?.clientOrderId !== change.order.request.clientOrderId) return;
    if (change.type !== "refused" && change.type !== "ended") return;
    trade.exit = null;
    this.#closing.exit(trade, turn);
    if (trade.wantedExit === null) this.#guard(trade, turn);
  }

  /** The stop covers what is held, from where the plan wants it; a new one stands before the old one goes. */
  #guard(trade: Trade, turn: Turn): void {
    const { stop } = trade;
    if (trade.qtySteps === 0) return;
    if (stop === null || stop.isEnded) {
      this.#closing.placeStop(trade, turn);
    } else if (stop.qtySteps - stop.filledSteps < trade.qtySteps || stop.ticks !== stopTicks(trade)) {
      // At most two stand at once: a third fill waits for the second's word.
      if (trade.formerStop === null && stop.isConfirmed) {
        trade.formerStop = stop;
        this.#closing.placeStop(trade, turn);
      }
    }
    this.#watchCover(trade, turn);
  }

  /** What confirmed stops do not cover gets a deadline, whatever else is waited for; what they cover has none. */
  #watchCover(trade: Trade, turn: Turn): void {
    if (coveredSteps(trade) >= trade.qtySteps) trade.coverDueMs = null;
    else if (trade.coverDueMs === null) {
      trade.coverDueMs = turn.nowMs + PROTECT_MS;
      // A first stop's own word asks for the wake; a fill beyond a stop that stands has no other.
      if (coveredSteps(trade) > 0) turn.commands.push({ type: "wake", atNs: turn.nowNs + PROTECT_MS * 1e6 });
    }
  }

  /** What is due by now: an exit whose target tells no end, a position whose stop tells nothing. */
  overdue(turn: Turn): void {
    for (const trade of this.#holdings.trades.values()) {
      if (trade.targetDueMs !== null && turn.nowMs >= trade.targetDueMs) this.#closing.exit(trade, turn);
      if (trade.coverDueMs === null || turn.nowMs < trade.coverDueMs || trade.qtySteps === 0) continue;
      trade.coverDueMs = null;
      this.#closing.beginExit(trade, "unguarded", turn);
    }
  }

  #onStop(trade: Trade, change: Told, turn: Turn): void {
    const { order } = change;
    const isFormer = trade.formerStop?.clientOrderId === order.request.clientOrderId;
    const leg = isFormer ? trade.formerStop : trade.stop;
    if (change.type === "filled") {
      this.#onClosing(trade, change, turn);
      return;
    }
    if (leg === null || leg.clientOrderId !== order.request.clientOrderId) return;
    switch (change.type) {
      case "working":
        leg.isConfirmed = true;
        this.#onGuarded(trade, turn);
        return;
      case "unknown":
        turn.commands.push({ type: "wake", atNs: turn.nowNs + PROTECT_MS * 1e6 });
        return;
      case "refused":
        leg.isEnded = true;
        // The price may be beyond the stop already: what cannot be guarded is left.
        if (!isFormer) this.#closing.beginExit(trade, "unguarded", turn);
        return;
      case "ended":
        leg.isEnded = true;
        if (isFormer) trade.formerStop = null;
        else if (this.#leaveIfStopsGetLost(trade, turn)) return;
        this.#guard(trade, turn);
        return;
      default:
        change satisfies never;
    }
  }

  /** Nobody of ours ended this stop: what loses them again and again is left, and true is returned. */
  #leaveIfStopsGetLost(trade: Trade, turn: Turn): boolean {
    if (trade.qtySteps === 0) return false;
    const recent = trade.stopsLostMs.filter((lostMs) => lostMs > turn.nowMs - STOPS_LOST_WINDOW_MS);
    trade.stopsLostMs = [...recent, turn.nowMs].slice(-STOPS_LOST_MAX);
    if (trade.stopsLostMs.length < STOPS_LOST_MAX) return false;
    this.#closing.beginExit(trade, "unguarded", turn);
    return true;
  }

  #onGuarded(trade: Trade, turn: Turn): void {
    const { formerStop } = trade;
    if (formerStop !== null) this.#closing.cancelStop(trade, formerStop, turn);
    if (trade.phase === "naked") trade.phase = "guarded";
    this.#guard(trade, turn);
    this.#offer(trade, turn);
  }

  /** The target, once: when the entry is over and the stop for all of it stands. */
  #offer(trade: Trade, turn: Turn): void {
    const { stop } = trade;
    if (trade.target !== null || !trade.isEntryEnded || trade.wantedExit !== null) return;
    if (stop !== null && stop.isConfirmed && !stop.isEnded) this.#closing.placeTarget(trade, turn);
  }

  #onTarget(trade: Trade, change: Told, turn: Turn): void {
    if (change.type === "filled") {
      this.#onClosing(trade, change, turn);
      return;
    }
    const leg = trade.target;
    if (leg === null || leg.clientOrderId !== change.order.request.clientOrderId) return;
    if (change.type === "working") leg.isConfirmed = true;
    else if (change.type === "ended" || change.type === "refused") {
      leg.isEnded = true;
      this.#closing.exit(trade, turn);
    }
  }

  /** A fill that reduces: books it, and at flat ends the trade, unless its entry may fill still. */
  #onClosing(trade: Trade, { order, fill }: Filled, turn: Turn): void {
    trade.feesE8 += fill.feeE8;
    trade.exitFills.qtySteps += fill.qtySteps;
    trade.exitFills.sumTicks += fill.priceTicks * fill.qtySteps;
    trade.exitMs = fill.timeMs;
    trade.exitReason ??= reasonOf(trade, order);
    const position = this.#holdings.portfolio.position(trade.symbolId);
    trade.qtySteps = position?.qtySteps ?? 0;
    for (const leg of [trade.stop, trade.formerStop, trade.target])
      if (leg?.clientOrderId === order.request.clientOrderId) {
        leg.filledSteps = order.filledSteps;
        leg.isEnded ||= leg.filledSteps >= leg.qtySteps;
      }
    if (position === null && trade.isEntryEnded) this.#close(trade, turn);
  }

  #close(trade: Trade, turn: Turn): void {
    assert(trade.exitReason !== null, "Invariant: a trade that is flat has a reason");
    for (const leg of [trade.stop, trade.formerStop])
      if (leg !== null && !leg.isEnded) this.#closing.cancelStop(trade, leg, turn);
    const { target } = trade;
    if (target !== null && !target.isEnded) this.#closing.cancelTarget(trade, target, turn);
    if (trade.exitReason === "stop") this.#pace.stopped(trade.symbolId, trade.exitMs);
    turn.commands.push({ type: "trade-closed", trade: recordOf(trade) });
    this.#forget(trade);
  }

  #forget(trade: Trade): void {
    trade.phase = "closed";
    this.#holdings.trades.delete(trade.symbolId);
  }

  #position(trade: Trade): Position {
    const position = this.#holdings.portfolio.position(trade.symbolId);
    assert(position !== null, "Invariant: a filled entry has a position");
    return position;
  }
}

/** Steps that stops cover which the venue has told of. */
function coveredSteps({ stop, formerStop }: Trade): number {
  let steps = 0;
  for (const leg of [stop, formerStop])
    if (leg !== null && leg.isConfirmed && !leg.isEnded) steps += leg.qtySteps - leg.filledSteps;
  return steps;
}

/** What an order that closed a position says about why. */
function reasonOf(trade: Trade, { request }: TrackedOrder): ExitReason {
  if (request.role === "stop" || request.role === "target") return request.role;
  return trade.exit?.reason ?? trade.wantedExit ?? trade.owedExit ?? "operator";
}

function recordOf(trade: Trade): TradeRecord {
  const { rules, exitFills, realisedE8, feesE8, fundingE8 } = trade;
  const { qtySteps: steps, sumTicks } = exitFills;
  const pnlE8 = realisedE8 - feesE8 + fundingE8;
  return {
    tradeId: trade.tradeId,
    symbolId: trade.symbolId,
    symbol: trade.symbol,
    side: trade.side,
    setup: trade.setup,
    score: trade.score,
    signalMs: trade.signalMs,
    entryMs: trade.entryMs,
    entryPrice: trade.avgPrice,
    qtySteps: steps,
    stopTicks: trade.stop?.ticks ?? 0,
    targetTicks: trade.target?.ticks ?? 0,
    exitMs: trade.exitMs,
    exitPrice: (sumTicks / steps) * rules.tickSize,
    reason: trade.exitReason ?? "operator",
    feesE8,
    fundingE8,
    pnlE8,
    r: e8ToNumber(pnlE8) / (steps * rules.stepSize * trade.d),
    riskRatio: trade.riskRatio,
    boundBy: trade.boundBy,
  };
}
