import type {
  FeeRates,
  IncomeRow,
  MarginType,
  OrderSide,
  SymbolSettings,
  TradingLimit,
} from "@smcq/exchange";
import { assert, divRound, E8, notionalE8, type SymbolId } from "@smcq/kernel";
import { Admission } from "./admission.ts";
import { abs, min } from "./bigints.ts";
import { done, refused, type Reply, type VenueError, VENUE_ERRORS } from "./codes.ts";
import { VenueKeeping } from "./keeping/venue-keeping.ts";
import { MarginSettings } from "./margin-settings.ts";
import { Matching } from "./matching.ts";
import { filterAlgo } from "./order-checks.ts";
import { ALGO_ORDERS_MAX } from "./order-book.ts";
import type {
  AlgoWish,
  HeldPosition,
  OrderWish,
  Print,
  VenueAlgo,
  VenueEvent,
  VenueOrder,
  VenueTrade,
} from "./orders.ts";
import { reachOf } from "./reach.ts";
import { type FeeAsset, type SimExchangeOptions, VenueFloor } from "./venue-floor.ts";
import type { VenueRules } from "./venue-rules.ts";

/**
 * The venue in memory, fidelity `path` (docs/trading.md 7): an account in one-way mode, in the venue's own words and codes.
 * Neither clock nor chance: its caller moves the market (`print`) and hands in orders with the time at which they arrive. What
 * it tells of comes when the call that caused it is over.
 *
 *   bid = the last trade   ask = one tick above   BUY pays ask + slippage, SELL gets bid - slippage, rounded against it
 *
 * A market order that wants more than its share of the minute's volume is filled in parts, each a tick worse, until the
 * symbol's `marketTakeBound` from the mark; the rest expires. A waiting limit order is filled, as maker and at its own
 * price, when the last trade goes through it by a tick. A liquidated position is closed at the mark as a whole.
 */
export class SimExchange {
  readonly #floor: VenueFloor;
  readonly #admission: Admission;
  readonly #matching: Matching;
  readonly #margin: MarginSettings;
  /** How all of it is kept, and taken up again. */
  readonly keeping: VenueKeeping;

  constructor(options: SimExchangeOptions) {
    this.#floor = new VenueFloor(options);
    this.#admission = new Admission(this.#floor);
    this.#matching = new Matching(this.#floor, this.#admission);
    this.#margin = new MarginSettings(this.#floor, this.#admission);
    this.keeping = new VenueKeeping(this.#floor);
  }

  /** From now on one listener hears everything; without one nobody does. */
  listen(onEvent: (event: VenueEvent) => void): void {
    this.#floor.listen(onEvent);
  }

  /** Opens a symbol to trading; it can be ordered from its first print on. */
  list(symbolId: SymbolId, rules: VenueRules, fees: FeeRates): void {
    this.#floor.list(symbolId, rules, fees);
  }

  /** What the present minute of a symbol trades, base units e8: large market orders are measured by it. Null: any are small. */
  setVolume(symbolId: SymbolId, volumeE8: bigint | null): void {
    this.#floor.listing(symbolId).volumeE8 = volumeE8;
  }

  /** What the book of a symbol offers to one order at most, base units e8; null: enough for any. */
  setOffer(symbolId: SymbolId, offerE8: bigint | null): void {
    this.#floor.listing(symbolId).offerE8 = offerE8;
  }

  /** Closes a symbol to orders that open, or opens it again. */
  setTrading(symbolId: SymbolId, isTrading: boolean): void {
    this.#floor.listing(symbolId).isTrading = isTrading;
  }

  /** Takes commissions in another asset from now on, from a balance that never ends; null: in USDT again. */
  setFeeAsset(feeAsset: FeeAsset | null): void {
    this.#floor.feeAsset = feeAsset;
  }

  /** What the venue says of the account's ways of trading; while a limit is locked, orders that open are refused. */
  setLimits(limits: readonly TradingLimit[]): void {
    this.#floor.limits = limits;
  }

  limits(): readonly TradingLimit[] {
    return this.#floor.limits;
  }

  /** From now on orders of a symbol are held against these rules, and positions against their brackets. */
  setRules(symbolId: SymbolId, rules: VenueRules): void {
    this.#floor.listing(symbolId).rules = rules;
    this.#floor.account.setRules(symbolId, rules);
  }

  /** From now on trades of a symbol cost this. */
  setFees(symbolId: SymbolId, fees: FeeRates): void {
    this.#floor.setFees(symbolId, fees);
  }

  /** From now on an order that only reduces finds no room beside resting ones that close everything, or it does again. */
  setStrictReduceOnly(isStrict: boolean): void {
    this.#floor.isStrictReduceOnly = isStrict;
  }

  /** Rejects conditional orders of a symbol when they fire, or lets them go on. */
  setFiringRejected(symbolId: SymbolId, isRejected: boolean): void {
    this.#floor.listing(symbolId).isFiringRejected = isRejected;
  }

  /** Moves a symbol's market; whatever its prices reach happens now, liquidations first. */
  print(symbolId: SymbolId, print: Print): void {
    const listing = this.#floor.listing(symbolId);
    assert(print.lastE8 > 0n && print.markE8 > 0n, "Invariant: prices are above 0");
    assert(
      print.timeMs >= (listing.print?.timeMs ?? 0),
      "Invariant: a symbol's market does not go back in time",
    );
    this.#floor.run(print.timeMs, () => {
      this.#floor.setPrint(symbolId, print);
      this.#liquidate();
      this.#matching.fillLimits(symbolId);
      this.#matching.fireAlgos(symbolId);
      this.#liquidate();
    });
  }

  /**
   * The first moment, on the straight way from the present to `to`, at which something that waits would stir or a position
   * be liquidated; null: nothing on the way. `print` it before going on. It is the present where the market is through a
   * waiting order already.
   */
  reach(symbolId: SymbolId, to: Print): Print | null {
    const { print, rules } = this.#floor.listing(symbolId);
    if (print === null) return null;
    if (this.#matching.isFillDue(symbolId)) return print;
    const { account, orders } = this.#floor;
    const levels = [...orders.levels(symbolId, rules.tickE8)];
    const liquidationE8 = account.isSafeAt(symbolId, to.markE8) ? null : account.liquidationPriceE8(symbolId);
    if (liquidationE8 !== null)
      levels.push({ priceE8: liquidationE8, isUp: account.qtyE8(symbolId) < 0n, isMark: true });
    return reachOf(print, to, levels);
  }

  /** The last moment of a symbol's market; null: none yet. */
  lastPrint(symbolId: SymbolId): Print | null {
    return this.#floor.listing(symbolId).print;
  }

  /** Symbols in which something is held or waits, by number: the others need no prints. */
  activeIds(): readonly SymbolId[] {
    const { account, orders } = this.#floor;
    return [...new Set([...account.heldIds(), ...orders.activeIds()])].sort((a, b) => a - b);
  }

  /** Takes an order that arrives at `nowMs`. A market order, IOC and FOK have ended when this returns. */
  place(wish: OrderWish, nowMs: number): Reply<VenueOrder> {
    return this.#floor.run(nowMs, () => {
      if (this.#floor.orderable(wish.symbolId) === null) return refused(VENUE_ERRORS.invalidSymbol);
      const error = this.#admission.faultOf(wish);
      if (error !== null) return refused(error);
      const order = this.#matching.accept(wish);
      // What it paid beyond the mark may have been more than the account could carry.
      this.#liquidate();
      return done(order);
    });
  }

  /** Takes a conditional order that arrives at `nowMs`. */
  placeAlgo(wish: AlgoWish, nowMs: number): Reply<VenueAlgo> {
    return this.#floor.run(nowMs, () => {
      const error = this.#algoFault(wish);
      if (error !== null) return refused(error);
      const algo: VenueAlgo = {
        ...wish,
        algoId: this.#floor.nextId(),
        status: "NEW",
        actualOrderId: null,
        actualQtyE8: 0n,
        rejectText: null,
        createdMs: nowMs,
        updatedMs: nowMs,
      };
      return done(this.#floor.keepAlgo(algo));
    });
  }

  cancel(symbolId: SymbolId, clientOrderId: string, nowMs: number): Reply<VenueOrder> {
    return this.#floor.run(nowMs, () => {
      const order = this.#floor.orders.openOrder(symbolId, clientOrderId);
      return order === undefined
        ? refused(VENUE_ERRORS.unknownOrder)
        : done(this.#matching.end(order, "CANCELED"));
    });
  }

  /**
   * Gives a waiting order another quantity and price; the same ones are refused. It ends where it has been filled that far
   * already, and goes on as it was where the new order would be refused.
   */
  amend(
    { symbolId, clientOrderId }: Pick<OrderWish, "symbolId" | "clientOrderId">,
    change: Pick<OrderWish, "qtyE8" | "priceE8">,
    nowMs: number,
  ): Reply<VenueOrder> {
    return this.#floor.run(nowMs, () => {
      const { orders } = this.#floor;
      const order = orders.openOrder(symbolId, clientOrderId);
      if (order === undefined) return refused(VENUE_ERRORS.unknownOrder);
      const { qtyE8, priceE8 } = change;
      if (order.qtyE8 === qtyE8 && order.priceE8 === priceE8) return refused(VENUE_ERRORS.sameOrder);
      if (qtyE8 > 0n && qtyE8 <= order.executedE8) return done(this.#matching.end(order, "CANCELED"));
      const rest = { ...order, priceE8, qtyE8: qtyE8 - order.executedE8 };
      const error = orders.without(order, () => this.#admission.faultOf(rest));
      if (error !== null) return refused(error);
      const amended = this.#matching.amend(order, change);
      this.#liquidate();
      return done(amended);
    });
  }

  cancelAlgo(symbolId: SymbolId, clientAlgoId: string, nowMs: number): Reply<VenueAlgo> {
    return this.#floor.run(nowMs, () => {
      const algo = this.#floor.orders.openAlgo(symbolId, clientAlgoId);
      if (algo === undefined) return refused(VENUE_ERRORS.unknownOrder);
      return done(this.#matching.step(algo, "CANCELED"));
    });
  }

  setLeverage(symbolId: SymbolId, leverage: number, nowMs: number): Reply<SymbolSettings> {
    return this.#floor.run(nowMs, () => this.#margin.setLeverage(symbolId, leverage));
  }

  setMarginType(symbolId: SymbolId, marginType: MarginType, nowMs: number): Reply<SymbolSettings> {
    return this.#floor.run(nowMs, () => this.#margin.setMarginType(symbolId, marginType));
  }

  /** Gives an isolated position more margin, or takes some back; returns what it is given altogether. */
  movePositionMargin(symbolId: SymbolId, amountE8: bigint, nowMs: number): Reply<bigint> {
    return this.#floor.run(nowMs, () => this.#margin.move(symbolId, amountE8));
  }

  /** Money comes (positive) or goes; what margin needs cannot go, nor can open profit. Returns the wallet. */
  transfer(amountE8: bigint, nowMs: number): Reply<bigint> {
    return this.#floor.run(nowMs, () => {
      const freeE8 = min(this.#admission.availableE8(), this.#floor.account.crossWalletE8);
      if (amountE8 < 0n && -amountE8 > freeE8) return refused(VENUE_ERRORS.transferTooLarge);
      this.#floor.account.pay({ type: "transfer", symbolId: null, amountE8, timeMs: nowMs });
      this.#floor.emitAccount(amountE8 < 0n ? "WITHDRAW" : "DEPOSIT", []);
      return done(this.#floor.account.walletE8);
    });
  }

  /** A funding time of a symbol: `-side * notional at the mark * rate`; longs pay a positive rate. */
  fund(symbolId: SymbolId, rateE8: bigint, nowMs: number): void {
    this.#floor.run(nowMs, () => {
      const { account } = this.#floor;
      const qtyE8 = account.qtyE8(symbolId);
      if (qtyE8 === 0n) return;
      const side = qtyE8 < 0n ? -1n : 1n;
      const valueE8 = notionalE8(account.markE8(symbolId), abs(qtyE8));
      const amountE8 = -side * divRound(valueE8 * rateE8, E8);
      account.pay({ type: "funding", symbolId, amountE8, timeMs: nowMs });
      this.#floor.emitAccount("FUNDING_FEE", [symbolId]);
      this.#liquidate();
    });
  }

  /** Somebody takes so much of the account's waiting limit orders of one side, at their prices. */
  takeWaiting(symbolId: SymbolId, side: OrderSide, qtyE8: bigint, nowMs: number): void {
    this.#floor.run(nowMs, () => {
      this.#matching.takeWaiting(symbolId, side, qtyE8);
      this.#liquidate();
    });
  }

  /** Auto-deleveraging: the venue closes `qtyE8`, at most what is held, at the mark. */
  deleverage(symbolId: SymbolId, qtyE8: bigint, nowMs: number): void {
    this.#floor.run(nowMs, () => {
      this.#matching.force(symbolId, qtyE8, "adl_autoclose");
      this.#liquidate();
    });
  }

  /** The end of a contract: what waits is cancelled, and what is held is closed at the mark, as a whole. */
  settle(symbolId: SymbolId, nowMs: number): void {
    this.#floor.run(nowMs, () => {
      this.#cancelAll(symbolId);
      this.#matching.force(symbolId, abs(this.#floor.account.qtyE8(symbolId)), "settlement_autoclose-");
      this.#liquidate();
    });
  }

  /** Undefined: there is none, or it is forgotten. */
  order(symbolId: SymbolId, clientOrderId: string): VenueOrder | undefined {
    return this.#floor.orders.order(symbolId, clientOrderId);
  }

  algo(symbolId: SymbolId, clientAlgoId: string): VenueAlgo | undefined {
    return this.#floor.orders.algo(symbolId, clientAlgoId);
  }

  openOrders(): readonly VenueOrder[] {
    return this.#floor.orders.allOrders;
  }

  openAlgos(): readonly VenueAlgo[] {
    return this.#floor.orders.allAlgos;
  }

  /** By symbol number. */
  positions(): readonly HeldPosition[] {
    const { account } = this.#floor;
    const heldAt = (id: SymbolId): HeldPosition =>
      Object.assign(account.holding(id), { liquidationPriceE8: account.liquidationPriceE8(id) });
    return account.heldIds().map(heldAt);
  }

  trades(symbolId: SymbolId, sinceMs: number): readonly VenueTrade[] {
    return this.#floor.book.trades(symbolId, sinceMs);
  }

  income(sinceMs: number): readonly IncomeRow[] {
    return this.#floor.book.income(sinceMs);
  }

  settings(symbolId: SymbolId): SymbolSettings {
    return this.#floor.account.settings(symbolId);
  }

  walletE8(): bigint {
    return this.#floor.account.walletE8;
  }

  /** What new orders may still use. */
  availableE8(): bigint {
    return this.#admission.availableE8();
  }

  rules(symbolId: SymbolId): VenueRules {
    return this.#floor.listing(symbolId).rules;
  }

  #algoFault(wish: AlgoWish): VenueError | null {
    const { symbolId, clientAlgoId, isReduceOnly, isClosePosition } = wish;
    const { orders } = this.#floor;
    const listing = this.#floor.orderable(symbolId);
    if (listing === null) return VENUE_ERRORS.invalidSymbol;
    if (orders.openAlgo(symbolId, clientAlgoId) !== undefined) return VENUE_ERRORS.duplicateId;
    const fault = filterAlgo(wish, listing.rules, this.#floor.quotes(symbolId));
    if (fault !== null) return fault;
    if (!listing.isTrading && !isReduceOnly && !isClosePosition) return VENUE_ERRORS.symbolClosed;
    if (orders.algoCount >= ALGO_ORDERS_MAX) return VENUE_ERRORS.tooManyAlgoOrders;
    const isSameKind = ({ type, side, ...other }: VenueAlgo): boolean =>
      other.isClosePosition && side === wish.side && type === wish.type;
    return isClosePosition && orders.openAlgos(symbolId).some(isSameKind)
      ? VENUE_ERRORS.closePositionExists
      : null;
  }

  #cancelAll(symbolId: SymbolId): void {
    const { orders } = this.#floor;
    for (const order of orders.openOrders(symbolId)) this.#matching.end(order, "CANCELED");
    for (const algo of orders.openAlgos(symbolId)) this.#matching.step(algo, "CANCELED");
  }

  /** Closes what the account can no longer carry, one position after the other. */
  #liquidate(): void {
    const { account } = this.#floor;
    for (let id = account.bankruptId(); id !== null; id = account.bankruptId()) {
      this.#cancelAll(id);
      const givenE8 = account.standingE8(id) - account.unrealisedE8(id);
      const beforeE8 = account.walletE8;
      const sizeE8 = abs(account.qtyE8(id));
      const valueE8 = notionalE8(account.markE8(id), sizeE8);
      this.#matching.force(id, sizeE8, "autoclose-");
      const leftE8 = givenE8 + account.walletE8 - beforeE8;
      const feeE8 = divRound(valueE8 * this.#floor.listing(id).rules.liquidationFeeE8, E8);
      // The insurance fund takes its fee from what is left, and pays what is missing.
      const amountE8 = leftE8 < 0n ? -leftE8 : -min(feeE8, leftE8);
      if (amountE8 === 0n) continue;
      account.pay({ type: "liquidation-fee", symbolId: id, amountE8, timeMs: this.#floor.nowMs });
      this.#floor.emitAccount("INSURANCE_CLEAR", [id]);
    }
    if (account.walletE8 >= 0n || account.heldIds().length > 0) return;
    // A fill far from the mark cost more than there was: nobody owes the venue anything.
    const amountE8 = -account.walletE8;
    account.pay({ type: "liquidation-fee", symbolId: null, amountE8, timeMs: this.#floor.nowMs });
    this.#floor.emitAccount("INSURANCE_CLEAR", []);
  }
}
