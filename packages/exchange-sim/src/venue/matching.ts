import type { OrderSide } from "@smcq/exchange";
import { divCeil, divRound, E8, notionalE8, type SymbolId } from "@smcq/kernel";
import type { Admission } from "./admission.ts";
import { abs, max, min } from "./bigints.ts";
import { VENUE_ERRORS, type VenueError } from "./codes.ts";
import { isTouched } from "./order-checks.ts";
import type { AlgoStatus, OrderWish, VenueAlgo, VenueOrder, VenueOrderStatus, VenueTrade } from "./orders.ts";
import type { Listing, VenueFloor } from "./venue-floor.ts";

/** A market order is filled in so many parts at most; the last one takes what is left. */
export const FILL_PARTS_MAX = 20;
const E4 = 10_000n;

/** How client ids of the venue's own orders begin. */
export type ForcedPrefix = "autoclose-" | "adl_autoclose" | "settlement_autoclose-";

/** Where an order comes from that nobody has placed as it is. */
export interface Parent {
  readonly clientAlgoId: string;
  readonly orderId: string;
  readonly isClosePosition: boolean;
}

/** One trade, before it is booked. */
interface Deal {
  readonly priceE8: bigint;
  readonly qtyE8: bigint;
  readonly isMaker: boolean;
  /** `CALCULATED`: the venue's own doing. */
  readonly execution: "TRADE" | "CALCULATED";
}

/** Lets orders meet the market: takers as they come, waiting ones as it moves, conditional ones as it touches them. */
export class Matching {
  readonly #floor: VenueFloor;
  readonly #admission: Admission;

  constructor(floor: VenueFloor, admission: Admission) {
    this.#floor = floor;
    this.#admission = admission;
  }

  /** Takes an order in; a market order, IOC and FOK have ended when this returns. */
  accept(wish: OrderWish, parent: Parent | null = null): VenueOrder {
    const { nowMs } = this.#floor;
    const order: VenueOrder = {
      ...wish,
      orderId: parent?.orderId ?? this.#floor.nextId(),
      status: "NEW",
      executedE8: 0n,
      cumQuoteE8: 0n,
      clientAlgoId: parent?.clientAlgoId ?? null,
      isClosePosition: parent?.isClosePosition ?? false,
      createdMs: nowMs,
      updatedMs: nowMs,
    };
    this.#floor.keep(order, "NEW");
    const taken = this.#take(order);
    if (taken.status !== "NEW" && taken.status !== "PARTIALLY_FILLED") return taken;
    const isResting = wish.type === "LIMIT" && (wish.timeInForce === "GTC" || wish.timeInForce === "GTX");
    return isResting ? taken : this.end(taken, "EXPIRED");
  }

  /** The last trade has already gone through a waiting limit order, as it does where a part of one was taken. */
  isFillDue(symbolId: SymbolId): boolean {
    return this.#floor.orders.openOrders(symbolId).some((order) => this.#dueE8(order) > 0n);
  }

  /** Waiting limit orders that the last trade has gone through, in the order of their arrival. */
  fillLimits(symbolId: SymbolId): void {
    for (const { clientOrderId } of this.#floor.orders.openOrders(symbolId)) {
      // An earlier fill may have cut or ended it.
      const order = this.#floor.orders.openOrder(symbolId, clientOrderId);
      if (order === undefined) continue;
      const { priceE8 } = order;
      const qtyE8 = this.#dueE8(order);
      if (qtyE8 > 0n) this.#trade(order, { priceE8, qtyE8, isMaker: true, execution: "TRADE" });
    }
  }

  /** Somebody takes so much of the waiting limit orders of one side, in the order of their arrival. */
  takeWaiting(symbolId: SymbolId, side: OrderSide, wantedE8: bigint): void {
    let leftE8 = wantedE8;
    for (const { clientOrderId } of this.#floor.orders.openOrders(symbolId)) {
      const order = this.#floor.orders.openOrder(symbolId, clientOrderId);
      if (order === undefined || order.side !== side || leftE8 <= 0n) continue;
      const qtyE8 = min(leftE8, this.#fillableE8(order));
      leftE8 -= qtyE8;
      const { priceE8 } = order;
      if (qtyE8 > 0n) this.#trade(order, { priceE8, qtyE8, isMaker: true, execution: "TRADE" });
    }
  }

  /** How much of a waiting limit order the last trade fills; 0 where it has not gone through it by a tick. */
  #dueE8(order: VenueOrder): bigint {
    const { symbolId, side, priceE8 } = order;
    const { lastE8 } = this.#floor.quotes(symbolId);
    const { tickE8 } = this.#floor.listing(symbolId).rules;
    const isThrough = side > 0 ? lastE8 <= priceE8 - tickE8 : lastE8 >= priceE8 + tickE8;
    return isThrough ? this.#fillableE8(order) : 0n;
  }

  /** Conditional orders whose price is touched, in the order of their arrival. */
  fireAlgos(symbolId: SymbolId): void {
    for (const { clientAlgoId } of this.#floor.orders.openAlgos(symbolId)) {
      // What fired before it may have ended it.
      const algo = this.#floor.orders.openAlgo(symbolId, clientAlgoId);
      if (algo?.status === "NEW" && this.#isFiring(algo)) this.#fire(algo);
    }
  }

  /** An order that the venue itself makes: at the mark, rounded against the account, with the taker's commission. */
  force(symbolId: SymbolId, wantedE8: bigint, prefix: ForcedPrefix): void {
    const heldE8 = this.#floor.account.qtyE8(symbolId);
    const qtyE8 = min(abs(heldE8), wantedE8);
    if (qtyE8 <= 0n) return;
    const side = heldE8 > 0n ? -1 : 1;
    const { tickE8 } = this.#floor.listing(symbolId).rules;
    const markE8 = this.#floor.account.markE8(symbolId);
    const roundedE8 = side > 0 ? divCeil(markE8, tickE8) * tickE8 : (markE8 / tickE8) * tickE8;
    const priceE8 = max(tickE8, roundedE8);
    const { nowMs } = this.#floor;
    const orderId = this.#floor.nextId();
    const order: VenueOrder = {
      symbolId,
      orderId,
      side,
      qtyE8,
      priceE8,
      status: "NEW",
      executedE8: 0n,
      cumQuoteE8: 0n,
      clientOrderId: prefix.endsWith("-") ? `${prefix}${orderId}` : `${prefix}_${orderId}`,
      type: "LIMIT",
      timeInForce: "IOC",
      isReduceOnly: true,
      selfTradePrevention: "EXPIRE_MAKER",
      clientAlgoId: null,
      isClosePosition: false,
      createdMs: nowMs,
      updatedMs: nowMs,
    };
    this.#trade(order, {
      priceE8,
      qtyE8,
      isMaker: false,
      execution: prefix === "settlement_autoclose-" ? "TRADE" : "CALCULATED",
    });
  }

  end(
    order: VenueOrder,
    status: Extract<VenueOrderStatus, "CANCELED" | "EXPIRED" | "EXPIRED_IN_MATCH">,
  ): VenueOrder {
    const ended = { ...order, status, updatedMs: this.#floor.nowMs };
    this.#floor.keep(ended, status === "CANCELED" ? "CANCELED" : "EXPIRED");
    this.#finishAlgo(ended);
    return ended;
  }

  /** A waiting order says something else from now on: it loses its place, and takes what it meets. */
  amend(order: VenueOrder, change: Pick<VenueOrder, "qtyE8" | "priceE8">): VenueOrder {
    const amended = { ...order, ...change, updatedMs: this.#floor.nowMs };
    this.#floor.orders.keepLast(amended);
    this.#floor.keep(amended, "AMENDMENT");
    return this.#take(amended);
  }

  /** Moves a conditional order to its next state. */
  step(algo: VenueAlgo, status: AlgoStatus): VenueAlgo {
    return this.#floor.keepAlgo({ ...algo, status, updatedMs: this.#floor.nowMs });
  }

  /** Fills what the market offers to an order that has just come, part by part. */
  #take(taker: VenueOrder): VenueOrder {
    let order = taker;
    const listing = this.#floor.listing(order.symbolId);
    for (let part = 0; ; part++) {
      const wantedE8 = this.#fillableE8(order);
      const offeredE8 =
        listing.offerE8 === null ? wantedE8 : listing.offerE8 - order.executedE8 + taker.executedE8;
      const leftE8 = min(wantedE8, offeredE8);
      const priceE8 = leftE8 > 0n ? this.#partPriceE8(order, listing, part) : null;
      if (priceE8 === null) return order;
      const makers = this.#floor.orders.meeting(order.symbolId, order.side, priceE8);
      if (makers.length > 0) {
        if (order.selfTradePrevention !== "EXPIRE_TAKER")
          for (const maker of makers) this.end(maker, "EXPIRED_IN_MATCH");
        if (order.selfTradePrevention !== "EXPIRE_MAKER") return this.end(order, "EXPIRED_IN_MATCH");
      }
      // Fill-or-kill has no parts: it was let in because it meets the best price.
      const isWhole = part >= FILL_PARTS_MAX - 1 || isFillOrKill(order);
      const qtyE8 = isWhole ? leftE8 : min(leftE8, this.#partE8(listing));
      order = this.#trade(order, { priceE8, qtyE8, isMaker: false, execution: "TRADE" });
    }
  }

  /** What is left of an order; one that only reduces fills no more than is held. */
  #fillableE8(order: VenueOrder): bigint {
    if (order.status !== "NEW" && order.status !== "PARTIALLY_FILLED") return 0n;
    const leftE8 = order.qtyE8 - order.executedE8;
    if (!order.isReduceOnly) return leftE8;
    return min(leftE8, max(0n, this.#floor.account.qtyE8(order.symbolId) * BigInt(-order.side)));
  }

  /** What a part of a taker pays: null beyond its own limit, or beyond what the venue lets a market order take. */
  #partPriceE8(
    { symbolId, side, type, priceE8 }: VenueOrder,
    { rules }: Listing,
    part: number,
  ): bigint | null {
    const { askE8, bidE8, markE8 } = this.#floor.quotes(symbolId);
    const { slippageE4 } = this.#floor.options;
    const worseE8 = BigInt(part) * rules.tickE8;
    const takenE8 =
      side > 0
        ? divCeil(askE8 * (E4 + slippageE4), E4 * rules.tickE8) * rules.tickE8 + worseE8
        : ((bidE8 * (E4 - slippageE4)) / (E4 * rules.tickE8)) * rules.tickE8 - worseE8;
    if (type === "LIMIT") {
      // A limit order that meets the best price takes it, and never pays more than it said.
      const isMet = side > 0 ? askE8 <= priceE8 : bidE8 >= priceE8;
      const isBeyond = side > 0 ? takenE8 > priceE8 : takenE8 < priceE8;
      if (!isMet || (part > 0 && isBeyond)) return null;
      return isBeyond ? priceE8 : takenE8;
    }
    const boundE8 = divRound(markE8 * rules.marketTakeBoundE8, E8);
    return takenE8 > 0n && abs(takenE8 - markE8) <= boundE8 ? takenE8 : null;
  }

  /** How much one part takes at most: the share of the minute's volume, a step at least; all, where no volume is told. */
  #partE8({ rules, volumeE8 }: Listing): bigint {
    const { stepE8, maxE8 } = rules.marketLot;
    if (volumeE8 === null) return maxE8;
    const shareE8 = (volumeE8 * this.#floor.options.partE4) / E4;
    return max(stepE8, shareE8 - (shareE8 % stepE8));
  }

  #isFiring(algo: VenueAlgo): boolean {
    const { lastE8, markE8 } = this.#floor.quotes(algo.symbolId);
    if (!isTouched(algo, { lastE8, markE8 })) return false;
    if (!algo.isPriceProtected) return true;
    const { triggerProtectE8 } = this.#floor.listing(algo.symbolId).rules;
    return abs(markE8 - lastE8) * E8 <= lastE8 * triggerProtectE8;
  }

  /** A conditional order becomes a regular one, or is rejected: only now is it asked what it costs. */
  #fire(waiting: VenueAlgo): void {
    const algo = this.step(waiting, "TRIGGERING");
    const { symbolId, side, type, clientAlgoId, isClosePosition } = algo;
    const heldE8 = max(0n, this.#floor.account.qtyE8(symbolId) * BigInt(-side));
    if (isClosePosition && heldE8 === 0n) {
      this.step({ ...algo, rejectText: VENUE_ERRORS.reduceOnlyRejected.text }, "EXPIRED");
      return;
    }
    const isMarket = type === "STOP_MARKET" || type === "TAKE_PROFIT_MARKET";
    const wish: OrderWish = {
      symbolId,
      side,
      clientOrderId: clientAlgoId,
      type: isMarket ? "MARKET" : "LIMIT",
      timeInForce: algo.timeInForce,
      qtyE8: isClosePosition ? heldE8 : algo.qtyE8,
      priceE8: algo.priceE8,
      isReduceOnly: algo.isReduceOnly || isClosePosition,
      selfTradePrevention: algo.selfTradePrevention,
    };
    const error = this.#firingFault(wish, isClosePosition);
    if (error !== null) {
      this.step({ ...algo, rejectText: error.text }, "REJECTED");
      return;
    }
    const orderId = this.#floor.nextId();
    this.step({ ...algo, actualOrderId: orderId }, "TRIGGERED");
    this.accept(wish, { clientAlgoId, orderId, isClosePosition });
  }

  /** What closes everything is let in however little that is. */
  #firingFault(wish: OrderWish, isClosePosition: boolean): VenueError | null {
    const { isFiringRejected, rules } = this.#floor.listing(wish.symbolId);
    if (isFiringRejected) return VENUE_ERRORS.reduceOnlyConflict;
    return isClosePosition && wish.qtyE8 < rules.marketLot.minE8 ? null : this.#admission.faultOf(wish);
  }

  /** Books a trade of an order and tells of it: the account first, then the order. Returns what the order is then. */
  #trade(order: VenueOrder, { priceE8, qtyE8, isMaker, execution }: Deal): VenueOrder {
    const { symbolId, side, clientOrderId, orderId, clientAlgoId } = order;
    const { takerE8, makerE8 } = this.#floor.listing(symbolId);
    const { nowMs: timeMs, account } = this.#floor;
    const valueE8 = notionalE8(priceE8, qtyE8);
    const commissionE8 = divRound(valueE8 * (isMaker ? makerE8 : takerE8), E8);
    const tradeId = this.#floor.nextTradeId(symbolId);
    const { feeAsset } = this.#floor;
    const otherFee =
      feeAsset === null
        ? null
        : { asset: feeAsset.asset, amountE8: divRound(commissionE8 * E8, feeAsset.priceE8) };
    const deal = { tradeId, symbolId, side, priceE8, qtyE8, commissionE8, otherFee, timeMs };
    const { realisedE8 } = account.fill(deal);
    const trade: VenueTrade = { ...deal, orderId, clientOrderId, clientAlgoId, realisedE8, isMaker };
    this.#floor.book.addTrade(trade);
    const executedE8 = order.executedE8 + qtyE8;
    const next: VenueOrder = {
      ...order,
      executedE8,
      cumQuoteE8: order.cumQuoteE8 + valueE8,
      status: executedE8 === order.qtyE8 ? "FILLED" : "PARTIALLY_FILLED",
      updatedMs: timeMs,
    };
    this.#floor.orders.keep(next);
    this.#floor.emitAccount("ORDER", [symbolId]);
    this.#floor.emit({ type: "order", execution, order: next, trade, timeMs });
    if (next.status === "FILLED") this.#finishAlgo(next);
    this.#cutReducing(symbolId);
    // The cut may have ended this very order.
    return this.#floor.orders.order(symbolId, clientOrderId) ?? next;
  }

  /** Waiting orders that only reduce are cut to what is held, and end where nothing is left for them. */
  #cutReducing(symbolId: SymbolId): void {
    const heldE8 = this.#floor.account.qtyE8(symbolId);
    for (const order of this.#floor.orders.openOrders(symbolId)) {
      if (!order.isReduceOnly || order.type !== "LIMIT") continue;
      const roomE8 = max(0n, heldE8 * BigInt(-order.side));
      if (order.qtyE8 - order.executedE8 <= roomE8) continue;
      if (roomE8 === 0n) this.end(order, "EXPIRED");
      else this.#floor.keepUntold({ ...order, qtyE8: order.executedE8 + roomE8 });
    }
  }

  /** The order that a conditional one became has ended. */
  #finishAlgo({ symbolId, clientAlgoId, executedE8 }: VenueOrder): void {
    if (clientAlgoId === null) return;
    const algo = this.#floor.orders.algo(symbolId, clientAlgoId);
    if (algo?.status === "TRIGGERED") this.step({ ...algo, actualQtyE8: executedE8 }, "FINISHED");
  }
}

function isFillOrKill({ type, timeInForce }: VenueOrder): boolean {
  return type === "LIMIT" && timeInForce === "FOK";
}
