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
import { type Reply, VENUE_ERRORS, type VenueError } from "../venue/codes.ts";
import type { AlgoStatus, VenueEvent } from "../venue/orders.ts";
import type { SimExchange } from "../venue/sim-exchange.ts";
import { type CallAbout, type CallKind, type GatewayFaults, TRUE_FATE, type WordAbout } from "./faults.ts";
import { UNTOLD } from "./mischief.ts";
import {
  algoUpdateOf,
  fillOf,
  openAlgoOf,
  openOrderOf,
  orderUpdateOf,
  STATUS,
  wishOf,
} from "./venue-words.ts";

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
  /** What goes wrong on the way; absent: nothing. */
  readonly mischief?: GatewayFaults;
  /** A word for a symbol is about to arrive at the venue: the last moment to move that market up to now. */
  readonly onArrival?: (symbolId: SymbolId) => void;
}

const LATENCY_SALT = 0x6c617465;

/**
 * The way to a `SimExchange` in the same process: everything takes its time there and back, and nothing gets lost unless
 * `mischief` says so. Replies may overtake each other and the stream's words; those keep their own order, as on one
 * connection.
 */
export class SimGateway implements OrderGateway, AccountStream, AccountData {
  readonly #exchange: SimExchange;
  readonly #clock: Clock;
  readonly #latency: Latency;
  readonly #seed: number;
  readonly #onArrival: (symbolId: SymbolId) => void;
  readonly #mischief: GatewayFaults | null;
  /** Conditional orders that nobody sees before. */
  readonly #hiddenUntilMs = new Map<string, number>();
  /** Words are lost before; 0: none is. */
  #darkUntilMs = 0;
  #listener: AccountListener | null = null;
  #draws = 0;
  /** When the stream's last word arrives: none behind it arrives earlier. */
  #lastWordMs = 0;

  constructor({ exchange, clock, latency, seed, onArrival, mischief }: SimGatewayOptions) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#latency = latency;
    this.#seed = seed;
    this.#onArrival = onArrival ?? (() => {});
    this.#mischief = mischief ?? null;
    exchange.listen((event) => this.#hear(event));
  }

  listen(listener: AccountListener | null): void {
    this.#listener = listener;
    listener?.onStream(true);
  }

  /** Words of the account are lost from now on, for so long; the listener knows of it. */
  cut(forMs: number): void {
    const untilMs = this.#clock.nowMs() + forMs;
    if (this.#darkUntilMs === 0) this.#listener?.onStream(false);
    this.#darkUntilMs = Math.max(this.#darkUntilMs, untilMs);
    this.#clock.after(forMs, () => {
      if (this.#darkUntilMs === 0 || this.#clock.nowMs() < this.#darkUntilMs) return;
      this.#darkUntilMs = 0;
      this.#listener?.onStream(true);
    });
  }

  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    assert(isApproved(order), "Invariant: no order without the seal of risk");
    const request = order.value;
    const { symbolId } = request;
    const isClosePosition = request.type === "stop-market" && request.isClosePosition === true;
    this.#send({ kind: kindOf(request), symbolId, isClosePosition }, onOutcome, () => {
      this.#onArrival(symbolId);
      const nowMs = this.#clock.nowMs();
      const { type, wish } = wishOf(request, this.#exchange.rules(request.symbolId));
      if (type === "order") return outcomeOf(this.#exchange.place(wish, nowMs), ({ orderId }) => orderId);
      const hiddenMs = this.#mischief?.hidesStopMs() ?? 0;
      if (hiddenMs > 0) this.#hiddenUntilMs.set(wish.clientAlgoId, nowMs + hiddenMs);
      return outcomeOf(this.#exchange.placeAlgo(wish, nowMs), ({ algoId }) => algoId);
    });
  }

  cancel({ symbolId, clientOrderId, isAlgo }: CancelTarget, onOutcome: (outcome: Outcome) => void): void {
    this.#send(about("cancel", symbolId), onOutcome, () => {
      this.#onArrival(symbolId);
      const nowMs = this.#clock.nowMs();
      if (this.#isHidden(clientOrderId)) return refusedOutcome(VENUE_ERRORS.unknownOrder);
      return isAlgo
        ? outcomeOf(this.#exchange.cancelAlgo(symbolId, clientOrderId, nowMs), ({ algoId }) => algoId)
        : outcomeOf(this.#exchange.cancel(symbolId, clientOrderId, nowMs), ({ orderId }) => orderId);
    });
  }

  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    this.#send(about("setting", symbolId), onOutcome, () =>
      outcomeOf(this.#exchange.setLeverage(symbolId, leverage, this.#clock.nowMs()), () => ""),
    );
  }

  setMarginType(symbolId: SymbolId, marginType: MarginType, onOutcome: (outcome: Outcome) => void): void {
    this.#send(about("setting", symbolId), onOutcome, () =>
      outcomeOf(this.#exchange.setMarginType(symbolId, marginType, this.#clock.nowMs()), () => ""),
    );
  }

  ask(query: AccountQuery, onAnswer: (answer: AccountAnswer) => void): void {
    const askedMs = this.#clock.nowMs();
    const fate = this.#mischief?.call(about("question", symbolOf(query))) ?? null;
    if (fate?.reply === "unknown") {
      const failed = { type: "failed", query, askedMs, text: "simulated: no answer in time" } as const;
      this.#clock.after(fate.replyLateMs, () => onAnswer(failed));
      return;
    }
    this.#clock.after(this.#delayMs(this.#latency.outMs), () => {
      const answer = this.#answer(query, askedMs);
      const told = this.#mischief?.answer(answer) ?? { answer, lateMs: 0 };
      const backMs = this.#delayMs(this.#latency.backMs) + told.lateMs;
      this.#clock.after(backMs, () => onAnswer(told.answer));
    });
  }

  /** There, done, and back, as far as nothing goes wrong on the way. */
  #send(call: CallAbout, onOutcome: (outcome: Outcome) => void, work: () => Outcome): void {
    const fate = this.#mischief?.call(call) ?? TRUE_FATE;
    const { lateMs, refusal, replyLateMs } = fate;
    const reply = (outcome: Outcome, moreMs: number): void => {
      this.#clock.after(this.#delayMs(this.#latency.backMs) + moreMs, () => onOutcome(outcome));
    };
    if (fate.reply !== "true") {
      if (lateMs !== null) this.#clock.after(this.#delayMs(this.#latency.outMs) + lateMs, () => void work());
      if (fate.reply === "unknown") reply(UNTOLD, this.#latency.outMs + replyLateMs);
      return;
    }
    this.#clock.after(this.#delayMs(this.#latency.outMs) + (lateMs ?? 0), () => {
      reply(refusal === null ? work() : { type: "refused", code: refusal, text: "simulated" }, replyLateMs);
    });
  }

  #isHidden(clientAlgoId: string): boolean {
    return (this.#hiddenUntilMs.get(clientAlgoId) ?? 0) > this.#clock.nowMs();
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
        const isSeen = isAlgo && !this.#isHidden(clientOrderId);
        const algo = isSeen ? exchange.algo(symbolId, clientOrderId) : undefined;
        const told = order === undefined ? null : orderUpdateOf(order, null, rules);
        const update = algo === undefined ? told : algoUpdateOf(algo, rules);
        return { type: "order", query, askedMs, update };
      }
      case "open-orders": {
        const orders = [
          ...exchange.openOrders().map((order) => openOrderOf(order, exchange.rules(order.symbolId))),
          ...exchange
            .openAlgos()
            // A person's take-profit guards nothing, and the port has no word for it.
            .filter(({ type, clientAlgoId }) => type.startsWith("STOP") && !this.#isHidden(clientAlgoId))
            .map((algo) => openAlgoOf(algo, exchange.rules(algo.symbolId))),
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
      case "limits":
        return { type: "limits", query, askedMs, limits: exchange.limits() };
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
    const hiddenMs = event.type === "algo" ? this.#hiddenMs(event.algo.clientAlgoId, event.algo.status) : 0;
    for (const lateMs of this.#mischief?.word(aboutOf(event)) ?? [0]) {
      let dueMs = saidMs + this.#delayMs(this.#latency.backMs) + lateMs + hiddenMs;
      // What is not late keeps its order, as on one connection.
      if (lateMs + hiddenMs === 0) dueMs = this.#lastWordMs = Math.max(this.#lastWordMs, dueMs);
      this.#clock.after(dueMs - this.#clock.nowMs(), () => {
        if (this.#listener !== null && this.#darkUntilMs === 0) word(this.#listener);
      });
    }
  }

  /** How much longer the word that a hidden stop stands is kept back. */
  #hiddenMs(clientAlgoId: string, status: AlgoStatus): number {
    const untilMs = this.#hiddenUntilMs.get(clientAlgoId) ?? 0;
    return status === "NEW" ? Math.max(0, untilMs - this.#clock.nowMs()) : 0;
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
  return refusedOutcome(reply.error);
}

function refusedOutcome({ refusal, code, text }: VenueError): Outcome {
  return { type: "refused", code: refusal, text: `${code}: ${text}` };
}

function kindOf({ role }: OrderRequest): CallKind {
  return role === "adopted" ? "stop" : role;
}

function about(kind: CallKind, symbolId: SymbolId | null): CallAbout {
  return { kind, symbolId, isClosePosition: false };
}

function symbolOf(query: AccountQuery): SymbolId | null {
  return "symbolId" in query ? query.symbolId : null;
}

function aboutOf(event: VenueEvent): WordAbout {
  if (event.type === "order") {
    const { order, trade } = event;
    return {
      type: trade === null ? "order" : "fill",
      status: STATUS[order.status],
      symbolId: order.symbolId,
    };
  }
  if (event.type === "algo")
    return { type: "stop", status: STATUS[event.algo.status], symbolId: event.algo.symbolId };
  if (event.type === "leverage") return { type: "leverage", status: null, symbolId: event.symbolId };
  return { type: "income", status: null, symbolId: event.type === "income" ? event.row.symbolId : null };
}
