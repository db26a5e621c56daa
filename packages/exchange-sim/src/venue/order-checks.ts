import { divCeil, E8, notionalE8 } from "@smcq/kernel";
import { type VenueError, VENUE_ERRORS } from "./codes.ts";
import type { AlgoWish, OrderWish } from "./orders.ts";
import type { LotRules, VenueRules } from "./venue-rules.ts";

/** What an order meets in a symbol; prices e8. */
export interface Quotes {
  readonly bidE8: bigint;
  readonly askE8: bigint;
  readonly lastE8: bigint;
  readonly markE8: bigint;
}

/** Shape of the venue's own ids (docs/binance.md 8.2). */
const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;

/** Holds a regular order against the symbol's filters (docs/binance.md 3); null: nothing is wrong with it. */
export function filterOrder(wish: OrderWish, rules: VenueRules, quotes: Quotes): VenueError | null {
  const { type, side, qtyE8, priceE8, isReduceOnly } = wish;
  if (!CLIENT_ID.test(wish.clientOrderId)) return VENUE_ERRORS.badClientId;
  const isMarket = type === "MARKET";
  const wrongQty = qtyFault(qtyE8, isMarket ? rules.marketLot : rules.lot, isMarket);
  if (wrongQty !== null) return wrongQty;
  if (!isMarket) {
    const wrongPrice = priceFault(priceE8, rules) ?? bandFault(wish, rules, quotes);
    if (wrongPrice !== null) return wrongPrice;
  }
  if (isMarket && !isInBand(side, side > 0 ? quotes.askE8 : quotes.bidE8, rules, quotes))
    return VENUE_ERRORS.marketOutsideBand;
  const worthE8 = notionalE8(isMarket ? quotes.markE8 : priceE8, qtyE8);
  if (!isReduceOnly && worthE8 < rules.minNotionalE8) return VENUE_ERRORS.notionalTooSmall;
  return null;
}

/** Holds a conditional order against the symbol's filters; margin is not asked for before it fires. */
export function filterAlgo(wish: AlgoWish, rules: VenueRules, quotes: Quotes): VenueError | null {
  const { qtyE8, triggerPriceE8, priceE8, isClosePosition, isReduceOnly, type } = wish;
  const isMarket = type === "STOP_MARKET" || type === "TAKE_PROFIT_MARKET";
  if (!CLIENT_ID.test(wish.clientAlgoId)) return VENUE_ERRORS.badClientId;
  if (isClosePosition) {
    if (qtyE8 !== 0n || !isMarket) return VENUE_ERRORS.closePositionWithQty;
    if (isReduceOnly) return VENUE_ERRORS.closePositionWithReduceOnly;
  } else {
    const wrongQty = qtyFault(qtyE8, isMarket ? rules.marketLot : rules.lot, isMarket);
    if (wrongQty !== null) return wrongQty;
  }
  if (triggerPriceE8 <= 0n) return VENUE_ERRORS.triggerPriceInvalid;
  const wrongPrice = priceFault(triggerPriceE8, rules) ?? (isMarket ? null : priceFault(priceE8, rules));
  if (wrongPrice !== null) return wrongPrice;
  if (!isClosePosition && !isReduceOnly && notionalE8(triggerPriceE8, qtyE8) < rules.minNotionalE8)
    return VENUE_ERRORS.notionalTooSmall;
  return isTouched(wish, quotes) ? VENUE_ERRORS.wouldTrigger : null;
}

/** The trigger's price has been reached: stops by the market going against them, take-profits by it going with them. */
export function isTouched(
  { type, side, triggerPriceE8, workingType }: AlgoWish,
  { lastE8, markE8 }: Pick<Quotes, "lastE8" | "markE8">,
): boolean {
  const priceE8 = workingType === "MARK_PRICE" ? markE8 : lastE8;
  return isTriggeredAbove({ type, side }) ? priceE8 >= triggerPriceE8 : priceE8 <= triggerPriceE8;
}

/** BUY stops and SELL take-profits wait for a rise, the others for a fall. */
export function isTriggeredAbove({ type, side }: Pick<AlgoWish, "type" | "side">): boolean {
  return (type === "STOP" || type === "STOP_MARKET") === side > 0;
}

function qtyFault(qtyE8: bigint, lot: LotRules, isMarket: boolean): VenueError | null {
  if (qtyE8 <= 0n) return VENUE_ERRORS.qtyNotPositive;
  if (qtyE8 < lot.minE8) return VENUE_ERRORS.qtyTooSmall;
  if (qtyE8 > lot.maxE8) return isMarket ? VENUE_ERRORS.marketQtyTooLarge : VENUE_ERRORS.qtyTooLarge;
  return qtyE8 % lot.stepE8 === 0n ? null : VENUE_ERRORS.qtyNotOnStep;
}

function priceFault(priceE8: bigint, { priceMinE8, priceMaxE8, tickE8 }: VenueRules): VenueError | null {
  if (priceE8 < priceMinE8) return VENUE_ERRORS.priceTooLow;
  if (priceE8 > priceMaxE8) return VENUE_ERRORS.priceTooHigh;
  return priceE8 % tickE8 === 0n ? null : VENUE_ERRORS.priceNotOnTick;
}

function bandFault({ side, priceE8 }: OrderWish, rules: VenueRules, quotes: Quotes): VenueError | null {
  if (isInBand(side, priceE8, rules, quotes)) return null;
  return side > 0 ? VENUE_ERRORS.buyAboveBand : VENUE_ERRORS.sellBelowBand;
}

function isInBand(
  side: 1 | -1,
  priceE8: bigint,
  { multiplierUpE8, multiplierDownE8 }: VenueRules,
  { markE8 }: Quotes,
): boolean {
  return side > 0
    ? priceE8 <= (markE8 * multiplierUpE8) / E8
    : priceE8 >= divCeil(markE8 * multiplierDownE8, E8);
}
