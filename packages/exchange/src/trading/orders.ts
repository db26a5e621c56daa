import type { PriceTicks, QtySteps, SymbolId } from "@smcq/kernel";

/** +1 buys, -1 sells. */
export type OrderSide = 1 | -1;

/** What an order is for; the letter stands in its client id (docs/trading.md 5). */
export type OrderRole = "entry" | "exit" | "stop" | "target" | "adopted";

/** What every order says. Ids are text: the venue's have 19 digits. */
interface OrderBase {
  readonly clientOrderId: string;
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly role: OrderRole;
  readonly side: OrderSide;
  readonly qtySteps: QtySteps;
  /** It may close, and never open, a position. */
  readonly isReduceOnly: boolean;
}

/** Takes what the book offers, at once. */
export interface MarketOrder extends OrderBase {
  readonly type: "market";
}

/** Waits in the book at its price (GTC), takes what is there at it (IOC), or waits only if it takes nothing (GTX). */
export interface LimitOrder extends OrderBase {
  readonly type: "limit";
  readonly timeInForce: "GTC" | "IOC" | "GTX";
  readonly priceTicks: PriceTicks;
}

/** Waits outside the book until the price is touched, then becomes a market order: the venue calls it an algo order. */
export interface StopMarketOrder extends OrderBase {
  readonly type: "stop-market";
  readonly triggerTicks: PriceTicks;
  /** Which price touches it. */
  readonly workingType: "last" | "mark";
  /**
   * It closes whatever is held then, and the venue takes one of its kind at a time; `qtySteps` is what was held when it was
   * sent. Absent: it closes its own quantity.
   */
  readonly isClosePosition?: true;
}

export type OrderRequest = MarketOrder | LimitOrder | StopMarketOrder;

/** Where an order stands. `unknown`: sent, and nobody told what became of it. */
export type OrderStatus =
  | "new"
  | "partially-filled"
  | "filled"
  | "canceled"
  | "expired"
  | "rejected"
  | "triggering"
  | "triggered"
  | "finished";

/**
 * Why a venue refuses an order: a closed list; whatever else it says makes an outcome unknown. `FORM_REFUSED`: a parameter that it
 * does not take. `ONLY_REDUCING`: the account has broken the venue's rules of trading, and may only close. `NOT_SENT` is our own word: the order was held back, and never left.
 */
export const REFUSALS = [
  "PRICE_FILTER",
  "LOT_SIZE",
  "MARKET_LOT_SIZE",
  "MIN_NOTIONAL",
  "PERCENT_PRICE",
  "MAX_NUM_ORDERS",
  "MAX_NUM_ALGO_ORDERS",
  "MARGIN_INSUFFICIENT",
  "LEVERAGE_NOTIONAL",
  "REDUCE_ONLY_REJECT",
  "POST_ONLY_REJECT",
  "WOULD_TRIGGER",
  "DUPLICATE_ID",
  "SYMBOL_CLOSED",
  "ONLY_REDUCING",
  "UNKNOWN_ORDER",
  "POSITION_SIDE",
  "KEY_REFUSED",
  "TOO_MANY_ORDERS",
  "SETTING_REFUSED",
  "FORM_REFUSED",
  "NOT_SENT",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What became of sending something: three states, and no fourth. */
export type Outcome =
  | { readonly type: "acked"; readonly orderId: string }
  | { readonly type: "refused"; readonly code: Refusal; readonly text: string }
  | { readonly type: "unknown"; readonly text: string };

/** A commission that was taken in another asset than USDT: that asset's balance pays it, and the USDT wallet does not. */
export interface OtherFee {
  readonly asset: string;
  /** In units of the asset. */
  readonly amountE8: bigint;
}

/** One trade of an order; `tradeId` makes it count once, however often it is told. */
export interface Fill {
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly symbolId: SymbolId;
  readonly side: OrderSide;
  readonly priceTicks: PriceTicks;
  readonly qtySteps: QtySteps;
  /** Commission in USDT; negative is a rebate. One in another asset: what it was worth then. */
  readonly feeE8: bigint;
  /** What was taken instead; absent: USDT. */
  readonly otherFee?: OtherFee;
  readonly isMaker: boolean;
  /** Venue ms. */
  readonly timeMs: number;
}

/** What the account stream, or a reply, tells of an order. `cumQtySteps` never goes back. */
export interface OrderUpdate {
  readonly clientOrderId: string;
  readonly symbolId: SymbolId;
  readonly status: OrderStatus;
  readonly cumQtySteps: QtySteps;
  /** The trade that this update is about, if it is about one. */
  readonly fill: Fill | null;
  /** Venue ms. */
  readonly timeMs: number;
}
