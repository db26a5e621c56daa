import type { Fill } from "@smcq/exchange";
import { assert, divRound, present } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { Pace } from "@smcq/risk";
import { ADL_PAUSE_MS, adopted, adoptedStopTicks, foreignReason } from "../adoption.ts";
import { type Booked, isUnexplained } from "../books.ts";
import { EntryRefusals } from "../entry-refusals.ts";
import type { Holdings } from "../holdings.ts";
import { coveredSteps, type Trade } from "../trade.ts";
import { recordOf } from "../trade-record.ts";
import type { ExitReason } from "../trading-events.ts";
import {
  BAND_RATIOS,
  type ClosingOrders,
  SIZE_REFUSALS,
  TARGETS_LOST_MAX,
  type Turn,
} from "./closing-orders.ts";
import type { Cover } from "./cover.ts";
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

/**
 * Keeps every position guarded, and knows when it is over (docs/trading.md 5): a stop from the first fill on, a target
 * once the stop stands, the market order once the target is out of the way, and nothing left resting at the end.
 */
export class PositionController {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #pace: Pace;
  readonly #cover: Cover;
  readonly #refusals: EntryRefusals;

  constructor(parts: {
    readonly holdings: Holdings;
    readonly closing: ClosingOrders;
    readonly pace: Pace;
    readonly cover: Cover;
  }) {
    this.#holdings = parts.holdings;
    this.#closing = parts.closing;
    this.#pace = parts.pace;
    this.#cover = parts.cover;
    this.#refusals = new EntryRefusals(parts.holdings);
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
        if (this.#cover.onStop(trade, change, turn)) this.#offer(trade, turn);
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
    this.#onFill(heard, turn);
    this.#holdings.assignPayments(heard.fill.symbolId);
  }

  #onFill(heard: HeardFill, turn: Turn): void {
    const { fill, order, booked } = heard;
    const { portfolio, trades } = this.#holdings;
    const position = portfolio.position(fill.symbolId);
    if (order === null) this.#tell(fill, turn);
    const trade = trades.get(fill.symbolId);
    if (trade === undefined) {
      if (position !== null) this.#adopt(position, fill, turn);
      else if (booked.explainedSteps > 0) this.#amend(heard);
      return;
    }
    if (isFormer(trade, heard)) {
      this.#amend(heard);
      return;
    }
    trade.realisedE8 += booked.realisedE8;
    if (position !== null && position.side !== trade.side) this.#turnAround(trade, position, heard, turn);
    else if (position !== null && fill.side === trade.side) this.#grow(trade, position, heard, turn);
    else if (fill.side === trade.side) this.#hearEntry(trade, heard, turn);
    else this.#reduce(trade, position, heard, turn);
  }

  /** A row had closed the symbol's last trade, and is told now: at which price, when and why the trade was closed. */
  #amend({ fill, order, booked }: HeardFill): void {
    const trade = this.#holdings.amendClosed(fill, booked.realisedE8);
    if (trade === null) return;
    putRight(trade, fill, booked);
    if (fill.side === trade.side) return;
    // What came behind the row says why.
    if (trade.exitMs !== booked.explainedMs && fill.timeMs < trade.exitMs) return;
    const wasStopped = trade.exitReason === "stop";
    trade.exitMs = fill.timeMs;
    trade.exitReason = this.#reasonOf(trade, fill, order);
    if (trade.exitReason === "stop" && !wasStopped) this.#stopped(trade);
  }

  /** What the venue did by itself has consequences of its own. */
  #tell({ clientOrderId, symbolId }: Fill, { nowMs }: Turn): void {
    const reason = foreignReason(clientOrderId, this.#holdings.isOwn(clientOrderId));
    if (reason === "liquidation") this.#holdings.halt("liquidation");
    if (reason === "adl") this.#holdings.block(symbolId, nowMs + ADL_PAUSE_MS);
  }

  #adopt(position: Position, fill: Fill, turn: Turn): void {
    const { symbolId } = position;
    const symbol = present(this.#holdings.symbol(symbolId), "Invariant: what is held has rules");
    const trade = adopted(this.#holdings, position, fill, symbol);
    trade.feesE8 = fill.feeE8;
    this.#holdings.keepTrade(trade);
    this.#cover.guard(trade, turn);
  }

  /** More is held. What our entry did not buy is a person's: from then on all of it is guarded, and left to that person. */
  #grow(trade: Trade, position: Position, { fill, order, booked }: HeardFill, turn: Turn): void {
    // What nobody explains is the entry's that is under way, as long as one is.
    const isOwn = isUnexplained(fill)
      ? !trade.isEntryEnded
      : order?.request.clientOrderId === trade.entryOrderId;
    // What a row told of was held before anybody knew: payments since are its own.
    if (trade.entryMs === 0 || (booked.explainedSteps > 0 && fill.timeMs < trade.entryMs))
      trade.entryMs = fill.timeMs;
    trade.qtySteps = position.qtySteps;
    trade.avgPrice = position.avgPrice;
    trade.feesE8 += fill.feeE8;
    if (trade.phase === "entering") trade.phase = "naked";
    // A row had told of what it fully explains.
    if (!isOwn && booked.explainedSteps < fill.qtySteps) this.#takeOver(trade, fill, turn);
    this.#cover.guard(trade, turn);
    // An exit that waits for the target's end goes on waiting.
    if (trade.exitDueMs === null) this.#closing.exit(trade, turn);
  }

  /** What it bought is sold already: a row had told of it. */
  #hearEntry(trade: Trade, { fill, booked }: HeardFill, turn: Turn): void {
    trade.entryMs = Math.min(trade.entryMs, fill.timeMs);
    trade.feesE8 += fill.feeE8;
    putRight(trade, fill, booked);
    if (trade.isEntryEnded) this.#close(trade, turn);
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
    putRight(trade, fill, booked);
    trade.qtySteps = position?.qtySteps ?? 0;
    for (const leg of [trade.stop, trade.formerStop, trade.target])
      if (order !== null && leg?.clientOrderId === order.request.clientOrderId) {
        leg.filledSteps = order.filledSteps;
        leg.isEnded ||= !leg.isWhole && leg.filledSteps >= leg.qtySteps;
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
    fill: Fill,
    part: { readonly steps: number; readonly feeE8: bigint; readonly order: TrackedOrder | null },
  ): void {
    trade.feesE8 += part.feeE8;
    trade.exitFills.qtySteps += part.steps;
    trade.exitFills.sumTicks += fill.priceTicks * part.steps;
    trade.exitMs = fill.timeMs;
    trade.exitReason = this.#reasonOf(trade, fill, part.order);
  }

  #reasonOf(trade: Trade, { clientOrderId }: Fill, order: TrackedOrder | null): ExitReason {
    if (order !== null) return reasonOf(trade, order);
    return foreignReason(clientOrderId, this.#holdings.isOwn(clientOrderId));
  }

  /** Less is held than stop and target were made for: smaller ones take their place. */
  #fit(trade: Trade, turn: Turn): void {
    const { target } = trade;
    this.#cover.fit(trade, turn);
    if (target !== null && !target.isEnded && target.qtySteps - target.filledSteps > trade.qtySteps)
      this.#closing.cancelTarget(trade, target, turn);
  }

  #onEntry(trade: Trade, change: Told, turn: Turn): void {
    if (change.type === "working") this.#refusals.taken(trade.symbolId);
    if (change.type !== "refused" && change.type !== "ended") return;
    trade.isEntryEnded = true;
    if (trade.qtySteps > 0) {
      this.#cover.guard(trade, turn);
      this.#offer(trade, turn);
    } else if (trade.exitReason !== null) this.#close(trade, turn);
    else {
      const { symbolId, tradeId } = trade;
      const reason = change.type === "refused" ? change.code : "UNFILLED";
      if (change.type === "refused") this.#refusals.refused(symbolId, change.code, turn.nowMs);
      turn.commands.push({ type: "entry-failed", symbolId, tradeId, reason });
      this.#forget(trade);
    }
  }

  /** An exit that ends with something left is sent again, and not for ever. */
  #onExit(trade: Trade, change: Told, turn: Turn): void {
    if (trade.exit?.clientOrderId !== change.order.request.clientOrderId) return;
    if (change.type !== "refused" && change.type !== "ended") return;
    const { filledSteps, request } = change.order;
    const halfSteps = Math.floor(request.qtySteps / 2);
    const { minQtySteps } = this.#holdings.portfolio.rules(trade.symbolId);
    if (change.type === "refused" && SIZE_REFUSALS.has(change.code) && halfSteps >= minQtySteps) {
      // More than the venue takes at once: half of it, and no try is lost.
      trade.exitStepsMax = halfSteps;
      this.#closing.exitAgain(trade, true, turn);
    } else {
      const isBandless = change.type === "refused" && change.code === "PERCENT_PRICE";
      trade.bandTries =
        isBandless || trade.bandTries > 0 ? (trade.bandTries + 1) % (BAND_RATIOS.length + 1) : 0;
      this.#closing.exitAgain(trade, filledSteps === request.qtySteps, turn);
    }
    if (trade.wantedExit === null) this.#cover.guard(trade, turn);
  }

  /** The clock was set back, or set right: nothing about a position is due later than if it had been begun now (CL01). */
  setBack(nowMs: number): void {
    for (const trade of this.#holdings.trades.values()) {
      this.#closing.setBack(trade, nowMs);
      this.#cover.setBack(trade, nowMs);
    }
  }

  /** What is due by now: an exit that waits for its target's end or its next try, a position whose stop tells nothing. */
  overdue(turn: Turn): void {
    for (const trade of this.#holdings.trades.values()) {
      if (trade.exitDueMs !== null && turn.nowMs >= trade.exitDueMs) {
        this.#closing.exit(trade, turn);
        // Given up for now: as guarded as it was before.
        if (trade.wantedExit === null) this.#cover.guard(trade, turn);
      }
      this.#cover.overdue(trade, turn);
    }
  }

  /** The account is this host's again, after it was not: what was held back is sent. */
  sendAgain(turn: Turn): void {
    for (const trade of this.#holdings.openTrades())
      if (trade.wantedExit !== null) this.#closing.exitNow(trade, turn);
      else this.#cover.guardAgain(trade, turn);
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
    const record = recordOf(trade);
    if (record.entrySlippage !== null) this.#holdings.slippage.note(trade.symbolId, record.entrySlippage);
    if (trade.exitReason === "stop") this.#stopped(trade);
    turn.commands.push({ type: "trade-closed", trade: record });
    this.#forget(trade);
  }

  /** Its stop has left it: what that cost, and that it counts; what a person opened and lost says nothing of our setups. */
  #stopped(trade: Trade): void {
    const { stopSlippage } = recordOf(trade);
    if (stopSlippage !== null) this.#holdings.slippage.note(trade.symbolId, stopSlippage);
    if (!trade.isAdopted) this.#pace.stopped(trade.symbolId, trade.exitMs);
  }

  #forget(trade: Trade): void {
    trade.phase = "closed";
    this.#holdings.dropTrade(trade);
  }
}

/** A fill of a former trade that comes late: a row had told of it, and of this trade nothing was ever closed, or held. */
function isFormer({ side, entryMs, exitReason }: Trade, { fill, booked }: HeardFill): boolean {
  const isOlder = fill.side !== side || entryMs === 0;
  return isOlder && exitReason === null && booked.explainedSteps === fill.qtySteps;
}

/** Steps that a row had told at a price of its own were bought, or sold, at the fill's. */
function putRight(
  trade: Trade,
  { side, priceTicks }: Fill,
  { explainedSteps, explainedTicks }: Booked,
): void {
  const { exitFills, rules } = trade;
  const offTicks = (priceTicks - explainedTicks) * Math.min(explainedSteps, exitFills.qtySteps);
  if (side !== trade.side) exitFills.sumTicks += offTicks;
  else if (exitFills.qtySteps > 0) trade.avgPrice += (offTicks / exitFills.qtySteps) * rules.tickSize;
}

/** What an order that closed a position says about why. */
function reasonOf(trade: Trade, { request }: TrackedOrder): ExitReason {
  if (request.role === "stop" || request.role === "target") return request.role;
  return trade.exit?.reason ?? trade.wantedExit ?? trade.owedExit ?? "operator";
}
