import type { Fill, OrderUpdate } from "@smcq/exchange";
import { assertNever } from "@smcq/kernel";
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
    const changes: OrderChange[] = [];
    const take = (told: readonly OrderChange[], realisedE8: bigint): void => {
      changes.push(...told);
      this.#positions.on(told, realisedE8, turn);
    };
    if (event.type === "answer" && event.answer.type === "trades")
      for (const fill of inOrder(event.answer.fills)) {
        const change = this.holdings.portfolio.applyFill(fill);
        if (change !== null) take(this.orders.onUpdate(wordOf(fill)), change.realisedE8);
      }
    const realisedE8 = this.#fold(event);
    take(this.orders.on(event), realisedE8);
    if (this.#inquiries !== null) take(this.orders.overdue(event.nowMs), 0n);
    return changes;
  }

  /** Takes what changes wallet, positions, prices and rules; returns the price result of a fill. */
  #fold(event: EngineEvent): bigint {
    const { portfolio, trades } = this.holdings;
    switch (event.type) {
      case "order-update": {
        const { fill } = event.update;
        return fill === null ? 0n : (portfolio.applyFill(fill)?.realisedE8 ?? 0n);
      }
      case "income": {
        const { income } = event;
        const trade = income.symbolId === null ? undefined : trades.get(income.symbolId);
        if (portfolio.applyIncome(income) && income.type === "funding" && trade !== undefined)
          trade.fundingE8 += income.amountE8;
        return 0n;
      }
      case "minute":
        for (const { symbolId, priceE8 } of event.marks) portfolio.mark(symbolId, priceE8);
        return 0n;
      case "instrument":
        this.holdings.addSymbol(event.symbolId, event);
        return 0n;
      case "quotes":
        for (const quote of event.quotes) this.holdings.setQuote(quote);
        return 0n;
      case "leverage":
        this.holdings.setLeverage(event.symbolId, event.leverage);
        return 0n;
      case "answer":
      case "account-stream":
      case "candidates":
      case "invalid-score":
      case "model":
      case "feed-health":
      case "operator":
      case "time":
      case "order-outcome":
      case "data-ended":
        return 0n;
      default:
        return assertNever(event);
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
