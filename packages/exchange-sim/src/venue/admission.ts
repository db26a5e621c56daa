import { divRound, notionalE8, type SymbolId } from "@smcq/kernel";
import { abs, max } from "./bigints.ts";
import { type VenueError, VENUE_ERRORS } from "./codes.ts";
import { filterOrder } from "./order-checks.ts";
import type { OrderWish } from "./orders.ts";
import type { VenueFloor } from "./venue-floor.ts";

/** Whether an order may come in: filters, what it can reduce, how large it may get, and who pays for it. */
export class Admission {
  readonly #floor: VenueFloor;

  constructor(floor: VenueFloor) {
    this.#floor = floor;
  }

  /** Null: nothing is wrong with it. */
  faultOf(wish: OrderWish): VenueError | null {
    const { symbolId, clientOrderId, side, isReduceOnly, type, timeInForce, priceE8 } = wish;
    const { rules, isTrading } = this.#floor.listing(symbolId);
    const quotes = this.#floor.quotes(symbolId);
    if (this.#floor.orders.openOrder(symbolId, clientOrderId) !== undefined) return VENUE_ERRORS.duplicateId;
    const fault = filterOrder(wish, rules, quotes);
    if (fault !== null) return fault;
    if (!isTrading && !isReduceOnly) return VENUE_ERRORS.symbolClosed;
    if (!isReduceOnly && this.#floor.isLocked(symbolId)) return VENUE_ERRORS.onlyReducing;
    if (type === "LIMIT" && this.#floor.orders.openOrders(symbolId).length >= rules.ordersMax)
      return VENUE_ERRORS.tooManyOrders;
    const isCrossing = side > 0 ? priceE8 >= quotes.askE8 : priceE8 <= quotes.bidE8;
    if (type === "LIMIT" && timeInForce === "GTX" && isCrossing) return VENUE_ERRORS.postOnlyWouldCross;
    if (type === "LIMIT" && timeInForce === "FOK" && !isCrossing) return VENUE_ERRORS.fillOrKill;
    return isReduceOnly ? this.#reduceFault(wish) : this.#openFault(wish);
  }

  /** There must be something that it can reduce; the strict venue counts what rests already. */
  #reduceFault({ symbolId, side, qtyE8 }: Pick<OrderWish, "symbolId" | "side" | "qtyE8">): VenueError | null {
    const heldE8 = this.#floor.account.qtyE8(symbolId) * BigInt(-side);
    if (heldE8 <= 0n) return VENUE_ERRORS.reduceOnlyRejected;
    if (!this.#floor.isStrictReduceOnly) return null;
    const restingE8 = this.#floor.orders
      .openOrders(symbolId)
      .filter((order) => order.isReduceOnly && order.side === side)
      .reduce((sum, order) => sum + order.qtyE8 - order.executedE8, 0n);
    return restingE8 + qtyE8 > heldE8 ? VENUE_ERRORS.reduceOnlyConflict : null;
  }

  /** Size at this leverage, and margin for what it would open. */
  #openFault({ symbolId, side, qtyE8, type, priceE8 }: OrderWish): VenueError | null {
    const { rules } = this.#floor.listing(symbolId);
    const { leverage } = this.#floor.account.settings(symbolId);
    const heldE8 = this.#floor.account.qtyE8(symbolId);
    const openedE8 = heldE8 * BigInt(side) >= 0n ? qtyE8 : qtyE8 - abs(heldE8);
    if (openedE8 <= 0n) return null;
    const worthE8 = this.worthE8(symbolId, BigInt(side) * qtyE8);
    if (worthE8 > rules.brackets.notionalMaxE8(leverage)) return VENUE_ERRORS.positionTooLarge;
    const { askE8, bidE8, markE8 } = this.#floor.quotes(symbolId);
    const atE8 = type === "LIMIT" ? priceE8 : side > 0 ? askE8 : bidE8;
    // What the order would have lost at the mark as soon as it is filled is asked for as well.
    const lossE8 = notionalE8(max(0n, BigInt(side) * (atE8 - markE8)), openedE8);
    const marginE8 = divRound(notionalE8(atE8, openedE8), BigInt(leverage)) + lossE8;
    return marginE8 > this.availableE8() ? VENUE_ERRORS.marginInsufficient : null;
  }

  /** Notional at the mark of what is held and of all orders that would make it larger, `addedE8` (signed) included. */
  worthE8(symbolId: SymbolId, addedE8: bigint): bigint {
    const sums = { buy: max(0n, addedE8), sell: max(0n, -addedE8) };
    for (const { isReduceOnly, side, qtyE8, executedE8 } of this.#floor.orders.openOrders(symbolId)) {
      if (isReduceOnly) continue;
      if (side > 0) sums.buy += qtyE8 - executedE8;
      else sums.sell += qtyE8 - executedE8;
    }
    const heldE8 = this.#floor.account.qtyE8(symbolId);
    const largestE8 = max(abs(heldE8 + sums.buy), abs(heldE8 - sums.sell));
    return notionalE8(this.#floor.account.markE8(symbolId), largestE8);
  }

  /** Initial margin of the waiting orders that would open, all symbols. */
  #ordersMarginE8(): bigint {
    let marginE8 = 0n;
    for (const { symbolId, isReduceOnly, qtyE8, executedE8, priceE8 } of this.#floor.orders.allOrders)
      if (!isReduceOnly)
        marginE8 += divRound(
          notionalE8(priceE8, qtyE8 - executedE8),
          BigInt(this.#floor.account.settings(symbolId).leverage),
        );
    return marginE8;
  }

  /** What new orders may still use. */
  availableE8(): bigint {
    return this.#floor.account.availableE8(this.#ordersMarginE8());
  }
}
