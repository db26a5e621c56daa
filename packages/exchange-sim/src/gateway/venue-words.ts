import type { Fill, OpenOrder, OrderRequest, OrderStatus, OrderUpdate } from "@smcq/exchange";
import { priceTicks, qtySteps } from "@smcq/kernel";
import type {
  AlgoStatus,
  AlgoWish,
  OrderWish,
  VenueAlgo,
  VenueOrder,
  VenueOrderStatus,
  VenueTrade,
} from "../venue/orders.ts";
import type { VenueRules } from "../venue/venue-rules.ts";

/** The venue's words in those of the port. */
export const STATUS: Readonly<Record<VenueOrderStatus | AlgoStatus, OrderStatus>> = {
  NEW: "new",
  PARTIALLY_FILLED: "partially-filled",
  FILLED: "filled",
  CANCELED: "canceled",
  EXPIRED: "expired",
  EXPIRED_IN_MATCH: "expired",
  REJECTED: "rejected",
  TRIGGERING: "triggering",
  TRIGGERED: "triggered",
  FINISHED: "finished",
};

/** A request of the port in the venue's words. Closing orders never die of our own resting ones (docs/trading.md 5). */
export function wishOf(
  request: OrderRequest,
  { tickE8, trading }: VenueRules,
): { readonly type: "order"; readonly wish: OrderWish } | { readonly type: "algo"; readonly wish: AlgoWish } {
  const { symbolId, side, isReduceOnly } = request;
  const qtyE8 = BigInt(request.qtySteps) * trading.stepE8;
  const selfTradePrevention = request.role === "entry" ? "EXPIRE_TAKER" : "EXPIRE_MAKER";
  const base = { symbolId, side, qtyE8, isReduceOnly, selfTradePrevention } as const;
  const { clientOrderId } = request;
  switch (request.type) {
    case "market": {
      const wish = { ...base, clientOrderId, type: "MARKET", timeInForce: "GTC", priceE8: 0n } as const;
      return { type: "order", wish };
    }
    case "limit": {
      const { timeInForce } = request;
      const priceE8 = BigInt(request.priceTicks) * tickE8;
      return { type: "order", wish: { ...base, clientOrderId, type: "LIMIT", timeInForce, priceE8 } };
    }
    case "stop-market": {
      const wish: AlgoWish = {
        ...base,
        // What closes whatever is held says no quantity (docs/binance.md 5.3).
        ...(request.isClosePosition === true ? { qtyE8: 0n, isReduceOnly: false } : {}),
        clientAlgoId: clientOrderId,
        type: "STOP_MARKET",
        triggerPriceE8: BigInt(request.triggerTicks) * tickE8,
        priceE8: 0n,
        timeInForce: "GTC",
        isClosePosition: request.isClosePosition === true,
        workingType: request.workingType === "mark" ? "MARK_PRICE" : "CONTRACT_PRICE",
        isPriceProtected: false,
      };
      return { type: "algo", wish };
    }
    default:
      return request satisfies never;
  }
}

/** A trade; that of an order which a conditional one became is told of the conditional one. */
export function fillOf(trade: VenueTrade, { tickE8, trading }: VenueRules): Fill {
  return {
    tradeId: trade.tradeId,
    clientOrderId: trade.clientAlgoId ?? trade.clientOrderId,
    symbolId: trade.symbolId,
    side: trade.side,
    priceTicks: priceTicks(Number(trade.priceE8 / tickE8)),
    qtySteps: qtySteps(Number(trade.qtyE8 / trading.stepE8)),
    feeE8: trade.commissionE8,
    ...(trade.otherFee === null ? {} : { otherFee: trade.otherFee }),
    isMaker: trade.isMaker,
    timeMs: trade.timeMs,
  };
}

/** What happened to an order; of one that a conditional order became, the trades alone: its end is the other's. */
export function orderUpdateOf(order: VenueOrder, trade: VenueTrade | null, rules: VenueRules): OrderUpdate {
  const isChild = order.clientAlgoId !== null;
  return {
    clientOrderId: order.clientAlgoId ?? order.clientOrderId,
    symbolId: order.symbolId,
    status: isChild ? "triggered" : STATUS[order.status],
    cumQtySteps: qtySteps(Number(order.executedE8 / rules.trading.stepE8)),
    fill: trade === null ? null : fillOf(trade, rules),
    timeMs: order.updatedMs,
  };
}

export function algoUpdateOf(algo: VenueAlgo, { trading }: VenueRules): OrderUpdate {
  return {
    clientOrderId: algo.clientAlgoId,
    symbolId: algo.symbolId,
    status: STATUS[algo.status],
    cumQtySteps: qtySteps(Number(algo.actualQtyE8 / trading.stepE8)),
    fill: null,
    timeMs: algo.updatedMs,
  };
}

export function openOrderOf(order: VenueOrder, { tickE8, trading }: VenueRules): OpenOrder {
  const { symbolId, side, isReduceOnly, orderId, timeInForce } = order;
  return {
    request: {
      symbolId,
      side,
      isReduceOnly,
      clientOrderId: order.clientAlgoId ?? order.clientOrderId,
      type: "limit",
      // FOK never waits.
      timeInForce: timeInForce === "FOK" ? "IOC" : timeInForce,
      qtySteps: qtySteps(Number(order.qtyE8 / trading.stepE8)),
      priceTicks: priceTicks(Number(order.priceE8 / tickE8)),
    },
    orderId,
    cumQtySteps: qtySteps(Number(order.executedE8 / trading.stepE8)),
  };
}

export function openAlgoOf(algo: VenueAlgo, { tickE8, trading }: VenueRules): OpenOrder {
  const { symbolId, side, clientAlgoId, algoId } = algo;
  return {
    request: {
      symbolId,
      side,
      clientOrderId: clientAlgoId,
      isReduceOnly: algo.isReduceOnly || algo.isClosePosition,
      type: "stop-market",
      qtySteps: qtySteps(Number(algo.qtyE8 / trading.stepE8)),
      triggerTicks: priceTicks(Number(algo.triggerPriceE8 / tickE8)),
      workingType: algo.workingType === "MARK_PRICE" ? "mark" : "last",
      ...(algo.isClosePosition ? { isClosePosition: true } : {}),
    },
    orderId: algoId,
    cumQtySteps: qtySteps(0),
  };
}
