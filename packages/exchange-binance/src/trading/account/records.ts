import type { OpenOrder, OrderUpdate, VenuePosition } from "@smcq/exchange";
import { qtySteps } from "@smcq/kernel";
import { stepsOf, ticksOf, type TradedSymbol } from "../symbols.ts";
import { roundE8 } from "../wire/fields.ts";
import { statusOf } from "./statuses.ts";

/** An order as REST tells it, in any of its answers. */
export interface OrderRecord {
  readonly symbol: string;
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly status: string;
  readonly side: string;
  readonly type: string;
  readonly timeInForce: string;
  readonly price: string;
  readonly origQty: string;
  readonly executedQty: string;
  readonly reduceOnly: boolean;
  readonly updateTime: number;
}

/** A conditional order; its type is told under two names. */
export interface AlgoRecord {
  readonly symbol: string;
  readonly algoId: string;
  readonly clientAlgoId: string;
  readonly algoStatus: string;
  readonly side: string;
  readonly orderType: string;
  readonly type: string;
  readonly quantity: string;
  readonly triggerPrice: string;
  readonly workingType: string;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly actualOrderId: string;
  readonly actualQty: string;
  readonly updateTime: number;
}

export interface PositionRecord {
  readonly symbol: string;
  readonly positionSide: string;
  readonly positionAmt: string;
  readonly entryPrice: string;
  readonly liquidationPrice: string;
}

export interface TradeRecord {
  readonly id: string;
  readonly orderId: string;
  readonly side: string;
  readonly price: string;
  readonly qty: string;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly maker: boolean;
  readonly time: number;
}

export interface BalanceRecord {
  readonly asset: string;
  readonly balance: string;
}

export interface SymbolConfigRecord {
  readonly symbol: string;
  readonly marginType: string;
  readonly leverage: number;
  readonly maxNotionalValue: string;
}

export interface BracketRecord {
  readonly symbol: string;
  readonly brackets: readonly { readonly initialLeverage: number; readonly notionalCap: number }[];
}

export function updateOfOrder(record: OrderRecord, { symbolId, rules }: TradedSymbol): OrderUpdate {
  const cumQtySteps = stepsOf(record.executedQty, rules);
  return {
    clientOrderId: record.clientOrderId,
    symbolId,
    status: statusOf(record.status, cumQtySteps, stepsOf(record.origQty, rules)),
    cumQtySteps,
    fill: null,
    timeMs: record.updateTime,
  };
}

export function updateOfAlgo(record: AlgoRecord, { symbolId, rules }: TradedSymbol): OrderUpdate {
  const cumQtySteps = stepsOf(record.actualQty, rules);
  return {
    clientOrderId: record.clientAlgoId,
    symbolId,
    status: statusOf(record.algoStatus, cumQtySteps, stepsOf(record.quantity, rules)),
    cumQtySteps,
    fill: null,
    timeMs: record.updateTime,
  };
}

/** What waits in the book; null: no limit order. */
export function openOrderOf(record: OrderRecord, { symbolId, rules }: TradedSymbol): OpenOrder | null {
  const { type, timeInForce, orderId } = record;
  if (type !== "LIMIT") return null;
  return {
    request: {
      symbolId,
      side: record.side === "BUY" ? 1 : -1,
      isReduceOnly: record.reduceOnly,
      clientOrderId: record.clientOrderId,
      type: "limit",
      timeInForce:
        timeInForce === "GTX" ? "GTX" : timeInForce === "IOC" || timeInForce === "FOK" ? "IOC" : "GTC",
      qtySteps: stepsOf(record.origQty, rules),
      priceTicks: ticksOf(record.price, rules),
    },
    orderId,
    cumQtySteps: stepsOf(record.executedQty, rules),
  };
}

/**
 * What waits beside the book; null: no stop that becomes a market order. A person's take-profit or trailing order is none,
 * and must not pass for cover.
 */
export function openStopOf(record: AlgoRecord, { symbolId, rules }: TradedSymbol): OpenOrder | null {
  if ((record.orderType || record.type) !== "STOP_MARKET") return null;
  return {
    request: {
      symbolId,
      side: record.side === "BUY" ? 1 : -1,
      isReduceOnly: record.reduceOnly || record.closePosition,
      clientOrderId: record.clientAlgoId,
      type: "stop-market",
      qtySteps: stepsOf(record.quantity, rules),
      triggerTicks: ticksOf(record.triggerPrice, rules),
      workingType: record.workingType === "MARK_PRICE" ? "mark" : "last",
      ...(record.closePosition ? { isClosePosition: true } : {}),
    },
    orderId: record.algoId,
    cumQtySteps: qtySteps(0),
  };
}

/** A position; null: nothing is held. Throws RangeError for a side of hedge mode: two positions would look like one. */
export function positionOf(record: PositionRecord, { symbolId, rules }: TradedSymbol): VenuePosition | null {
  const { positionAmt, positionSide } = record;
  const steps: number = stepsOf(positionAmt, rules);
  if (steps === 0) return null;
  if (positionSide !== "BOTH" && positionSide !== "")
    throw new RangeError(`${record.symbol} has a position of hedge mode (${positionSide})`);
  const liquidationE8 = roundE8(record.liquidationPrice);
  return {
    symbolId,
    qtySteps: positionAmt.startsWith("-") ? -steps : steps,
    entryPriceE8: roundE8(record.entryPrice),
    liquidationPriceE8: liquidationE8 > 0n ? liquidationE8 : null,
  };
}

/** `GET /fapi/v1/apiTradingStatus`. */
export interface TradingStatusRecord {
  /** By symbol, or `ACCOUNT`. */
  readonly indicators: Readonly<
    Record<
      string,
      readonly {
        readonly indicator: string;
        readonly isLocked: boolean;
        readonly plannedRecoverTime: number;
        readonly value: number;
        readonly triggerValue: number;
      }[]
    >
  >;
}
