import type { AlgoWish, OrderWish, SelfTradePrevention } from "@smcq/exchange-sim";
import { missing, type Parameters } from "../../http/parameters.ts";
import { VenueError } from "../../http/venue-error.ts";
import type { AccountDesk, TradedSymbol } from "../account-desk.ts";
import type { KeptPart } from "../keeping/rows.ts";

const CONDITIONAL = new Set([
  "STOP",
  "STOP_MARKET",
  "TAKE_PROFIT",
  "TAKE_PROFIT_MARKET",
  "TRAILING_STOP_MARKET",
]);
/** Of the types that went to `algoOrder`: a client that still sends them here is told where to go, and of nothing else. */
const CONDITIONAL_PARAMETERS = [
  "stopPrice",
  "activationPrice",
  "callbackRate",
  "closePosition",
  "workingType",
  "priceProtect",
];
const ALGO_TYPES = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"] as const;
const TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX"] as const;
const PREVENTIONS = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"] as const;

/** Names that an order may say, on `/order` and in a batch. */
export const ORDER_PARAMETERS: readonly string[] = [
  "symbol",
  "side",
  "positionSide",
  "type",
  "timeInForce",
  "quantity",
  "price",
  "reduceOnly",
  "newClientOrderId",
  "newOrderRespType",
  "priceMatch",
  "selfTradePreventionMode",
  "goodTillDate",
  ...CONDITIONAL_PARAMETERS,
];

export const ALGO_PARAMETERS: readonly string[] = [
  "algoType",
  "symbol",
  "side",
  "positionSide",
  "type",
  "timeInForce",
  "quantity",
  "price",
  "triggerPrice",
  "workingType",
  "priceMatch",
  "closePosition",
  "priceProtect",
  "reduceOnly",
  "activatePrice",
  "callbackRate",
  "clientAlgoId",
  "newOrderRespType",
  "selfTradePreventionMode",
  "goodTillDate",
];

/** What an order asks for, with the reply that it wants. */
export interface OrderAsked {
  readonly traded: TradedSymbol;
  readonly wish: OrderWish;
  readonly isResult: boolean;
}

/** Reads orders as the venue does; throws its error where one is not as it must be. */
export class WishReader implements KeptPart {
  readonly name = "own-ids";
  readonly #desk: AccountDesk;
  #ids = 0;

  constructor(desk: AccountDesk) {
    this.#desk = desk;
  }

  state(): unknown {
    return this.#ids;
  }

  takeUp(state: unknown): void {
    this.#ids = Number(state);
  }

  order(parameters: Parameters): OrderAsked {
    const side = sideOf(parameters);
    const type = parameters.needed("type");
    if (CONDITIONAL.has(type))
      throw new VenueError(
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
      );
    if (type !== "LIMIT" && type !== "MARKET") throw new VenueError(-1116, "Invalid orderType.");
    const traded = this.#desk.symbol(parameters.needed("symbol"));
    this.#checkSide(parameters);
    const timeInForce = timeOf(parameters);
    refuseUnsimulated(parameters);
    refuseConditional(parameters, type);
    const isLimit = type === "LIMIT";
    if (isLimit && timeInForce === null) throw missing("timeInForce");
    if (!isLimit) refuseUnneeded(parameters, ["timeInForce", "price"]);
    const qtyE8 = parameters.decimalE8("quantity", traded.qtyPlaces);
    if (qtyE8 === null) throw missing("quantity");
    const priceE8 = parameters.decimalE8("price", traded.pricePlaces);
    if (isLimit && priceE8 === null) throw missing("price");
    const replies = ["ACK", "RESULT"] as const;
    const replyError = new VenueError(-1136, "Invalid newOrderRespType.");
    const reply = parameters.word("newOrderRespType", replies, replyError);
    const wish: OrderWish = {
      symbolId: traded.id,
      clientOrderId: parameters.text("newClientOrderId") ?? this.#ownId(),
      side,
      type,
      timeInForce: timeInForce ?? "GTC",
      qtyE8,
      priceE8: priceE8 ?? 0n,
      isReduceOnly: parameters.flag("reduceOnly"),
      selfTradePrevention: preventionOf(parameters),
    };
    return { traded, wish, isResult: reply === "RESULT" };
  }

  algo(parameters: Parameters): { readonly traded: TradedSymbol; readonly wish: AlgoWish } {
    parameters.word("algoType", ["CONDITIONAL"], invalid("algoType"));
    parameters.needed("algoType");
    const side = sideOf(parameters);
    parameters.needed("type");
    const type = parameters.word("type", ALGO_TYPES, new VenueError(-1116, "Invalid orderType."));
    const traded = this.#desk.symbol(parameters.needed("symbol"));
    this.#checkSide(parameters);
    const timeInForce = timeOf(parameters);
    refuseUnsimulated(parameters);
    if (type === null) throw missing("type");
    const isMarket = type === "STOP_MARKET" || type === "TAKE_PROFIT_MARKET";
    const isClosePosition = parameters.flag("closePosition");
    if (isClosePosition && !isMarket) throw closesNothing(type);
    const qtyE8 = parameters.decimalE8("quantity", traded.qtyPlaces);
    if (qtyE8 === null && !isClosePosition) throw missing("quantity");
    const triggerPriceE8 = parameters.decimalE8("triggerPrice", traded.pricePlaces);
    if (triggerPriceE8 === null) throw missing("triggerPrice");
    const priceE8 = parameters.decimalE8("price", traded.pricePlaces);
    if (!isMarket && priceE8 === null) throw missing("price");
    if (isMarket) refuseUnneeded(parameters, ["price"]);
    refuseUnneeded(parameters, ["activatePrice", "callbackRate"]);
    const works = ["CONTRACT_PRICE", "MARK_PRICE"] as const;
    const workingType = parameters.word("workingType", works, new VenueError(-4031, "Invalid working type."));
    const wish: AlgoWish = {
      symbolId: traded.id,
      clientAlgoId: parameters.text("clientAlgoId") ?? this.#ownId(),
      side,
      type,
      triggerPriceE8,
      priceE8: priceE8 ?? 0n,
      timeInForce: timeInForce ?? "GTC",
      qtyE8: qtyE8 ?? 0n,
      isClosePosition,
      isReduceOnly: parameters.flag("reduceOnly"),
      workingType: workingType ?? "CONTRACT_PRICE",
      isPriceProtected: parameters.flag("priceProtect"),
      selfTradePrevention: preventionOf(parameters),
    };
    return { traded, wish };
  }

  #checkSide(parameters: Parameters): void {
    const words = ["BOTH", "LONG", "SHORT"] as const;
    const side = parameters.word("positionSide", words, invalid("positionSide"));
    if ((side ?? "BOTH") !== "BOTH" || this.#desk.switches.isDual)
      throw new VenueError(-4061, "Order's position side does not match user's setting.");
  }

  #ownId(): string {
    return `venue_${String(++this.#ids).padStart(16, "0")}`;
  }
}

function invalid(name: string): VenueError {
  return new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);
}

/** An order of a type that cannot close whatever is held. */
function closesNothing(type: string): VenueError {
  return new VenueError(-4136, `Target strategy invalid for orderType ${type},closePosition true`);
}

function sideOf(parameters: Parameters): 1 | -1 {
  parameters.needed("side");
  return parameters.word("side", ["BUY", "SELL"], new VenueError(-1117, "Invalid side.")) === "BUY" ? 1 : -1;
}

function timeOf(parameters: Parameters): (typeof TIMES_IN_FORCE)[number] | null {
  return parameters.word("timeInForce", TIMES_IN_FORCE, new VenueError(-1115, "Invalid timeInForce."));
}

function preventionOf(parameters: Parameters): SelfTradePrevention {
  const error = invalid("selfTradePreventionMode");
  return parameters.word("selfTradePreventionMode", PREVENTIONS, error) ?? "EXPIRE_MAKER";
}

/** What belongs to conditional orders alone; that nothing is closed may be said of any. */
function refuseConditional(parameters: Parameters, type: OrderWish["type"]): void {
  if (parameters.flag("closePosition")) throw closesNothing(type);
  const names = CONDITIONAL_PARAMETERS.filter((name) => name !== "closePosition");
  refuseUnneeded(parameters, names);
}

function refuseUnneeded(parameters: Parameters, names: readonly string[]): void {
  for (const name of names)
    if (parameters.text(name) !== null)
      throw new VenueError(-1106, `Parameter '${name}' sent when not required.`);
}

/** Prices that the venue chooses, and orders that end by date: not simulated, refused as what does not belong there. */
export function refuseUnsimulated(parameters: Parameters): void {
  if ((parameters.text("priceMatch") ?? "NONE") !== "NONE") refuseUnneeded(parameters, ["priceMatch"]);
  const date = parameters.text("goodTillDate");
  if (date !== null && date !== "0") refuseUnneeded(parameters, ["goodTillDate"]);
}
