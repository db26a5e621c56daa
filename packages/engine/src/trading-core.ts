import type { Fill, OrderUpdate } from "@smcq/exchange";
import { assertNever, type SymbolId } from "@smcq/kernel";
import type { PositionChange } from "@smcq/portfolio";
import { Governors, Pace, requireBounded } from "@smcq/risk";
import type { Command, Decision, EngineEvent } from "./events.ts";
import { Holdings, type TradingOptions } from "./holdings.ts";
import { ClosingOrders, type Turn } from "./stages/closing-orders.ts";
import { Entries } from "./stages/entries.ts";
import { Exits } from "./stages/exits.ts";
import { Inquiries } from "./stages/inquiries.ts";
import { type OrderChange, OrderTracker } from "./stages/order-tracker.ts";
import { PositionController } from "./stages/position-controller.ts";
import { States } from "./stages/states.ts";

/**
 * The side of orders and money: a row of stages, called in this order for every event. No stage calls another; they
 * share `Holdings`.
 *
 *   portfolio ─► order-tracker ─► position-controller ─► exits ─► states ─► inquiries
 *             ─► (decision window) ─► entries
 */
export class TradingCore {
  readonly holdings: Holdings;
  readonly orders: OrderTracker = new OrderTracker();
  readonly governors: Governors;
  readonly #positions: PositionController;
  readonly #exits: Exits;
  readonly #states: States;
  /** Null: the venue tells everything. */
  readonly #inquiries: Inquiries | null;
  readonly #entries: Entries;
  /** Symbols in which the account trades and whose rules nobody has told. */
  readonly #strange = new Set<SymbolId>();

  constructor(options: TradingOptions) {
    requireBounded(options.risk);
    this.holdings = new Holdings(options);
    this.governors = new Governors(options.startWalletE8, options.risk);
    const pace = new Pace(options.risk);
    const closing = new ClosingOrders(this.holdings, this.orders);
    this.#positions = new PositionController(this.holdings, closing, pace);
    this.#exits = new Exits(this.holdings, closing, this.governors);
    this.#states = new States(this.holdings, this.governors);
    this.#inquiries = options.isVenueRemote ? new Inquiries(this.holdings, this.orders) : null;
    this.#entries = new Entries(this.holdings, this.orders, this.governors, pace);
  }

  /** What comes before the decision window. */
  on(event: EngineEvent, commands: Command[]): void {
    const turn = { nowMs: event.nowMs, nowNs: event.nowNs, commands };
    const changes = this.#hear(event, turn);
    this.#positions.overdue(turn);
    this.#exits.on(event, turn);
    this.#states.on(event, changes, turn);
    this.#inquiries?.on(turn);
  }

  /** What comes after it. */
  decide(decision: Decision, nowMs: number, commands: Command[]): void {
    this.#entries.decide(decision, nowMs, commands);
  }

  /** Brings what was told through books, orders and positions; returns what it changed about orders. */
  #hear(event: EngineEvent, turn: Turn): readonly OrderChange[] {
    if (event.type === "order-update") return this.#hearUpdate(event.update, turn);
    const changes: OrderChange[] = [];
    if (event.type === "answer" && event.answer.type === "trades")
      for (const fill of inOrder(event.answer.fills)) changes.push(...this.#hearUpdate(wordOf(fill), turn));
    this.#fold(event);
    const told = [...this.orders.on(event)];
    if (this.#inquiries !== null) told.push(...this.orders.overdue(event.nowMs));
    this.#positions.on(told, 0n, turn);
    return [...changes, ...told];
  }

  /** A word about an order, and its trade if it is about one; a trade of nobody of ours is heard of all the same. */
  #hearUpdate(update: OrderUpdate, turn: Turn): readonly OrderChange[] {
    const { fill } = update;
    const booked = fill === null ? null : this.#book(fill);
    const isOwn = this.orders.get(update.clientOrderId) !== null;
    const changes = this.orders.onUpdate(update);
    const realisedE8 = booked?.realisedE8 ?? 0n;
    this.#positions.on(changes, realisedE8, turn);
    if (fill !== null && booked !== null && !isOwn)
      this.#positions.onFill({ fill, order: null, realisedE8 }, turn);
    return changes;
  }

  /** Null: told before, or of a symbol that nobody has made known: what it costs cannot be said. */
  #book(fill: Fill): PositionChange | null {
    if (this.holdings.symbol(fill.symbolId) !== null) return this.holdings.portfolio.applyFill(fill);
    this.#strange.add(fill.symbolId);
    this.holdings.reduce("unknown-symbol", true);
    return null;
  }

  /** Takes what changes payments, prices and rules. */
  #fold(event: EngineEvent): void {
    const { portfolio, trades } = this.holdings;
    switch (event.type) {
      case "income": {
        const { income } = event;
        const trade = income.symbolId === null ? undefined : trades.get(income.symbolId);
        if (portfolio.applyIncome(income) && income.type === "funding" && trade !== undefined)
          trade.fundingE8 += income.amountE8;
        return;
      }
      case "minute":
        for (const { symbolId, priceE8 } of event.marks) portfolio.mark(symbolId, priceE8);
        return;
      case "instrument":
        this.holdings.addSymbol(event.symbolId, event);
        this.#strange.delete(event.symbolId);
        this.holdings.reduce("unknown-symbol", this.#strange.size > 0);
        return;
      case "quotes":
        for (const quote of event.quotes) this.holdings.setQuote(quote);
        return;
      case "leverage":
        this.holdings.setLeverage(event.symbolId, event.leverage);
        return;
      case "answer":
      case "account-stream":
      case "candidates":
      case "invalid-score":
      case "model":
      case "feed-health":
      case "operator":
      case "time":
      case "order-outcome":
      case "order-update":
      case "data-ended":
        return;
      default:
        assertNever(event);
    }
  }
}

/** Trades as they happened: by time, then by number. */
function inOrder(fills: readonly Fill[]): readonly Fill[] {
  return fills.toSorted((a, b) => a.timeMs - b.timeMs || byNumber(a.tradeId, b.tradeId));
}

/** Of ids that count up without leading zeros. */
function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

/** A trade that was asked for, as the account's own words would have told it. */
function wordOf(fill: Fill): OrderUpdate {
  const { clientOrderId, symbolId, qtySteps, timeMs } = fill;
  return { clientOrderId, symbolId, status: "partially-filled", cumQtySteps: qtySteps, fill, timeMs };
}
