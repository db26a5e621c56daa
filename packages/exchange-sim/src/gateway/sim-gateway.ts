import {
  type AccountAnswer,
  type AccountData,
  type AccountListener,
  type AccountQuery,
  type AccountStream,
  type CancelTarget,
  isApproved,
  type MarginType,
  type OrderGateway,
  type OrderRequest,
  type Outcome,
  type RiskApproved,
} from "@smcq/exchange";
import { assert, type Clock, type SymbolId } from "@smcq/kernel";
import { unit4 } from "../hash.ts";
import type { VenueEvent } from "../venue/orders.ts";
import type { Reply, SimExchange } from "../venue/sim-exchange.ts";
import { algoUpdateOf, fillOf, openAlgoOf, openOrderOf, orderUpdateOf, wishOf } from "./venue-words.ts";

/** How long words are on their way, ms of the gateway's clock. */
export interface Latency {
  /** From us to the venue, at least. */
  readonly outMs: number;
  /** From the venue to us, at least. */
  readonly backMs: number;
  /** What chance adds to either. */
  readonly jitterMs: number;
}

export const LATENCY_DEFAULT: Latency = Object.freeze({ outMs: 20, backMs: 20, jitterMs: 10 });

export interface SimGatewayOptions {
  readonly exchange: SimExchange;
  readonly clock: Clock;
  readonly latency: Latency;
  readonly seed: number;
  /** A word for a symbol is about to arrive at the venue: the last moment to move that market up to now. */
  readonly onArrival?: (symbolId: SymbolId) => void;
}

const LATENCY_SALT = 0x6c617465;

/**
 * The way to a `SimExchange` in the same process: everything takes its time there and back, nothing gets lost. Replies may
 * overtake each other and the stream's words; those keep their own order, as on one connection.
 */
export class SimGateway implements OrderGateway, AccountStream, AccountData {
  readonly #exchange: SimExchange;
  readonly #clock: Clock;
  readonly #latency: Latency;
  readonly #seed: number;
  readonly #onArrival: (symbolId: SymbolId) => void;
  #listener: AccountListener | null = null;
  #draws = 0;
  /** When the stream's last word arrives: none behind it arrives earlier. */
  #lastWordMs = 0;

  constructor({ exchange, clock, latency, seed, onArrival }: SimGatewayOptions) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#latency = latency;
    this.#seed = seed;
    this.#onArrival = onArrival ?? (() => {});
    exchange.listen((event) => this.#hear(event));
  }

  listen(listener: AccountListener | null): void {
    this.#listener = listener;
    listener?.onStream(true);
  }

  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    assert(isApproved(order), "Invariant: no order without the seal of risk");
    const request = order.value;
    this.#call(onOutcome, () => {
      this.#onArrival(request.symbolId);
      const nowMs = this.#clock.nowMs();
      const { type, wish } = wishOf(request, this.#exchange.rules(request.symbolId));
      return type === "order"
        ? outcomeOf(this.#exchange.place(wish, nowMs), ({ orderId }) => orderId)
        : outcomeOf(this.#exchange.placeAlgo(wish, nowMs), ({ algoId }) => algoId);
    });
  }

  cancel({ symbolId, clientOrderId, isAlgo }: CancelTarget, onOutcome: (outcome: Outcome) => void): void {
    this.#call(onOutcome, () => {
      this.#onArrival(symbolId);
      const nowMs = this.#clock.nowMs();
      return isAlgo
        ? outcomeOf(this.#exchange.cancelAlgo(symbolId, clientOrderId, nowMs), ({ algoId }) => algoId)
        : outcomeOf(this.#exchange.cancel(symbolId, clientOrderId, nowMs), ({ orderId }) => orderId);
    });
  }

  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    this.#call(onOutcome, () =>
      outcomeOf(this.#exchange.setLeverage(symbolId, leverage, this.#clock.nowMs()), () => ""),
    );
  }

  setMarginType(symbolId: SymbolId, marginType: MarginType, onOutcome: (outcome: Outcome) => void): void {
    this.#call(onOutcome, () =>
      outcomeOf(this.#exchange.setMarginType(symbolId, marginType, this.#clock.nowMs()), () => ""),
    );
  }

  ask(query: AccountQuery, onAnswer: (answer: AccountAnswer) => void): void {
    const askedMs = this.#clock.nowMs();
    this.#call(onAnswer, () => this.#answer(query, askedMs));
  }

  /** There, done, and back. */
  #call<T>(onReply: (reply: T) => void, work: () => T): void {
    this.#clock.after(this.#delayMs(this.#latency.outMs), () => {
      const reply = work();
      this.#clock.after(this.#delayMs(this.#latency.backMs), () => onReply(reply));
    });
  }

  #delayMs(leastMs: number): number {
    return (
      leastMs + Math.floor(unit4(this.#seed ^ LATENCY_SALT, ++this.#draws, 0, 0) * this.#latency.jitterMs)
    );
  }

  #answer(query: AccountQuery, askedMs: number): AccountAnswer {
    const exchange = this.#exchange;
    switch (query.type) {
      case "order": {
        const { symbolId, clientOrderId, isAlgo } = query;
        const rules = exchange.rules(symbolId);
        const order = isAlgo ? undefined : exchange.order(symbolId, clientOrderId);
        const algo = isAlgo ? exchange.algo(symbolId, clientOrderId) : undefined;
        const told = order === undefined ? null : orderUpdateOf(order, null, rules);
        const update = algo === undefined ? told : algoUpdateOf(algo, rules);
        return { type: "order", query, askedMs, update };
      }
      case "open-orders": {
        const orders = [
          ...exchange.openOrders().map((order) => openOrderOf(order, exchange.rules(order.symbolId))),
          ...exchange.openAlgos().map((algo) => openAlgoOf(algo, exchange.rules(algo.symbolId))),
        ];
        return { type: "open-orders", query, askedMs, orders };
      }
      case "positions": {
        const positions = exchange.positions().map((held) => ({
          symbolId: held.symbolId,
          qtySteps: Number(held.qtyE8 / exchange.rules(held.symbolId).trading.stepE8),
          entryPriceE8: held.entryPriceE8,
          liquidationPriceE8: held.liquidationPriceE8,
        }));
        return { type: "positions", query, askedMs, positions };
      }
      case "wallet":
        return { type: "wallet", query, askedMs, walletE8: exchange.walletE8() };
      case "settings":
        return { type: "settings", query, askedMs, settings: exchange.settings(query.symbolId) };
      case "trades": {
        const { symbolId, sinceMs } = query;
        const rules = exchange.rules(symbolId);
        const fills = exchange.trades(symbolId, sinceMs).map((trade) => fillOf(trade, rules));
        return { type: "trades", query, askedMs, fills };
      }
      case "income":
        return { type: "income", query, askedMs, rows: exchange.income(query.sinceMs) };
      default:
        return query satisfies never;
    }
  }

  #hear(event: VenueEvent): void {
    const word = this.#wordOf(event);
    if (word === null) return;
    // Told from when it happened: the market may be moved a little ahead of the clock.
    const saidMs = event.type === "income" ? event.row.timeMs : event.timeMs;
    this.#lastWordMs = Math.max(this.#lastWordMs, saidMs + this.#delayMs(this.#latency.backMs));
    this.#clock.after(this.#lastWordMs - this.#clock.nowMs(), () => {
      if (this.#listener !== null) word(this.#listener);
    });
  }

  /** What the listener is told of an event; null: nothing. */
  #wordOf(event: VenueEvent): ((listener: AccountListener) => void) | null {
    switch (event.type) {
      case "order": {
        const { order, trade } = event;
        if (order.clientAlgoId !== null && trade === null) return null;
        const update = orderUpdateOf(order, trade, this.#exchange.rules(order.symbolId));
        return (listener) => listener.onOrder(update);
      }
      case "algo": {
        const update = algoUpdateOf(event.algo, this.#exchange.rules(event.algo.symbolId));
        return (listener) => listener.onOrder(update);
      }
      case "leverage":
        return (listener) => listener.onLeverage(event.symbolId, event.leverage);
      case "income": {
        const { type, incomeId, symbolId, amountE8, timeMs } = event.row;
        // Every trade tells these two itself.
        if (type === "realised" || type === "commission") return null;
        return (listener) => listener.onIncome({ incomeId, type, symbolId, amountE8, timeMs });
      }
      case "account":
        return null;
      default:
        return event satisfies never;
    }
  }
}

function outcomeOf<T>(reply: Reply<T>, orderId: (value: T) => string): Outcome {
  if (reply.type === "done") return { type: "acked", orderId: orderId(reply.value) };
  const { refusal, code, text } = reply.error;
  return { type: "refused", code: refusal, text: `${code}: ${text}` };
}
