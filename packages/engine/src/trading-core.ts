import { assertNever } from "@smcq/kernel";
import { Governors, Pace, requireBounded } from "@smcq/risk";
import type { Command, Decision, EngineEvent } from "./events.ts";
import { Holdings, type TradingOptions } from "./holdings.ts";
import { ClosingOrders } from "./stages/closing-orders.ts";
import { Entries } from "./stages/entries.ts";
import { Exits } from "./stages/exits.ts";
import { OrderTracker } from "./stages/order-tracker.ts";
import { PositionController } from "./stages/position-controller.ts";
import { States } from "./stages/states.ts";

/**
 * The side of orders and money: a row of stages, called in this order for every event. No stage calls another; they
 * share `Holdings`.
 *
 *   portfolio ─► order-tracker ─► position-controller ─► exits ─► states ─► (decision window) ─► entries
 */
export class TradingCore {
  readonly holdings: Holdings;
  readonly orders: OrderTracker = new OrderTracker();
  readonly governors: Governors;
  readonly #positions: PositionController;
  readonly #exits: Exits;
  readonly #states: States;
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
    this.#entries = new Entries(this.holdings, this.orders, this.governors, pace);
  }

  /** What comes before the decision window. */
  on(event: EngineEvent, commands: Command[]): void {
    const turn = { nowMs: event.nowMs, nowNs: event.nowNs, commands };
    const realisedE8 = this.#fold(event);
    const changes = this.orders.on(event);
    this.#positions.on(changes, realisedE8, turn);
    this.#positions.overdue(turn);
    this.#exits.on(event, turn);
    this.#states.on(event, changes, turn);
  }

  /** What comes after it. */
  decide(decision: Decision, nowMs: number, commands: Command[]): void {
    this.#entries.decide(decision, nowMs, commands);
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
