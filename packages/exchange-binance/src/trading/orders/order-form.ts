import type { CancelTarget, MarginType, OrderRequest } from "@smcq/exchange";
import { ENTRY_WINDOW_MS, ORDER_REPLY_WALL_MS, OTHER_WINDOW_MS } from "../limits.ts";
import { priceText, qtyText, type TradedSymbol } from "../symbols.ts";
import type { Call } from "../wire/signed-rest.ts";

export const ORDER_PATH = "/fapi/v1/order";
export const ALGO_PATH = "/fapi/v1/algoOrder";

/**
 * An order as the venue is asked for it; prices and quantities are exact decimal text (EX40). It may be on its way for
 * `floorMs` at least.
 */
export function orderCall(
  request: OrderRequest,
  { symbol, rules }: TradedSymbol,
  floorMs = 0,
): Call & { readonly windowMs: number } {
  const isEntry = request.role === "entry";
  const base = {
    symbol,
    side: request.side === 1 ? "BUY" : "SELL",
    // Closing orders never die of our own resting ones (docs/trading.md 5).
    selfTradePreventionMode: isEntry ? "EXPIRE_TAKER" : "EXPIRE_MAKER",
  };
  const quantity = qtyText(request.qtySteps, rules);
  const reduceOnly: { reduceOnly?: string } = request.isReduceOnly ? { reduceOnly: "true" } : {};
  const { clientOrderId } = request;
  const windowMs = Math.max(floorMs, isEntry ? ENTRY_WINDOW_MS : OTHER_WINDOW_MS);
  const common = { method: "POST", weight: 0, windowMs, replyWallMs: ORDER_REPLY_WALL_MS } as const;
  switch (request.type) {
    case "market": {
      const form = { ...base, type: "MARKET", quantity, ...reduceOnly, newClientOrderId: clientOrderId };
      return { ...common, path: ORDER_PATH, parameters: { ...form, newOrderRespType: "RESULT" } };
    }
    case "limit": {
      const price = priceText(request.priceTicks, rules);
      const { timeInForce } = request;
      const form = { ...base, type: "LIMIT", timeInForce, quantity, price, ...reduceOnly };
      const parameters = { ...form, newClientOrderId: clientOrderId, newOrderRespType: "ACK" };
      return { ...common, path: ORDER_PATH, parameters };
    }
    case "stop-market": {
      const parameters = {
        algoType: "CONDITIONAL",
        ...base,
        type: "STOP_MARKET",
        // What closes whatever is held says no quantity (docs/binance.md 5.3).
        ...(request.isClosePosition === true ? { closePosition: "true" } : { quantity, ...reduceOnly }),
        triggerPrice: priceText(request.triggerTicks, rules),
        workingType: request.workingType === "mark" ? "MARK_PRICE" : "CONTRACT_PRICE",
        clientAlgoId: clientOrderId,
        newOrderRespType: "ACK",
      };
      return { ...common, path: ALGO_PATH, parameters };
    }
    default:
      return request satisfies never;
  }
}

export function cancelCall({ clientOrderId, isAlgo }: CancelTarget, { symbol }: TradedSymbol): Call {
  return {
    method: "DELETE",
    path: isAlgo ? ALGO_PATH : ORDER_PATH,
    parameters: isAlgo
      ? { symbol, clientAlgoId: clientOrderId }
      : { symbol, origClientOrderId: clientOrderId },
    weight: 1,
    isReserved: true,
    replyWallMs: ORDER_REPLY_WALL_MS,
  };
}

export function leverageCall(leverage: number, { symbol }: TradedSymbol): Call {
  const parameters = { symbol, leverage: String(leverage) };
  return { method: "POST", path: "/fapi/v1/leverage", parameters, weight: 1, isReserved: true };
}

export function marginTypeCall(marginType: MarginType, { symbol }: TradedSymbol): Call {
  const parameters = { symbol, marginType: marginType === "isolated" ? "ISOLATED" : "CROSSED" };
  return { method: "POST", path: "/fapi/v1/marginType", parameters, weight: 1, isReserved: true };
}
