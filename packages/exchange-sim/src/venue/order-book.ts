import type { OrderSide } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import { isTriggeredAbove } from "./order-checks.ts";
import type { VenueAlgo, VenueOrder } from "./orders.ts";

/** Orders that have ended and can still be asked for, of each kind; the oldest are forgotten. */
export const ENDED_REMEMBERED_MAX = 65_536;
/** Conditional orders of an account that wait at once, whatever their symbol (docs/binance.md 5.3). */
export const ALGO_ORDERS_MAX = 200;

/** What an account has waiting at the venue and what has ended, by symbol and client id. */
export class OrderBook {
  /** In the order of arrival. */
  readonly #orders = new Map<SymbolId, Map<string, VenueOrder>>();
  readonly #algos = new Map<SymbolId, Map<string, VenueAlgo>>();
  readonly #endedOrders = new Map<string, VenueOrder>();
  readonly #endedAlgos = new Map<string, VenueAlgo>();
  #algoCount = 0;

  /** Keeps an order as it is now: waiting, or ended. */
  keep(order: VenueOrder): void {
    const { symbolId, clientOrderId, status } = order;
    const open = childOf(this.#orders, symbolId);
    if (status === "NEW" || status === "PARTIALLY_FILLED") {
      open.set(clientOrderId, order);
      return;
    }
    open.delete(clientOrderId);
    remember(this.#endedOrders, keyOf(symbolId, clientOrderId), order);
  }

  keepAlgo(algo: VenueAlgo): void {
    const { symbolId, clientAlgoId, status } = algo;
    const open = childOf(this.#algos, symbolId);
    const isOpen = status === "NEW" || status === "TRIGGERING";
    this.#algoCount += Number(isOpen) - Number(open.has(clientAlgoId));
    if (isOpen) {
      open.set(clientAlgoId, algo);
      return;
    }
    open.delete(clientAlgoId);
    remember(this.#endedAlgos, keyOf(symbolId, clientAlgoId), algo);
  }

  /** Does something as if an order did not wait; it waits again afterwards, in its old place. */
  without<T>({ symbolId, clientOrderId }: VenueOrder, work: () => T): T {
    const open = childOf(this.#orders, symbolId);
    const before = [...open];
    open.delete(clientOrderId);
    try {
      return work();
    } finally {
      open.clear();
      for (const [id, order] of before) open.set(id, order);
    }
  }

  /** Keeps an open order as it is now, behind all others. */
  keepLast(order: VenueOrder): void {
    childOf(this.#orders, order.symbolId).delete(order.clientOrderId);
    this.keep(order);
  }

  /** Those that are still remembered, the oldest first. */
  endedOrders(): Iterable<VenueOrder> {
    return this.#endedOrders.values();
  }

  endedAlgos(): Iterable<VenueAlgo> {
    return this.#endedAlgos.values();
  }

  /** In what order symbols have their place among what waits. */
  seats(): { readonly orders: readonly SymbolId[]; readonly algos: readonly SymbolId[] } {
    return { orders: [...this.#orders.keys()], algos: [...this.#algos.keys()] };
  }

  takeSeats(seats: { readonly orders: readonly SymbolId[]; readonly algos: readonly SymbolId[] }): void {
    // Ended orders have made places of their own.
    this.#orders.clear();
    this.#algos.clear();
    for (const symbolId of seats.orders) childOf(this.#orders, symbolId);
    for (const symbolId of seats.algos) childOf(this.#algos, symbolId);
  }

  /** Waiting or ended; undefined: nobody remembers it. */
  order(symbolId: SymbolId, clientOrderId: string): VenueOrder | undefined {
    return this.openOrder(symbolId, clientOrderId) ?? this.#endedOrders.get(keyOf(symbolId, clientOrderId));
  }

  /** Waiting, fired or ended. */
  algo(symbolId: SymbolId, clientAlgoId: string): VenueAlgo | undefined {
    return this.openAlgo(symbolId, clientAlgoId) ?? this.#endedAlgos.get(keyOf(symbolId, clientAlgoId));
  }

  openOrder(symbolId: SymbolId, clientOrderId: string): VenueOrder | undefined {
    return this.#orders.get(symbolId)?.get(clientOrderId);
  }

  openAlgo(symbolId: SymbolId, clientAlgoId: string): VenueAlgo | undefined {
    return this.#algos.get(symbolId)?.get(clientAlgoId);
  }

  /** A copy, so that what happens meanwhile does not disturb the walk. */
  openOrders(symbolId: SymbolId): readonly VenueOrder[] {
    return [...(this.#orders.get(symbolId)?.values() ?? [])];
  }

  openAlgos(symbolId: SymbolId): readonly VenueAlgo[] {
    return [...(this.#algos.get(symbolId)?.values() ?? [])];
  }

  get allOrders(): readonly VenueOrder[] {
    return [...this.#orders.values()].flatMap((orders) => Array.from(orders.values()));
  }

  get allAlgos(): readonly VenueAlgo[] {
    return [...this.#algos.values()].flatMap((algos) => Array.from(algos.values()));
  }

  get algoCount(): number {
    return this.#algoCount;
  }

  /** Symbols in which something waits. */
  *activeIds(): Iterable<SymbolId> {
    for (const [symbolId, orders] of this.#orders) if (orders.size > 0) yield symbolId;
    for (const [symbolId, algos] of this.#algos) if (algos.size > 0) yield symbolId;
  }

  /** Own orders that a taker of this side would meet at a price. */
  meeting(symbolId: SymbolId, side: OrderSide, priceE8: bigint): readonly VenueOrder[] {
    return this.openOrders(symbolId).filter(
      (order) => order.side !== side && (side > 0 ? order.priceE8 <= priceE8 : order.priceE8 >= priceE8),
    );
  }

  /** Prices of the last trade, or the mark, at which something that waits would stir; `isUp`: reached by a rise. */
  levels(symbolId: SymbolId, tickE8: bigint): readonly Level[] {
    const levels: Level[] = [];
    for (const { side, priceE8 } of this.openOrders(symbolId))
      // A limit order is filled when the market trades through it.
      levels.push({ priceE8: priceE8 - BigInt(side) * tickE8, isUp: side < 0, isMark: false });
    for (const algo of this.openAlgos(symbolId))
      if (algo.status === "NEW")
        levels.push({
          priceE8: algo.triggerPriceE8,
          isUp: isTriggeredAbove(algo),
          isMark: algo.workingType === "MARK_PRICE",
        });
    return levels;
  }
}

export interface Level {
  readonly priceE8: bigint;
  readonly isUp: boolean;
  readonly isMark: boolean;
}

function childOf<T>(parents: Map<SymbolId, Map<string, T>>, symbolId: SymbolId): Map<string, T> {
  let child = parents.get(symbolId);
  if (child === undefined) {
    child = new Map();
    parents.set(symbolId, child);
  }
  return child;
}

function keyOf(symbolId: SymbolId, clientId: string): string {
  return `${symbolId}:${clientId}`;
}

/** Client ids may come again: the last order of that id is the one that is found. */
function remember<T>(ended: Map<string, T>, key: string, value: T): void {
  ended.delete(key);
  ended.set(key, value);
  if (ended.size <= ENDED_REMEMBERED_MAX) return;
  const [oldest] = ended.keys();
  if (oldest !== undefined) ended.delete(oldest);
}
