import type { Refusal } from "@smcq/exchange";

/** What the simulated venue refuses with: the venue's own code and words (docs/binance.md 3 and 7). */
export interface VenueError {
  readonly code: number;
  readonly text: string;
  /** The same in the port's closed list. */
  readonly refusal: Refusal;
}

const error = (code: number, refusal: Refusal, text: string): VenueError =>
  Object.freeze({ code, text, refusal });

export type VenueErrorName =
  | "invalidSymbol"
  | "symbolClosed"
  | "onlyReducing"
  | "badClientId"
  | "duplicateId"
  | "priceNotOnTick"
  | "priceTooLow"
  | "priceTooHigh"
  | "qtyNotPositive"
  | "qtyTooSmall"
  | "qtyTooLarge"
  | "marketQtyTooLarge"
  | "qtyNotOnStep"
  | "notionalTooSmall"
  | "buyAboveBand"
  | "sellBelowBand"
  | "marketOutsideBand"
  | "triggerPriceInvalid"
  | "tooManyOrders"
  | "tooManyAlgoOrders"
  | "marginInsufficient"
  | "positionTooLarge"
  | "reduceOnlyRejected"
  | "reduceOnlyConflict"
  | "postOnlyWouldCross"
  | "fillOrKill"
  | "wouldTrigger"
  | "closePositionExists"
  | "closePositionWithQty"
  | "closePositionWithReduceOnly"
  | "unknownOrder"
  | "sameOrder"
  | "leverageInvalid"
  | "leverageReduction"
  | "marginTypeOrders"
  | "marginTypePosition"
  | "transferTooLarge"
  | "crossBalanceTooSmall"
  | "isolatedBalanceTooSmall"
  | "positionMarginNone"
  | "positionMarginCross";

export const VENUE_ERRORS: Readonly<Record<VenueErrorName, VenueError>> = {
  invalidSymbol: error(-1121, "SYMBOL_CLOSED", "Invalid symbol."),
  symbolClosed: error(-4140, "SYMBOL_CLOSED", "Invalid symbol status for opening position."),
  onlyReducing: error(
    -4400,
    "ONLY_REDUCING",
    "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
  ),
  badClientId: error(-4015, "DUPLICATE_ID", "Client order id is not valid."),
  duplicateId: error(-4116, "DUPLICATE_ID", "ClientOrderId is duplicated."),
  priceNotOnTick: error(-4014, "PRICE_FILTER", "Price not increased by tick size."),
  priceTooLow: error(-4013, "PRICE_FILTER", "Price less than min price."),
  priceTooHigh: error(-4002, "PRICE_FILTER", "Price greater than max price."),
  qtyNotPositive: error(-4003, "LOT_SIZE", "Quantity less than or equal to zero."),
  qtyTooSmall: error(-4004, "LOT_SIZE", "Quantity less than min quantity."),
  qtyTooLarge: error(-4005, "LOT_SIZE", "Quantity greater than max quantity."),
  marketQtyTooLarge: error(-4005, "MARKET_LOT_SIZE", "Quantity greater than max quantity."),
  qtyNotOnStep: error(-4023, "LOT_SIZE", "Qty not increased by step size."),
  notionalTooSmall: error(
    -4164,
    "MIN_NOTIONAL",
    "Order's notional must be no smaller than the symbol's limit (unless you choose reduce only).",
  ),
  buyAboveBand: error(-4016, "PERCENT_PRICE", "Price is higher than mark price multiplier cap."),
  sellBelowBand: error(-4024, "PERCENT_PRICE", "Price is lower than mark price multiplier floor."),
  marketOutsideBand: error(
    -4131,
    "PERCENT_PRICE",
    "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
  ),
  triggerPriceInvalid: error(-4006, "PRICE_FILTER", "Stop price is not valid."),
  tooManyOrders: error(-2025, "MAX_NUM_ORDERS", "Reach max open order limit."),
  tooManyAlgoOrders: error(-4045, "MAX_NUM_ALGO_ORDERS", "Reach max stop order limit."),
  marginInsufficient: error(-2019, "MARGIN_INSUFFICIENT", "Margin is insufficient."),
  positionTooLarge: error(
    -2027,
    "LEVERAGE_NOTIONAL",
    "Exceeded the maximum allowable position at current leverage.",
  ),
  reduceOnlyRejected: error(-2022, "REDUCE_ONLY_REJECT", "ReduceOnly Order is rejected."),
  reduceOnlyConflict: error(
    -4118,
    "REDUCE_ONLY_REJECT",
    "ReduceOnly Order Failed. Please check your existing position and open orders.",
  ),
  postOnlyWouldCross: error(
    -5022,
    "POST_ONLY_REJECT",
    "Due to the order could not be executed as maker, the Post Only order will be rejected.",
  ),
  fillOrKill: error(
    -5021,
    "POST_ONLY_REJECT",
    "Due to the order could not be filled immediately, the FOK order has been rejected.",
  ),
  wouldTrigger: error(-2021, "WOULD_TRIGGER", "Order would immediately trigger."),
  closePositionExists: error(
    -4130,
    "REDUCE_ONLY_REJECT",
    "An open stop or take profit order with GTE and closePosition in the direction is existing.",
  ),
  closePositionWithQty: error(-4137, "LOT_SIZE", "Quantity must be zero with closePosition equals true."),
  closePositionWithReduceOnly: error(
    -4138,
    "REDUCE_ONLY_REJECT",
    "Reduce only must be true with close position equals true.",
  ),
  unknownOrder: error(-2011, "UNKNOWN_ORDER", "Unknown order sent."),
  sameOrder: error(-5027, "FORM_REFUSED", "No need to modify the order."),
  leverageInvalid: error(-4028, "SETTING_REFUSED", "Leverage is not valid."),
  leverageReduction: error(
    -4161,
    "SETTING_REFUSED",
    "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
  ),
  marginTypeOrders: error(
    -4047,
    "SETTING_REFUSED",
    "Margin type cannot be changed if there exists open orders.",
  ),
  marginTypePosition: error(
    -4048,
    "SETTING_REFUSED",
    "Margin type cannot be changed if there exists position.",
  ),
  transferTooLarge: error(-2018, "MARGIN_INSUFFICIENT", "Balance is not sufficient."),
  crossBalanceTooSmall: error(-4050, "SETTING_REFUSED", "Cross balance insufficient."),
  isolatedBalanceTooSmall: error(-4051, "SETTING_REFUSED", "Isolated balance insufficient."),
  positionMarginNone: error(-4054, "SETTING_REFUSED", "Cannot add position margin: position is 0."),
  positionMarginCross: error(-4049, "SETTING_REFUSED", "Add margin only support for isolated position."),
};

/** What became of a call: what it made, or why it was refused. */
export type Reply<T> =
  | { readonly type: "done"; readonly value: T }
  | { readonly type: "refused"; readonly error: VenueError };

export function done<T>(value: T): Reply<T> {
  return { type: "done", value };
}

export function refused(error: VenueError): Reply<never> {
  return { type: "refused", error };
}
