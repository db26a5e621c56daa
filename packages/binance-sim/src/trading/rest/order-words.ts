import type { VenueAlgo, VenueOrder, VenueTrade } from "@smcq/exchange-sim";
import { notionalE8 } from "@smcq/kernel";
import type { AccountDesk } from "../account-desk.ts";
import { averageOf } from "../stream/event-words.ts";
import { averagePlaces, money, padded, sideText } from "../words.ts";

/** Reply to a placed or cancelled order: no average price, no turnover (since 2026-06-30). */
export function orderReply(desk: AccountDesk, order: VenueOrder): object {
  const { symbol, pricePlaces, qtyPlaces } = desk.known(order.symbolId);
  const { type, priceE8, qtyE8, executedE8 } = order;
  return {
    clientOrderId: order.clientOrderId,
    cumQty: padded(executedE8, qtyPlaces),
    executedQty: padded(executedE8, qtyPlaces),
    orderId: BigInt(order.orderId),
    origQty: padded(qtyE8, qtyPlaces),
    price: padded(type === "MARKET" ? 0n : priceE8, pricePlaces),
    reduceOnly: order.isReduceOnly,
    side: sideText(order.side),
    positionSide: "BOTH",
    status: order.status,
    stopPrice: padded(0n, pricePlaces),
    closePosition: order.isClosePosition,
    symbol,
    timeInForce: order.timeInForce,
    type,
    origType: type,
    updateTime: order.updatedMs,
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    priceMatch: "NONE",
    selfTradePreventionMode: order.selfTradePrevention,
    goodTillDate: 0,
  };
}

/** As `ACK` says it: taken, and nothing is known of it yet. */
export function acked(order: VenueOrder): VenueOrder {
  return { ...order, status: "NEW", executedE8: 0n, cumQuoteE8: 0n, updatedMs: order.createdMs };
}

/** An order as it is asked for: with average price, turnover and time. */
export function orderRow(desk: AccountDesk, order: VenueOrder): object {
  const { symbol, pricePlaces, qtyPlaces } = desk.known(order.symbolId);
  const { type } = order;
  return {
    avgPrice: padded(averageOf(order), averagePlaces(pricePlaces)),
    clientOrderId: order.clientOrderId,
    cumQuote: padded(order.cumQuoteE8, 8),
    executedQty: padded(order.executedE8, qtyPlaces),
    orderId: BigInt(order.orderId),
    origQty: padded(order.qtyE8, qtyPlaces),
    origType: type,
    price: padded(type === "MARKET" ? 0n : order.priceE8, pricePlaces),
    reduceOnly: order.isReduceOnly,
    side: sideText(order.side),
    positionSide: "BOTH",
    status: order.status,
    stopPrice: padded(0n, pricePlaces),
    closePosition: order.isClosePosition,
    symbol,
    time: order.createdMs,
    timeInForce: order.timeInForce,
    type,
    updateTime: order.updatedMs,
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    priceMatch: "NONE",
    selfTradePreventionMode: order.selfTradePrevention,
    goodTillDate: 0,
  };
}

/** Reply to a placed conditional order. */
export function algoReply(desk: AccountDesk, algo: VenueAlgo): object {
  const { symbol, pricePlaces, qtyPlaces } = desk.known(algo.symbolId);
  return {
    algoId: BigInt(algo.algoId),
    clientAlgoId: algo.clientAlgoId,
    algoType: "CONDITIONAL",
    orderType: algo.type,
    symbol,
    side: sideText(algo.side),
    positionSide: "BOTH",
    timeInForce: algo.timeInForce,
    quantity: padded(algo.qtyE8, qtyPlaces),
    algoStatus: algo.status,
    triggerPrice: padded(algo.triggerPriceE8, pricePlaces),
    price: padded(algo.priceE8, pricePlaces),
    icebergQuantity: null,
    selfTradePreventionMode: algo.selfTradePrevention,
    workingType: algo.workingType,
    priceMatch: "NONE",
    closePosition: algo.isClosePosition,
    priceProtect: algo.isPriceProtected,
    reduceOnly: algo.isReduceOnly,
    activatePrice: "",
    callbackRate: "",
    createTime: algo.createdMs,
    updateTime: algo.updatedMs,
    triggerTime: desk.history.triggeredMs(algo.algoId),
    goodTillDate: 0,
  };
}

/** A conditional order as it is asked for: with what it became, "" before. */
export function algoRow(desk: AccountDesk, algo: VenueAlgo): object {
  const { pricePlaces, qtyPlaces } = desk.known(algo.symbolId);
  const child = desk.history.order(algo.actualOrderId ?? "");
  return {
    ...algoReply(desk, algo),
    actualOrderId: algo.actualOrderId ?? "",
    actualPrice: padded(child === undefined ? 0n : averageOf(child), averagePlaces(pricePlaces)),
    actualQty: padded(algo.actualQtyE8, qtyPlaces),
    actualType: child?.type ?? "",
    tpOrderType: "",
  };
}

/** A line of userTrades. */
export function tradeRow(desk: AccountDesk, trade: VenueTrade): object {
  const { symbol, pricePlaces, qtyPlaces } = desk.known(trade.symbolId);
  const { asset, amountE8 } = desk.purse.commissionOf(trade);
  return {
    symbol,
    id: BigInt(trade.tradeId),
    orderId: BigInt(trade.orderId),
    side: sideText(trade.side),
    price: padded(trade.priceE8, pricePlaces),
    qty: padded(trade.qtyE8, qtyPlaces),
    realizedPnl: money(trade.realisedE8),
    marginAsset: "USDT",
    quoteQty: money(notionalE8(trade.priceE8, trade.qtyE8)),
    commission: money(amountE8),
    commissionAsset: asset,
    time: trade.timeMs,
    positionSide: "BOTH",
    buyer: trade.side > 0,
    maker: trade.isMaker,
  };
}
