import type { EngineInput, TradingCommand } from "@smcq/engine";
import type { OrderRequest } from "@smcq/exchange";
import { type PriceTicks, qtySteps } from "@smcq/kernel";
import { T0 } from "../../../engine/test/support/fixtures.ts";

export interface WillingChoices {
  /** Where an order fills; null: it expires without a fill. */
  readonly priceOf: (order: OrderRequest) => PriceTicks | null;
  /** Whether the oldest that rests is reached when it is asked for. */
  readonly isReached: () => boolean;
}

/** A venue that fills at once whatever takes, and what rests when it is told to. */
export class WillingVenue {
  readonly #put: (input: EngineInput) => void;
  readonly #choices: WillingChoices;
  readonly #resting = new Map<string, OrderRequest>();
  #ids = 0;
  nowMs = T0;

  constructor(put: (input: EngineInput) => void, choices: WillingChoices) {
    this.#put = put;
    this.#choices = choices;
  }

  carryOut(command: TradingCommand): void {
    if (command.type === "submit") {
      const order = command.order.value;
      const { clientOrderId } = order;
      this.#put({ type: "order-outcome", clientOrderId, outcome: { type: "acked", orderId: "1" } });
      if (order.type === "market") this.#fill(order);
      else this.#rest(order);
    } else if (command.type === "cancel") this.#end(command.clientOrderId);
    else if (command.type === "set-leverage") {
      const { symbolId: id, leverage } = command;
      const outcome = { type: "acked", orderId: "" } as const;
      this.#put({ type: "leverage-outcome", symbolId: id, leverage, outcome });
    }
  }

  /** Perhaps one of what rests is reached. */
  trade(): void {
    const [order] = this.#resting.values();
    if (order === undefined || !this.#choices.isReached()) return;
    this.#resting.delete(order.clientOrderId);
    this.#fill(order);
  }

  #fill(order: OrderRequest): void {
    const { clientOrderId, symbolId: id, side, qtySteps: steps } = order;
    const word = { clientOrderId, symbolId: id, timeMs: this.nowMs };
    const own = this.#choices.priceOf(order);
    if (own === null) {
      const none = { ...word, status: "expired", cumQtySteps: qtySteps(0), fill: null } as const;
      this.#put({ type: "order-update", update: none });
      return;
    }
    const price = { priceTicks: own, feeE8: 5_000n, isMaker: false };
    const fill = { ...word, ...price, tradeId: String(++this.#ids), side, qtySteps: steps };
    this.#put({ type: "order-update", update: { ...word, status: "filled", cumQtySteps: steps, fill } });
  }

  #rest(order: OrderRequest): void {
    const { clientOrderId, symbolId: id } = order;
    this.#resting.set(clientOrderId, order);
    const word = { clientOrderId, symbolId: id, timeMs: this.nowMs, fill: null };
    this.#put({ type: "order-update", update: { ...word, status: "new", cumQtySteps: qtySteps(0) } });
  }

  #end(clientOrderId: string): void {
    const order = this.#resting.get(clientOrderId);
    if (order === undefined) return;
    this.#resting.delete(clientOrderId);
    const word = { clientOrderId, symbolId: order.symbolId, timeMs: this.nowMs, fill: null };
    this.#put({ type: "order-update", update: { ...word, status: "canceled", cumQtySteps: qtySteps(0) } });
  }
}
