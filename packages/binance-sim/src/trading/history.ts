import type { VenueAlgo, VenueEvent, VenueOrder, VenueTrade } from "@smcq/exchange-sim";
import type { SymbolId } from "@smcq/kernel";

/** Orders of each kind that can be asked for by the venue's id; the oldest are forgotten. */
export const ORDERS_KEPT_MAX = 20_000;

/** One thing that the history keeps: which of its maps, its key there, and what stands there. */
export type HistoryRow =
  | readonly ["order", string, VenueOrder]
  | readonly ["algo", string, VenueAlgo]
  | readonly ["algo-id", string, string]
  | readonly ["triggered", string, number]
  | readonly ["symbol", SymbolId, { readonly realisedE8: bigint; readonly changedMs: number }]
  | readonly ["trades", "", number];

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

  /** Everything that is known, as rows that make it again. */
  *rows(): Iterable<HistoryRow> {
    for (const [key, order] of this.#orders) yield ["order", key, order];
    for (const [key, algo] of this.#algos) yield ["algo", key, algo];
    for (const [key, algoId] of this.#algoIds) yield ["algo-id", key, algoId];
    for (const [key, timeMs] of this.#triggeredMs) yield ["triggered", key, timeMs];
    for (const [symbolId, realisedE8] of this.#realisedE8)
      yield ["symbol", symbolId, { realisedE8, changedMs: this.changedMs(symbolId) }];
    yield ["trades", "", this.#trades];
  }

  takeUp(row: HistoryRow): void {
    switch (row[0]) {
      case "order":
        keep(this.#orders, row[1], row[2]);
        return;
      case "algo":
        keep(this.#algos, row[1], row[2]);
        return;
      case "algo-id":
        keep(this.#algoIds, row[1], row[2]);
        return;
      case "triggered":
        keep(this.#triggeredMs, row[1], row[2]);
        return;
      case "symbol":
        this.#realisedE8.set(row[1], row[2].realisedE8);
        this.#changedMs.set(row[1], row[2].changedMs);
        return;
      case "trades":
        this.#trades = row[2];
        return;
      default:
        row satisfies never;
    }
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
