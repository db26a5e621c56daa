import { assertNever } from "@smcq/kernel";
import { Governors, Pace, type Receipt, requireBounded } from "@smcq/risk";
import type { Command, EngineEvent } from "./events.ts";
import { Holdings, type TradingOptions } from "./holdings.ts";
import { requireEntryBounded, requireProtocolBounded } from "./protocol.ts";
import { type RiskMetrics, riskMetricsOf } from "./risk-metrics.ts";
import { ClosingOrders } from "./stages/closing-orders.ts";
import { Entries, type EntryBatch } from "./stages/entries.ts";
import { Exits } from "./stages/exits.ts";
import { OrderTracker } from "./stages/order-tracker.ts";
import { PositionController } from "./stages/position-controller.ts";
import { RestingEntries } from "./stages/resting-entries.ts";

/**
 * The side of orders and money: a row of stages, called in this order for every event. No stage calls another; they
 * share `Holdings`.
 *
 *   portfolio ─► order-tracker ─► position-controller ─► exits ─► resting-entries ─► (decision window) ─► entries
 */
export class TradingCore {
  readonly holdings: Holdings;
  readonly orders: OrderTracker = new OrderTracker();
  readonly governors: Governors;
  readonly #pace: Pace;
  readonly #positions: PositionController;
  readonly #exits: Exits;
  readonly #resting: RestingEntries;
  readonly #entries: Entries;
  #nowMs = 0;

  constructor(options: TradingOptions) {
    requireBounded(options.risk);
    requireProtocolBounded(options.protocol);
    requireEntryBounded(options.entry);
    this.holdings = new Holdings(options);
    this.governors = new Governors(options.startWalletE8, options.risk);
    const pace = new Pace(options.risk);
    this.#pace = pace;
    const closing = new ClosingOrders(this.holdings, this.orders);
    this.#positions = new PositionController(this.holdings, closing, pace);
    this.#exits = new Exits(this.holdings, closing, this.governors);
    this.#resting = new RestingEntries(this.holdings, this.governors);
    this.#entries = new Entries(this.holdings, this.orders, this.governors, pace);
  }

  /** What is at risk and what holds entries back, as of the last event: read at any time, changed by nothing. */
  getRiskMetrics(): RiskMetrics {
    return riskMetricsOf(
      { holdings: this.holdings, orders: this.orders, governors: this.governors, pace: this.#pace },
      this.#nowMs,
    );
  }

  /** Decisions so far, by outcome. */
  get outcomes(): ReadonlyMap<Receipt["outcome"], number> {
    return this.#entries.outcomes;
  }

  /** What comes before the decision window. */
  on(event: EngineEvent, commands: Command[]): void {
    this.#nowMs = event.nowMs;
    const turn = { nowMs: event.nowMs, nowNs: event.nowNs, commands };
    const realisedE8 = this.#fold(event);
    this.#positions.on(this.orders.on(event), realisedE8, turn);
    this.#positions.overdue(turn);
    this.#exits.on(event, turn);
    this.#resting.on(event, turn);
  }

  /** What comes after it. */
  decide(batch: EntryBatch, nowMs: number, commands: Command[]): void {
    this.#entries.decide(batch, nowMs, commands);
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
