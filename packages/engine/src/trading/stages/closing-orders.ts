import type {
  LimitOrder,
  MarketOrder,
  OrderRequest,
  OrderRole,
  RiskApproved,
  StopMarketOrder,
} from "@smcq/exchange";
import { priceTicks, qtySteps } from "@smcq/kernel";
import { approveClosing } from "@smcq/risk";
import type { Command, EventStamp } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import { clientOrderId } from "../order-ids.ts";
import type { Leg, Trade } from "../trade.ts";
import type { ExitReason } from "../trading-events.ts";
import type { OrderTracker } from "./order-tracker.ts";

/** The event that is being processed: its time, and what is to be done because of it. */
export interface Turn extends EventStamp {
  readonly commands: Command[];
}

/** The orders that guard and leave a position: each reduce-only, each needed without anybody's review. */
export class ClosingOrders {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;

  constructor(holdings: Holdings, orders: OrderTracker) {
    this.#holdings = holdings;
    this.#orders = orders;
  }

  /** Puts a stop under what is held, at the distance of the plan from the average price. */
  placeStop(trade: Trade, turn: Turn): void {
    const ticks = stopTicks(trade);
    const order: StopMarketOrder = {
      ...this.#base(trade, "stop"),
      type: "stop-market",
      triggerTicks: priceTicks(ticks),
      workingType: "last",
    };
    trade.stop = legOf(order.clientOrderId, ticks, trade.qtySteps);
    this.#submit(approveClosing(order), turn);
  }

  /** Offers what is held at the target of the plan. */
  placeTarget(trade: Trade, turn: Turn): void {
    const ticks = targetTicks(trade);
    const order: LimitOrder = {
      ...this.#base(trade, "target"),
      type: "limit",
      timeInForce: "GTC",
      priceTicks: priceTicks(ticks),
    };
    trade.target = legOf(order.clientOrderId, ticks, trade.qtySteps);
    this.#submit(approveClosing(order), turn);
  }

  /** An order came to be when its trade was over: a cancel that was faster found nothing. */
  takeBack({ symbolId, clientOrderId, type }: OrderRequest, turn: Turn): void {
    if (type === "market") return;
    this.#orders.cancelled(clientOrderId);
    turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: type === "stop-market" });
  }

  cancelTarget({ symbolId }: Trade, { clientOrderId }: Leg, turn: Turn): void {
    this.#orders.cancelled(clientOrderId);
    turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: false });
  }

  cancelStop({ symbolId }: Trade, { clientOrderId }: Leg, turn: Turn): void {
    this.#orders.cancelled(clientOrderId);
    turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: true });
  }

  /** Begins to leave a position: the target goes first, then the market order; the stop stays until it is flat. */
  beginExit(trade: Trade, reason: ExitReason, turn: Turn): void {
    if (trade.wantedExit !== null || trade.phase === "closed") return;
    if (reason === "unguarded") this.#holdings.unprotected(`exit ${trade.tradeId}`, turn.nowMs);
    trade.wantedExit = reason;
    trade.owedExit = null;
    const { target } = trade;
    if (target === null || target.isEnded) {
      this.exit(trade, turn);
      return;
    }
    this.cancelTarget(trade, target, turn);
    const { targetEndMs } = this.#holdings;
    trade.targetDueMs = turn.nowMs + targetEndMs;
    turn.commands.push({ type: "wake", atNs: turn.nowNs + targetEndMs * 1e6 });
  }

  /** Sells (or buys back) all that is held, at once. */
  exit(trade: Trade, turn: Turn): void {
    const { wantedExit: reason, qtySteps: steps } = trade;
    if (reason === null || trade.exit !== null || steps === 0) return;
    const { exitsMax, exitWindowMs } = this.#holdings.options.protocol;
    const recent = trade.exitsSentMs.filter((sentMs) => sentMs > turn.nowMs - exitWindowMs);
    if (recent.length >= exitsMax) {
      this.#giveUpExit(trade, reason, turn);
      return;
    }
    const order: MarketOrder = { ...this.#base(trade, "exit"), type: "market" };
    trade.exit = { reason, clientOrderId: order.clientOrderId };
    trade.phase = "exiting";
    trade.targetDueMs = null;
    trade.exitsSentMs = [...recent, turn.nowMs];
    this.#submit(approveClosing(order), turn);
  }

  /** Enough was tried: guarded as before, and the reason is kept for the next minute. */
  #giveUpExit(trade: Trade, reason: ExitReason, turn: Turn): void {
    const { stop } = trade;
    trade.owedExit = reason;
    trade.wantedExit = null;
    trade.targetDueMs = null;
    const isGuarded = stop !== null && stop.isConfirmed && !stop.isEnded;
    trade.phase = isGuarded ? "guarded" : "naked";
    if (isGuarded && trade.isEntryEnded && !trade.isAdopted) this.placeTarget(trade, turn);
  }

  #base(trade: Trade, role: OrderRole): Omit<MarketOrder, "type"> {
    const { symbolId, symbol, tradeId } = trade;
    return {
      clientOrderId: clientOrderId(this.#holdings.options.engineId, role, tradeId, trade.attempts++),
      symbolId,
      symbol,
      role,
      side: trade.side > 0 ? -1 : 1,
      qtySteps: qtySteps(trade.qtySteps),
      isReduceOnly: true,
    };
  }

  #submit(order: RiskApproved<OrderRequest>, turn: Turn): void {
    this.#orders.sent(order.value, turn.nowMs);
    turn.commands.push({ type: "submit", order });
  }
}

function legOf(clientOrderId: string, ticks: number, steps: number): Leg {
  return { clientOrderId, ticks, qtySteps: steps, filledSteps: 0, isConfirmed: false, isEnded: false };
}

/** The stop at the plan's distance from the average price, rounded away from the entry (docs/trading.md 7). */
export function stopTicks({ side, avgPrice, d, rules, adoptedStopTicks }: Trade): number {
  if (adoptedStopTicks !== null) return adoptedStopTicks;
  return side > 0 ? Math.floor((avgPrice - d) / rules.tickSize) : Math.ceil((avgPrice + d) / rules.tickSize);
}

/** The target at 1.5 stop distances, rounded away from the entry. */
export function targetTicks({ side, avgPrice, d, rules }: Trade): number {
  return side > 0
    ? Math.ceil((avgPrice + 1.5 * d) / rules.tickSize)
    : Math.floor((avgPrice - 1.5 * d) / rules.tickSize);
}
