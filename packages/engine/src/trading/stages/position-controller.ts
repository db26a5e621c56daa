import type { Fill } from "@smcq/exchange";
import { assert, divRound, present } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { Pace } from "@smcq/risk";
import type { Alarm } from "../alarm.ts";
import { ADL_PAUSE_MS, adopted, adoptedStopTicks, foreignReason } from "../adoption.ts";
import { type Booked, isUnexplained } from "../books.ts";
import type { Holdings } from "../holdings.ts";
import { coveredSteps, type Trade } from "../trade.ts";
import { recordOf } from "../trade-record.ts";
import type { ExitReason } from "../trading-events.ts";
import { type ClosingOrders, stopTicks, type Turn } from "./closing-orders.ts";
import type { OrderChange, TrackedOrder } from "./order-tracker.ts";

/** What the trade of an order has to hear besides its fills. */
type Told = Exclude<OrderChange, { type: "appeared" | "filled" }>;

/** A fill, and how the books have taken it. */
export interface HeardFill {
  readonly fill: Fill;
  /** Null: of nobody of ours, or of an order that is not kept any more. */
  readonly order: TrackedOrder | null;
  readonly booked: Booked;
}

/** Targets of a trade that may end without a word of ours; then it goes on without. */
export const TARGETS_LOST_MAX = 3;

/**
 * Keeps every position guarded, and knows when it is over (docs/trading.md 5): a stop from the first fill on, a target
 * once the stop stands, the market order once the target is out of the way, and nothing left resting at the end.
 */
export class PositionController {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #pace: Pace;
  readonly #alarm: Alarm;

  constructor(
    parts: { readonly holdings: Holdings; readonly closing: ClosingOrders; readonly pace: Pace },
    alarm: Alarm,
  ) {
    this.#holdings = parts.holdings;
    this.#closing = parts.closing;
    this.#pace = parts.pace;
    this.#alarm = alarm;
  }

  /** Takes what an event changed about orders; `booked`: its fill in the books, if it had one. */
  on(changes: readonly OrderChange[], booked: Booked, turn: Turn): void {
    for (const change of changes) {
      const { order } = change;
      const trade = this.#holdings.trades.get(order.request.symbolId);
      if (change.type === "filled") this.onFill({ fill: change.fill, order, booked }, turn);
      else if (change.type === "appeared") this.#closing.takeBack(order.request, turn);
      else if (trade !== undefined) this.#onChange(trade, change, turn);
      else if (change.type === "working") this.#closing.takeBack(order.request, turn);
    }
  }

  #onChange(trade: Trade, change: Told, turn: Turn): void {
    const { order } = change;
    switch (order.request.role) {
      case "entry":
        if (trade.entryOrderId === order.request.clientOrderId) this.#onEntry(trade, change, turn);
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

  /**
   * Takes a fill, whoever's order it was: what is held afterwards says what it did to the trade of its symbol. A position
   * that no trade explains is adopted.
   */
  onFill(heard: HeardFill, turn: Turn): void {
    const { fill, order, booked } = heard;
    const { portfolio, trades } = this.#holdings;
    const position = portfolio.position(fill.symbolId);
    if (order === null) this.#tell(fill, turn);
    const trade = trades.get(fill.symbolId);
    if (trade === undefined) {
      if (position !== null) this.#adopt(position, fill, turn);
      return;
    }
    if (isFormer(trade, heard)) return;
    trade.realisedE8 += booked.realisedE8;
    if (position !== null && position.side !== trade.side) this.#turnAround(trade, position, heard, turn);
    else if (position !== null && fill.side === trade.side) this.#grow(trade, position, heard, turn);
    else this.#reduce(trade, position, heard, turn);
  }

  /** What the venue did by itself has consequences of its own. */
  #tell({ clientOrderId, symbolId }: Fill, { nowMs }: Turn): void {
    const reason = foreignReason(clientOrderId, this.#holdings.options.engineId);
    if (reason === "liquidation") this.#holdings.halt("liquidation");
    if (reason === "adl") this.#holdings.block(symbolId, nowMs + ADL_PAUSE_MS);
  }

  #adopt(position: Position, fill: Fill, turn: Turn): void {
    const { symbolId } = position;
    const symbol = present(this.#holdings.symbol(symbolId), "Invariant: what is held has rules");
    const trade = adopted(this.#holdings, position, fill, symbol);
    trade.feesE8 = fill.feeE8;
    this.#holdings.keepTrade(trade);
    this.#guard(trade, turn);
  }

  /** More is held. What our entry did not buy is a person's: from then on all of it is guarded, and left to that person. */
  #grow(trade: Trade, position: Position, { fill, order, booked }: HeardFill, turn: Turn): void {
    // What nobody explains is the entry's that is under way, as long as one is.
    const isOwn = isUnexplained(fill)
      ? !trade.isEntryEnded
      : order?.request.clientOrderId === trade.entryOrderId;
    if (trade.entryMs === 0) trade.entryMs = fill.timeMs;
    trade.qtySteps = position.qtySteps;
    trade.avgPrice = position.avgPrice;
    trade.feesE8 += fill.feeE8;
    if (trade.phase === "entering") trade.phase = "naked";
    // A row had told of what it fully explains.
    if (!isOwn && booked.explainedSteps < fill.qtySteps) this.#takeOver(trade, fill, turn);
    this.#guard(trade, turn);
    // An exit that waits for the target's end goes on waiting.
    if (trade.targetDueMs === null) this.#closing.exit(trade, turn);
  }

  /** The stop stays where it stood, for the part that was ours. */
  #takeOver(trade: Trade, fill: Fill, turn: Turn): void {
    if (trade.isAdopted) return;
    trade.isAdopted = true;
    trade.adoptedStopTicks = trade.stop?.ticks ?? adoptedStopTicks(trade.side, fill.priceTicks);
    if (trade.target !== null && !trade.target.isEnded) this.#closing.cancelTarget(trade, trade.target, turn);
  }

  /** Books a fill that reduces, and at flat ends the trade, unless its entry may fill still. */
  #reduce(trade: Trade, position: Position | null, heard: HeardFill, turn: Turn): void {
    const { fill, order, booked } = heard;
    // What a row had told already is counted.
    const steps = fill.qtySteps - booked.explainedSteps;
    this.#book(trade, fill, { steps, feeE8: fill.feeE8, order });
    trade.qtySteps = position?.qtySteps ?? 0;
    for (const leg of [trade.stop, trade.formerStop, trade.target])
      if (order !== null && leg?.clientOrderId === order.request.clientOrderId) {
        leg.filledSteps = order.filledSteps;
        leg.isEnded ||= leg.filledSteps >= leg.qtySteps;
      }
    if (trade.qtySteps > 0) {
      if (order === null) this.#fit(trade, turn);
    } else if (trade.isEntryEnded) this.#close(trade, turn);
  }

  /** Somebody sold (or bought back) more than was held: what was ours is over, the rest is adopted. */
  #turnAround(trade: Trade, position: Position, { fill, order }: HeardFill, turn: Turn): void {
    const steps = trade.qtySteps;
    const feeE8 = divRound(fill.feeE8 * BigInt(steps), BigInt(fill.qtySteps));
    if (steps > 0) this.#book(trade, fill, { steps, feeE8, order });
    trade.qtySteps = 0;
    if (trade.exitReason === null) this.#forget(trade);
    else this.#close(trade, turn);
    this.#adopt(position, { ...fill, feeE8: fill.feeE8 - (steps > 0 ? feeE8 : 0n) }, turn);
  }

  #book(
    trade: Trade,
    { clientOrderId, priceTicks, timeMs }: Fill,
    part: { readonly steps: number; readonly feeE8: bigint; readonly order: TrackedOrder | null },
  ): void {
    trade.feesE8 += part.feeE8;
    trade.exitFills.qtySteps += part.steps;
    trade.exitFills.sumTicks += priceTicks * part.steps;
    trade.exitMs = timeMs;
    trade.exitReason =
      part.order === null
        ? foreignReason(clientOrderId, this.#holdings.options.engineId)
        : reasonOf(trade, part.order);
  }

  /** Less is held than stop and target were made for: smaller ones take their place. */
  #fit(trade: Trade, turn: Turn): void {
    const { stop, target } = trade;
    const isTooLarge = stop !== null && stop.qtySteps - stop.filledSteps > trade.qtySteps;
    if (isTooLarge && stop.isConfirmed && !stop.isEnded && trade.formerStop === null) {
      trade.formerStop = stop;
      this.#closing.placeStop(trade, turn);
    }
    if (target !== null && !target.isEnded && target.qtySteps - target.filledSteps > trade.qtySteps)
      this.#closing.cancelTarget(trade, target, turn);
  }

  #onEntry(trade: Trade, change: Told, turn: Turn): void {
    if (change.type !== "refused" && change.type !== "ended") return;
    trade.isEntryEnded = true;
    if (trade.qtySteps > 0) {
      this.#guard(trade, turn);
      this.#offer(trade, turn);
    } else if (trade.exitReason !== null) this.#close(trade, turn);
    else {
      const { symbolId, tradeId } = trade;
      const reason = change.type === "refused" ? change.code : "UNFILLED";
      turn.commands.push({ type: "entry-failed", symbolId, tradeId, reason });
      this.#forget(trade);
    }
  }

  /** An exit that ends with something left is sent again, and not for ever. */
  #onExit(trade: Trade, change: Told, turn: Turn): void {
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
      const { protectMs } = this.#holdings;
      trade.coverDueMs = turn.nowMs + protectMs;
      // A first stop's own word asks for the wake; a fill beyond a stop that stands has no other.
      if (coveredSteps(trade) > 0) turn.commands.push({ type: "wake", atNs: turn.nowNs + protectMs * 1e6 });
    }
  }

  /** What is due by now: an exit whose target tells no end, a position whose stop tells nothing. */
  overdue(turn: Turn): void {
    for (const trade of this.#holdings.trades.values()) {
      if (trade.targetDueMs !== null && turn.nowMs >= trade.targetDueMs) this.#closing.exit(trade, turn);
      if (trade.coverDueMs !== null) this.#alarm.at(trade.coverDueMs, turn);
      if (trade.coverDueMs === null || turn.nowMs < trade.coverDueMs || trade.qtySteps === 0) continue;
      trade.coverDueMs = null;
      this.#closing.beginExit(trade, "unguarded", turn);
    }
  }

  #onStop(trade: Trade, change: Told, turn: Turn): void {
    const { order } = change;
    const isFormer = trade.formerStop?.clientOrderId === order.request.clientOrderId;
    const leg = isFormer ? trade.formerStop : trade.stop;
    if (leg === null || leg.clientOrderId !== order.request.clientOrderId) return;
    switch (change.type) {
      case "working":
        leg.isConfirmed = true;
        this.#onGuarded(trade, turn);
        return;
      case "unknown":
        turn.commands.push({
          type: "wake",
          atNs: turn.nowNs + this.#holdings.protectMs * 1e6,
        });
        return;
      case "refused":
        leg.isEnded = true;
        // The price may be beyond the stop already: what cannot be guarded is left.
        if (!isFormer) this.#closing.beginExit(trade, "unguarded", turn);
        return;
      // Cover does not wait for trades that a powerless stop may have had: the new one only reduces.
      case "powerless":
      case "ended":
        leg.isEnded = true;
        if (order.state === "missing") this.#holdings.unprotected(leg.clientOrderId, turn.nowMs);
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
    const { stopsLostMax, stopsLostWindowMs } = this.#holdings.options.protocol;
    const recent = trade.stopsLostMs.filter((lostMs) => lostMs > turn.nowMs - stopsLostWindowMs);
    trade.stopsLostMs = [...recent, turn.nowMs].slice(-stopsLostMax);
    if (trade.stopsLostMs.length < stopsLostMax) return false;
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

  /** The target: when the entry is over and the stop for all of it stands; again when the venue has ended it. */
  #offer(trade: Trade, turn: Turn): void {
    const { stop, target } = trade;
    if (!trade.isEntryEnded || trade.isAdopted || trade.wantedExit !== null || trade.qtySteps === 0) return;
    if (target !== null && (!target.isEnded || trade.targetsLost >= TARGETS_LOST_MAX)) return;
    if (stop !== null && stop.isConfirmed && !stop.isEnded && coveredSteps(trade) >= trade.qtySteps)
      this.#closing.placeTarget(trade, turn);
  }

  #onTarget(trade: Trade, change: Told, turn: Turn): void {
    const leg = trade.target;
    if (leg === null || leg.clientOrderId !== change.order.request.clientOrderId) return;
    if (change.type === "working") leg.isConfirmed = true;
    else if (change.type === "ended" || change.type === "refused") {
      leg.isEnded = true;
      if (trade.wantedExit === null) trade.targetsLost += change.type === "ended" ? 1 : TARGETS_LOST_MAX;
      this.#closing.exit(trade, turn);
      this.#offer(trade, turn);
    }
  }

  #close(trade: Trade, turn: Turn): void {
    assert(trade.exitReason !== null, "Invariant: a trade that is flat has a reason");
    for (const leg of [trade.stop, trade.formerStop])
      if (leg !== null && !leg.isEnded) this.#closing.cancelStop(trade, leg, turn);
    const { target } = trade;
    if (target !== null && !target.isEnded) this.#closing.cancelTarget(trade, target, turn);
    // What a person opened and lost says nothing of our setups.
    if (trade.exitReason === "stop" && !trade.isAdopted) this.#pace.stopped(trade.symbolId, trade.exitMs);
    turn.commands.push({ type: "trade-closed", trade: recordOf(trade) });
    this.#forget(trade);
  }

  #forget(trade: Trade): void {
    trade.phase = "closed";
    this.#holdings.dropTrade(trade);
  }
}

/** A fill that closed a former trade and comes late: a row had told of it, and nothing of this trade was ever closed. */
function isFormer({ side, exitReason }: Trade, { fill, booked }: HeardFill): boolean {
  return fill.side !== side && exitReason === null && booked.explainedSteps === fill.qtySteps;
}

/** What an order that closed a position says about why. */
function reasonOf(trade: Trade, { request }: TrackedOrder): ExitReason {
  if (request.role === "stop" || request.role === "target") return request.role;
  return trade.exit?.reason ?? trade.wantedExit ?? trade.owedExit ?? "operator";
}
