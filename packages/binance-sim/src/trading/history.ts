import type { VenueAlgo, VenueEvent, VenueOrder, VenueTrade } from "@smcq/exchange-sim";
import type { SymbolId } from "@smcq/kernel";

/** Orders of each kind that can be asked for by the venue's id; the oldest are forgotten. */
export const ORDERS_KEPT_MAX = 20_000;

/** What the account told of its orders: by the venue's ids, in the order of arrival. */
export class OrderHistory {
  readonly #orders = new Map<string, VenueOrder>();
  readonly #algos = new Map<string, VenueAlgo>();
  readonly #algoIds = new Map<string, string>();
  /** When a conditional order fired. */
  readonly #triggeredMs = new Map<string, number>();
  readonly #realisedE8 = new Map<SymbolId, bigint>();
  readonly #changedMs = new Map<SymbolId, number>();
  #trades = 0;

  hear(event: VenueEvent): void {
    if (event.type === "order") {
      keep(this.#orders, event.order.orderId, event.order);
      if (event.trade !== null) this.#count(event.trade);
    }
    if (event.type !== "algo") return;
    const { algo, timeMs } = event;
    keep(this.#algos, algo.algoId, algo);
    keep(this.#algoIds, `${algo.symbolId}:${algo.clientAlgoId}`, algo.algoId);
    if (algo.status === "TRIGGERING") keep(this.#triggeredMs, algo.algoId, timeMs);
  }

  #count({ symbolId, realisedE8, timeMs }: VenueTrade): void {
    this.#trades++;
    this.#realisedE8.set(symbolId, (this.#realisedE8.get(symbolId) ?? 0n) + realisedE8);
    this.#changedMs.set(symbolId, timeMs);
  }

  /** As it was told last. */
  order(orderId: string): VenueOrder | undefined {
    return this.#orders.get(orderId);
  }

  orders(): readonly VenueOrder[] {
    return [...this.#orders.values()];
  }

  algo(algoId: string): VenueAlgo | undefined {
    return this.#algos.get(algoId);
  }

  algos(): readonly VenueAlgo[] {
    return [...this.#algos.values()];
  }

  /** The id of the conditional order that had this client id last; 0: none. */
  algoIdOf(symbolId: SymbolId, clientAlgoId: string): bigint {
    return BigInt(this.#algoIds.get(`${symbolId}:${clientAlgoId}`) ?? 0);
  }

  /** 0: it has not fired. */
  triggeredMs(algoId: string): number {
    return this.#triggeredMs.get(algoId) ?? 0;
  }

  /** What trades of a symbol have brought since the start. */
  realisedE8(symbolId: SymbolId): bigint {
    return this.#realisedE8.get(symbolId) ?? 0n;
  }

  /** The last trade of a symbol; 0: none. */
  changedMs(symbolId: SymbolId): number {
    return this.#changedMs.get(symbolId) ?? 0;
  }

  get tradeCount(): number {
    return this.#trades;
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size <= ORDERS_KEPT_MAX) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
