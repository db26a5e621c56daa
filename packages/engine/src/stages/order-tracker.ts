import type { Fill, OrderRequest, OrderStatus, OrderUpdate, Refusal } from "@smcq/exchange";
import { assert, type SymbolId } from "@smcq/kernel";
import type { EngineEvent } from "../events.ts";

/** What is known of an order that was sent. */
export interface TrackedOrder {
  readonly request: OrderRequest;
  /** `sent`: no word yet. `unknown`: the word was lost. `working`: the venue has it. `ended`: nothing comes any more. */
  state: "sent" | "unknown" | "working" | "ended";
  cumQtySteps: number;
  /** Steps of the trades that were told one by one. */
  filledSteps: number;
  /** The venue has told its end; trades of it may be on their way still. */
  isTerminal: boolean;
  readonly tradeIds: Set<string>;
}

/** What an event changed about an order, for the stages behind. */
export type OrderChange =
  | { readonly type: "working"; readonly order: TrackedOrder }
  | { readonly type: "refused"; readonly order: TrackedOrder; readonly code: Refusal }
  | { readonly type: "unknown"; readonly order: TrackedOrder }
  | { readonly type: "filled"; readonly order: TrackedOrder; readonly fill: Fill }
  | { readonly type: "ended"; readonly order: TrackedOrder };

const TERMINAL: ReadonlySet<OrderStatus> = new Set(["filled", "canceled", "expired", "rejected", "finished"]);

/**
 * Every order that was sent, by its client id: three-state outcomes, trades counted once, quantities that never go back,
 * ends that stay ends.
 *
 *   sent ──► working ──► ended
 *     └─► unknown ─┘ └────▲
 */
export class OrderTracker {
  readonly #orders = new Map<string, TrackedOrder>();

  /** Orders that may still do something. */
  get openCount(): number {
    return this.#orders.size;
  }

  get unknownCount(): number {
    let count = 0;
    for (const { state } of this.#orders.values()) if (state === "unknown") count++;
    return count;
  }

  /** Something of ours is in flight, unknown or resting in the symbol. */
  hasOpen(symbolId: SymbolId): boolean {
    for (const { request } of this.#orders.values()) if (request.symbolId === symbolId) return true;
    return false;
  }

  /** From now on the order is in flight. */
  sent(request: OrderRequest): void {
    assert(!this.#orders.has(request.clientOrderId), "Invariant: a client order id is used once");
    this.#orders.set(request.clientOrderId, {
      request,
      state: "sent",
      cumQtySteps: 0,
      filledSteps: 0,
      isTerminal: false,
      tradeIds: new Set(),
    });
  }

  on(event: EngineEvent): readonly OrderChange[] {
    if (event.type === "order-update") return this.#onUpdate(event.update);
    if (event.type !== "order-outcome") return [];
    const order = this.#orders.get(event.clientOrderId);
    if (order === undefined) return [];
    const { outcome } = event;
    // The stream may have been faster: what it told of the order stands.
    if (outcome.type === "acked") return this.#working(order);
    if (outcome.type === "refused") {
      if (order.state === "working") return [];
      this.#end(order);
      return [{ type: "refused", order, code: outcome.code }];
    }
    if (order.state !== "sent") return [];
    order.state = "unknown";
    return [{ type: "unknown", order }];
  }

  #onUpdate(update: OrderUpdate): readonly OrderChange[] {
    const order = this.#orders.get(update.clientOrderId);
    if (order === undefined) return [];
    const isEnd = TERMINAL.has(update.status);
    const working = this.#working(order);
    // An order whose first word is its end works no more.
    const changes: OrderChange[] = isEnd ? [] : [...working];
    const { fill } = update;
    if (fill !== null && !order.tradeIds.has(fill.tradeId)) {
      order.tradeIds.add(fill.tradeId);
      order.filledSteps += fill.qtySteps;
      assert(
        order.filledSteps <= order.request.qtySteps,
        "Invariant: an order fills no more than it asked for",
      );
      changes.push({ type: "filled", order, fill });
    }
    order.cumQtySteps = Math.max(order.cumQtySteps, update.cumQtySteps);
    // A stop that has finished may have trades on their way still: it ends when they are all told.
    order.isTerminal ||= isEnd;
    if (order.isTerminal && order.filledSteps >= order.cumQtySteps) {
      this.#end(order);
      changes.push({ type: "ended", order });
    }
    return changes;
  }

  #working(order: TrackedOrder): readonly OrderChange[] {
    if (order.state !== "sent" && order.state !== "unknown") return [];
    order.state = "working";
    return [{ type: "working", order }];
  }

  #end(order: TrackedOrder): void {
    order.state = "ended";
    this.#orders.delete(order.request.clientOrderId);
  }
}
