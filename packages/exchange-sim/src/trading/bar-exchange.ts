import {
  type AccountListener,
  type CancelTarget,
  type FeeRates,
  type Fill,
  isApproved,
  type LimitOrder,
  type OrderGateway,
  type OrderRequest,
  type OrderStatus,
  type OrderUpdate,
  type Outcome,
  type Refusal,
  type RiskApproved,
  type StopMarketOrder,
  type TradingRules,
  type VenuePosition,
} from "@smcq/exchange";
import {
  assert,
  divRound,
  notionalE8,
  numberToE8,
  present,
  priceTicks,
  qtySteps,
  E8,
  type SymbolId,
} from "@smcq/kernel";
import { marketTicks } from "./fill-price.ts";
import { SimAccount } from "./sim-account.ts";

/** Client order ids that are remembered, so that none is taken twice; the oldest are forgotten. */
export const CLIENT_IDS_REMEMBERED_MAX = 65_536;

export interface BarExchangeOptions {
  readonly walletE8: bigint;
  readonly listener: Pick<AccountListener, "onOrder" | "onIncome">;
}

/** One bar of a symbol, prices in e8. */
export interface BarE8 {
  readonly openE8: bigint;
  readonly highE8: bigint;
  readonly lowE8: bigint;
}

/** A funding time of a symbol. */
export interface Funding {
  readonly timeMs: number;
  /** Share of the notional that longs pay to shorts; negative: shorts pay. */
  readonly rateE8: bigint;
  readonly markE8: bigint;
}

interface Listed {
  readonly rules: TradingRules;
  readonly takerE8: bigint;
  readonly makerE8: bigint;
  leverage: number;
}

interface Resting {
  readonly order: OrderRequest;
  readonly orderId: string;
  /** A limit order that opens has not met a price yet. */
  isNew: boolean;
}

/**
 * The venue in memory, fidelity `bar` (docs/trading.md 7): market orders wait for the next open, stops, targets and
 * resting entries for a bar that reaches them; whole quantities, slippage and rounding against us, the stop first when a bar reaches both. Moved
 * by its caller alone, so that a run is the same every time.
 */
export class BarExchange implements Omit<OrderGateway, "setMarginType"> {
  readonly #listener: BarExchangeOptions["listener"];
  readonly #account: SimAccount;
  readonly #listed = new Map<SymbolId, Listed>();
  /** Market orders that wait for an open, in the order they came. */
  #waiting: Resting[] = [];
  /** Limit orders that open and have not met a price yet. */
  #arriving: Resting[] = [];
  readonly #stops = new Map<SymbolId, Map<string, Resting>>();
  readonly #limits = new Map<SymbolId, Map<string, Resting>>();
  readonly #clientIds = new Set<string>();
  readonly #fundedMs = new Map<SymbolId, number>();
  #ids = 0;
  #nowMs = 0;

  constructor({ walletE8, listener }: BarExchangeOptions) {
    this.#listener = listener;
    this.#account = new SimAccount(walletE8);
  }

  list(symbolId: SymbolId, rules: TradingRules, fees: FeeRates): void {
    this.#listed.set(symbolId, {
      rules,
      takerE8: numberToE8(fees.takerRatio),
      makerE8: numberToE8(fees.makerRatio),
      leverage: 20,
    });
  }

  submit(approved: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    assert(isApproved(approved), "Invariant: no order without the seal of risk");
    const order = approved.value;
    const refusal = this.#refusalOf(order);
    if (refusal !== null) {
      onOutcome({ type: "refused", code: refusal, text: `simulated venue: ${refusal}` });
      return;
    }
    this.#remember(order.clientOrderId);
    const orderId = String(++this.#ids);
    const resting: Resting = { order, orderId, isNew: order.type === "limit" && !order.isReduceOnly };
    if (resting.isNew) this.#arriving.push(resting);
    if (order.type === "market") this.#waiting.push(resting);
    else
      mapOf(order.type === "limit" ? this.#limits : this.#stops, order.symbolId).set(
        order.clientOrderId,
        resting,
      );
    onOutcome({ type: "acked", orderId });
  }

  cancel({ symbolId, clientOrderId, isAlgo }: CancelTarget, onOutcome: (outcome: Outcome) => void): void {
    const resting = mapOf(isAlgo ? this.#stops : this.#limits, symbolId);
    const found = resting.get(clientOrderId);
    if (found === undefined) {
      onOutcome({ type: "refused", code: "UNKNOWN_ORDER", text: "simulated venue: no such order rests" });
      return;
    }
    resting.delete(clientOrderId);
    onOutcome({ type: "acked", orderId: found.orderId });
    this.#tell(found.order, "canceled", null);
  }

  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    this.#of(symbolId).leverage = leverage;
    onOutcome({ type: "acked", orderId: "" });
  }

  /** A funding time: who holds the symbol pays or gets `side * notional at the mark * rate`, to the nearest unit. */
  fund(symbolId: SymbolId, { timeMs, rateE8, markE8 }: Funding): void {
    const lastMs = this.#fundedMs.get(symbolId) ?? Number.NEGATIVE_INFINITY;
    assert(timeMs > lastMs, "Invariant: the funding times of a symbol ascend");
    this.#fundedMs.set(symbolId, timeMs);
    const position = this.#account.position(symbolId);
    if (position === null) return;
    const qtyE8 = BigInt(position.qtySteps) * this.#of(symbolId).rules.stepE8;
    const amountE8 = BigInt(-position.side) * divRound(notionalE8(markE8, qtyE8) * rateE8, E8);
    this.#account.pay(amountE8);
    this.#listener.onIncome({
      incomeId: `funding-${symbolId}-${timeMs}`,
      type: "funding",
      symbolId,
      amountE8,
      timeMs,
    });
  }

  /** The open of a minute: market orders of the symbols that have a bar in it fill, closing ones first. */
  open(timeMs: number, openOf: (symbolId: SymbolId) => bigint | null): void {
    this.#nowMs = timeMs;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const isReduceOnly of [true, false])
      for (const resting of waiting) {
        if (resting.order.isReduceOnly !== isReduceOnly) continue;
        const openE8 = openOf(resting.order.symbolId);
        if (openE8 === null) this.#waiting.push(resting);
        else this.#fillMarket(resting, openE8);
      }
    const arriving = this.#arriving;
    this.#arriving = [];
    for (const resting of arriving) this.#arrive(resting, openOf(resting.order.symbolId));
  }

  /** A resting entry meets the open: what would take there is no order that only rests. */
  #arrive(resting: Resting, openE8: bigint | null): void {
    const { symbolId, side, clientOrderId, priceTicks: ticks } = resting.order as LimitOrder;
    if (!mapOf(this.#limits, symbolId).has(clientOrderId)) return;
    if (openE8 === null) {
      this.#arriving.push(resting);
      return;
    }
    const priceE8 = BigInt(ticks) * this.#of(symbolId).rules.tickE8;
    resting.isNew = false;
    if (side > 0 ? priceE8 <= openE8 : priceE8 >= openE8) return;
    mapOf(this.#limits, symbolId).delete(clientOrderId);
    this.#tell(resting.order, "expired", null);
  }

  /**
   * The inside of a minute for one symbol: its stop, else its target; where nothing is held, its resting entries.
   * `closeMs` is the bar's end. True when one of these has filled: `afterEntry` is to follow.
   */
  trade(symbolId: SymbolId, openMs: number, closeMs: number, bar: BarE8): boolean {
    const position = this.#account.position(symbolId);
    if (position === null) return this.#fillThrough(symbolId, closeMs, { bar, isReduceOnly: false });
    const { rules } = this.#of(symbolId);
    const isLong = position.side > 0;
    let isStopped = false;
    // Each stop that the bar reaches, until nothing is held: while one replaces another, both stand.
    for (const resting of mapOf(this.#stops, symbolId).values()) {
      const stopE8 = BigInt((resting.order as StopMarketOrder).triggerTicks) * rules.tickE8;
      const isBeyondAtOpen = isLong ? bar.openE8 <= stopE8 : bar.openE8 >= stopE8;
      const isReached = isLong ? bar.lowE8 <= stopE8 : bar.highE8 >= stopE8;
      if (!isBeyondAtOpen && !isReached) continue;
      this.#nowMs = isBeyondAtOpen ? openMs : closeMs;
      mapOf(this.#stops, symbolId).delete(resting.order.clientOrderId);
      this.#fillMarket(resting, isBeyondAtOpen ? bar.openE8 : stopE8);
      isStopped = true;
      if (this.#account.position(symbolId) === null) break;
    }
    if (!isStopped) this.#fillThrough(symbolId, closeMs, { bar, isReduceOnly: true });
    return false;
  }

  /**
   * The bar that an entry has just filled in, once its stop has come: nobody knows what the bar did before, so that one
   * which reaches the stop is taken to have done so afterwards, and no target fills.
   */
  afterEntry(symbolId: SymbolId, closeMs: number, bar: BarE8): void {
    const position = this.#account.position(symbolId);
    if (position === null) return;
    const { tickE8 } = this.#of(symbolId).rules;
    const isLong = position.side > 0;
    for (const resting of mapOf(this.#stops, symbolId).values()) {
      const stopE8 = BigInt((resting.order as StopMarketOrder).triggerTicks) * tickE8;
      if (isLong ? bar.lowE8 > stopE8 : bar.highE8 < stopE8) continue;
      const isBeyondAtOpen = isLong ? bar.openE8 <= stopE8 : bar.openE8 >= stopE8;
      this.#nowMs = closeMs;
      mapOf(this.#stops, symbolId).delete(resting.order.clientOrderId);
      this.#fillMarket(resting, isBeyondAtOpen ? bar.openE8 : stopE8);
      return;
    }
  }

  /** Fills the first limit order that the bar trades through by a tick, at its price; true when there is one. */
  #fillThrough(
    symbolId: SymbolId,
    closeMs: number,
    { bar, isReduceOnly }: { readonly bar: BarE8; readonly isReduceOnly: boolean },
  ): boolean {
    const { tickE8 } = this.#of(symbolId).rules;
    for (const resting of mapOf(this.#limits, symbolId).values()) {
      const order = resting.order as LimitOrder;
      if (resting.isNew || order.isReduceOnly !== isReduceOnly) continue;
      const priceE8 = BigInt(order.priceTicks) * tickE8;
      if (order.side < 0 ? bar.highE8 < priceE8 + tickE8 : bar.lowE8 > priceE8 - tickE8) continue;
      this.#nowMs = closeMs;
      mapOf(this.#limits, symbolId).delete(order.clientOrderId);
      this.#fill(resting, order.priceTicks, true);
      return true;
    }
    return false;
  }

  /** The symbol's data have ended: what waits for an open fills at the last price. */
  settle(symbolId: SymbolId, timeMs: number, priceE8: bigint): void {
    this.#nowMs = timeMs;
    const own = this.#waiting.filter(({ order }) => order.symbolId === symbolId);
    this.#waiting = this.#waiting.filter(({ order }) => order.symbolId !== symbolId);
    for (const resting of own) this.#fillMarket(resting, priceE8);
  }

  /** An order waits for an open: to fill at it, or to rest if it does not take there. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0 || this.#arriving.length > 0;
  }

  positions(): readonly VenuePosition[] {
    return Array.from(
      this.#account.positions(),
      ([symbolId, { side, qtySteps: steps, entryNotionalE8 }]) => ({
        symbolId,
        qtySteps: side * steps,
        entryPriceE8: divRound(entryNotionalE8 * E8, BigInt(steps) * this.#of(symbolId).rules.stepE8),
        liquidationPriceE8: null,
      }),
    );
  }

  /** What the symbol's next position opens with. */
  leverageOf(symbolId: SymbolId): number {
    return this.#of(symbolId).leverage;
  }

  walletE8(): bigint {
    return this.#account.walletE8;
  }

  #fillMarket(resting: Resting, priceE8: bigint): void {
    const { order } = resting;
    this.#fill(resting, marketTicks(order.side, priceE8, this.#of(order.symbolId).rules.tickE8), false);
  }

  #fill({ order }: Resting, ticks: number, isMaker: boolean): void {
    const { symbolId, side, clientOrderId } = order;
    const { rules, takerE8, makerE8 } = this.#of(symbolId);
    const held = this.#account.position(symbolId);
    const steps = order.isReduceOnly ? Math.min(order.qtySteps, held?.qtySteps ?? 0) : order.qtySteps;
    if (steps === 0) {
      this.#tell(order, "expired", null);
      return;
    }
    const valueE8 = notionalE8(BigInt(ticks) * rules.tickE8, BigInt(steps) * rules.stepE8);
    const fill: Fill = {
      tradeId: String(++this.#ids),
      clientOrderId,
      symbolId,
      side,
      priceTicks: priceTicks(ticks),
      qtySteps: qtySteps(steps),
      feeE8: divRound(valueE8 * (isMaker ? makerE8 : takerE8), E8),
      isMaker,
      timeMs: this.#nowMs,
    };
    this.#account.fill(fill, rules);
    this.#tell(order, order.type === "stop-market" ? "finished" : "filled", fill);
    if (this.#account.position(symbolId) === null) this.#expireReducing(symbolId);
  }

  /** Flat: what could only reduce has nothing left to do. */
  #expireReducing(symbolId: SymbolId): void {
    for (const resting of [mapOf(this.#stops, symbolId), mapOf(this.#limits, symbolId)])
      for (const [id, { order }] of resting) {
        if (!order.isReduceOnly) continue;
        resting.delete(id);
        this.#tell(order, "expired", null);
      }
  }

  #tell(order: OrderRequest, status: OrderStatus, fill: Fill | null): void {
    const update: OrderUpdate = {
      clientOrderId: order.clientOrderId,
      symbolId: order.symbolId,
      status,
      cumQtySteps: fill?.qtySteps ?? qtySteps(0),
      fill,
      timeMs: this.#nowMs,
    };
    this.#listener.onOrder(update);
  }

  #refusalOf(order: OrderRequest): Refusal | null {
    const listed = this.#listed.get(order.symbolId);
    if (listed === undefined) return "SYMBOL_CLOSED";
    const { rules } = listed;
    if (this.#clientIds.has(order.clientOrderId)) return "DUPLICATE_ID";
    if (order.qtySteps <= 0) return "LOT_SIZE";
    if (order.isReduceOnly) {
      const held = this.#account.position(order.symbolId);
      return held === null || held.side === order.side ? "REDUCE_ONLY_REJECT" : null;
    }
    if (order.qtySteps < rules.minQtySteps) return "LOT_SIZE";
    if (order.type === "market" && order.qtySteps * rules.stepSize > rules.marketMaxQty)
      return "MARKET_LOT_SIZE";
    return null;
  }

  #remember(clientOrderId: string): void {
    this.#clientIds.add(clientOrderId);
    if (this.#clientIds.size <= CLIENT_IDS_REMEMBERED_MAX) return;
    const [oldest] = this.#clientIds;
    if (oldest !== undefined) this.#clientIds.delete(oldest);
  }

  #of(symbolId: SymbolId): Listed {
    return present(this.#listed.get(symbolId), "Invariant: orders are for listed symbols");
  }
}

function mapOf(maps: Map<SymbolId, Map<string, Resting>>, symbolId: SymbolId): Map<string, Resting> {
  let map = maps.get(symbolId);
  if (map === undefined) {
    map = new Map();
    maps.set(symbolId, map);
  }
  return map;
}
