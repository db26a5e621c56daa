import type { OrderRequest, OrderStatus, OrderUpdate, Outcome, Refusal } from "@smcq/exchange";
import { priceTicks, qtySteps, type Rng, type SymbolId } from "@smcq/kernel";
import type { EngineInput } from "../../src/index.ts";

interface Live {
  readonly order: OrderRequest;
  filled: number;
}

interface Message {
  readonly dueMs: number;
  readonly input: EngineInput;
}

const REFUSALS: readonly Refusal[] = ["TOO_MANY_ORDERS", "WOULD_TRIGGER", "MARGIN_INSUFFICIENT", "LOT_SIZE"];

/**
 * A venue that keeps to its books and to nothing else: it refuses, loses its word, fills in parts, lets orders expire, and
 * answers late. The stream tells in order; replies come whenever they like.
 */
export class HostileVenue {
  readonly live = new Map<string, Live>();
  readonly held = new Map<SymbolId, number>();
  /** Misbehaves at all: without it only delays and partial fills are left. */
  isHostile = true;
  readonly #rng: Rng;
  readonly #stream: Message[] = [];
  #replies: Message[] = [];
  #streamMs = 0;
  #ids = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Live stops of a symbol. */
  stops(symbolId: SymbolId): number {
    return [...this.live.values()].filter(
      ({ order }) => order.symbolId === symbolId && order.type === "stop-market",
    ).length;
  }

  submit(order: OrderRequest, nowMs: number): void {
    const { clientOrderId } = order;
    const luck = this.isHostile ? this.#rng.next() : 1;
    if ((order.isReduceOnly && this.#room(order) === 0) || luck < 0.1) {
      const code = order.isReduceOnly ? "REDUCE_ONLY_REJECT" : (REFUSALS[this.#rng.int(4)] ?? "LOT_SIZE");
      this.#reply(clientOrderId, { type: "refused", code, text: "" }, nowMs);
      return;
    }
    if (luck < 0.15) {
      // It never came to be; asked some seconds later, nobody knows it.
      this.#reply(clientOrderId, { type: "unknown", text: "" }, nowMs);
      this.#reply(clientOrderId, { type: "refused", code: "UNKNOWN_ORDER", text: "" }, nowMs + 3_000);
      return;
    }
    const live = { order, filled: 0 };
    this.live.set(clientOrderId, live);
    this.#reply(
      clientOrderId,
      luck < 0.2 ? { type: "unknown", text: "" } : { type: "acked", orderId: "1" },
      nowMs,
    );
    this.#tell(live, "new", null, nowMs);
    if (order.type === "market") this.#execute(live, nowMs);
  }

  cancel(clientOrderId: string, nowMs: number): void {
    const live = this.live.get(clientOrderId);
    if (live !== undefined) this.#end(live, "canceled", nowMs);
  }

  /** Something happens to what rests. */
  act(nowMs: number): void {
    for (const live of this.live.values())
      if (this.#rng.chance(0.01)) {
        if (this.isHostile && this.#rng.chance(0.4)) this.#end(live, "expired", nowMs);
        else this.#execute(live, nowMs);
      }
  }

  /** What has arrived by now, in order of arrival. */
  arrived(nowMs: number): readonly EngineInput[] {
    const due = this.#replies.filter(({ dueMs }) => dueMs <= nowMs);
    this.#replies = this.#replies.filter(({ dueMs }) => dueMs > nowMs);
    while (this.#stream[0] !== undefined && this.#stream[0].dueMs <= nowMs)
      due.push(this.#stream.shift() as Message);
    return due.sort((a, b) => a.dueMs - b.dueMs).map(({ input }) => input);
  }

  /** Steps by which an order that closes may still reduce. */
  #room({ symbolId, side }: OrderRequest): number {
    return Math.max(0, -side * (this.held.get(symbolId) ?? 0));
  }

  #execute(live: Live, nowMs: number): void {
    const { order } = live;
    const parts = 1 + this.#rng.int(3);
    for (let part = 1; part <= parts; part++) {
      const left = order.qtySteps - live.filled;
      const room = order.isReduceOnly ? Math.min(left, this.#room(order)) : left;
      const steps = part === parts ? room : Math.floor(room * this.#rng.next());
      if (steps === 0) continue;
      live.filled += steps;
      this.held.set(order.symbolId, (this.held.get(order.symbolId) ?? 0) + order.side * steps);
      if (live.filled === order.qtySteps) {
        this.#end(live, order.type === "stop-market" ? "finished" : "filled", nowMs, steps);
        return;
      }
      this.#tell(live, "partially-filled", steps, nowMs);
      if (this.isHostile && this.#rng.chance(0.2)) break;
    }
    // A limit order may go on resting; what takes from the book ends.
    if (order.type !== "limit" || this.#room(order) === 0) this.#end(live, "expired", nowMs);
  }

  #end(live: Live, status: OrderStatus, nowMs: number, steps: number | null = null): void {
    this.live.delete(live.order.clientOrderId);
    this.#tell(live, status, steps, nowMs);
  }

  #tell({ order, filled }: Live, status: OrderStatus, steps: number | null, nowMs: number): void {
    const { clientOrderId, symbolId, side } = order;
    const ticks = 9_950 + this.#rng.int(100);
    const fill: OrderUpdate["fill"] =
      steps === null
        ? null
        : {
            tradeId: String(++this.#ids),
            clientOrderId,
            symbolId,
            side,
            priceTicks: priceTicks(ticks),
            qtySteps: qtySteps(steps),
            feeE8: BigInt(steps) * BigInt(ticks) * 50n,
            isMaker: false,
            timeMs: nowMs,
          };
    this.#streamMs = Math.max(this.#streamMs, nowMs + this.#rng.int(800));
    this.#stream.push({
      dueMs: this.#streamMs,
      input: {
        type: "order-update",
        update: { clientOrderId, symbolId, status, cumQtySteps: qtySteps(filled), fill, timeMs: nowMs },
      },
    });
  }

  #reply(clientOrderId: string, outcome: Outcome, nowMs: number): void {
    const dueMs = nowMs + this.#rng.int(1_200);
    this.#replies.push({ dueMs, input: { type: "order-outcome", clientOrderId, outcome } });
  }
}
