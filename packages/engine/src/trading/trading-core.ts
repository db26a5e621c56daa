import type { Fill, OrderUpdate } from "@smcq/exchange";
import { assert, assertNever, type SymbolId } from "@smcq/kernel";
import { Governors, Pace, type Receipt, requireBounded } from "@smcq/risk";
import { Alarm } from "./alarm.ts";
import { Books, UNTOLD } from "./books.ts";
import type { Command, EngineEvent, EngineEventType, EngineInput, EventStamp } from "../events.ts";
import type { TradingOptions } from "../options.ts";
import { withPlan } from "../stored-plan.ts";
import { assertInvariants, assertSent } from "./invariants.ts";
import { Holdings } from "./holdings.ts";
import { ApprovedEntries } from "./open-risks.ts";
import { requireEntryBounded, requireProtocolBounded } from "./protocol.ts";
import { type RiskMetrics, riskMetricsOf } from "./risk-metrics.ts";
import { AccountCheck } from "./stages/account-check.ts";
import { ClosingOrders, type Turn } from "./stages/closing-orders.ts";
import { Cover } from "./stages/cover.ts";
import { Entries, type EntryBatch } from "./stages/entries.ts";
import { Exits } from "./stages/exits.ts";
import { LeverageGate } from "./stages/leverage-gate.ts";
import { LiquidationWatch } from "./stages/liquidation-watch.ts";
import { Inquiries } from "./stages/inquiries.ts";
import { type OrderChange, OrderTracker } from "./stages/order-tracker.ts";
import { PositionController } from "./stages/position-controller.ts";
import { RestingEntries } from "./stages/resting-entries.ts";
import { type Standing, States } from "./stages/states.ts";
import { TradingLimits } from "./stages/trading-limits.ts";
import { TradingTally } from "./tally/tally.ts";
import { recordOf } from "./trade-record.ts";

/** Events that by themselves change nothing of what is held or rests. */
const IDLE: ReadonlySet<EngineEventType> = new Set([
  "candidates",
  "invalid-score",
  "model",
  "feed-health",
  "quotes",
  "time",
]);

/**
 * The side of orders and money: a row of stages, called in this order for every event. No stage calls another; they
 * share `Holdings`. What a remote venue does not tell is asked for, and its answers come in at the front again.
 *
 *   books ─► order-tracker ─► position-controller (cover) ─► exits ─► liquidation-watch ─► trading-limits ─► resting-entries
 *     ▲          ─► states ─► leverage-gate ─► inquiries, account-check ─► ask       (decision window) ─► entries
 *     └────────────────────────────── answers ◄──────────────────────────────┘
 */
export class TradingCore {
  readonly holdings: Holdings;
  readonly orders: OrderTracker;
  readonly governors: Governors;
  readonly #pace: Pace;
  readonly #approved = new ApprovedEntries();
  readonly #books: Books;
  readonly #alarm: Alarm;
  readonly #cover: Cover;
  readonly #positions: PositionController;
  readonly #exits: Exits;
  readonly #resting: RestingEntries;
  readonly #states: States;
  readonly #gate: LeverageGate;
  /** Null: the venue tells everything. */
  readonly #inquiries: Inquiries | null;
  readonly #check: AccountCheck | null;
  readonly #liquidation: LiquidationWatch | null;
  readonly #limits: TradingLimits | null;
  readonly #entries: Entries;
  /** Null: a venue in memory, of which nothing has to be measured. */
  readonly tally: TradingTally | null;
  #nowMs = 0;
  /** Moment of a turn of an idle event from which nothing followed; none: something may follow still. */
  #settledNs = Number.NaN;

  constructor(given: TradingOptions) {
    const options = withPlan(given);
    requireOptions(options);
    const holdings = new Holdings(options);
    const governors = new Governors(options.startWalletE8, options.risk);
    const orders = new OrderTracker(options.wordFloorMs, (symbolId) => heldSteps(holdings, symbolId));
    this.orders = orders;
    const books = new Books(holdings);
    const alarm = new Alarm(options.isVenueRemote);
    const pace = new Pace(options.risk);
    const closing = new ClosingOrders(holdings, orders);
    this.holdings = holdings;
    this.governors = governors;
    this.#pace = pace;
    this.#books = books;
    this.#alarm = alarm;
    const cover = new Cover({ holdings, closing }, alarm);
    this.#cover = cover;
    this.#positions = new PositionController({ holdings, closing, pace, cover });
    this.#exits = new Exits({ holdings, closing, governors }, alarm);
    this.#resting = new RestingEntries({ holdings, orders, closing, governors });
    this.#states = new States({ holdings, governors, orders }, alarm);
    this.#inquiries = options.isVenueRemote ? new Inquiries(orders, alarm) : null;
    this.#check = options.isVenueRemote ? new AccountCheck({ holdings, orders, books }, alarm) : null;
    this.#liquidation = options.isVenueRemote ? new LiquidationWatch({ holdings, closing }, alarm) : null;
    this.#limits = options.isVenueRemote ? new TradingLimits(holdings, alarm) : null;
    this.tally = options.isVenueRemote ? new TradingTally(holdings) : null;
    const gate = new LeverageGate({ holdings, orders }, alarm);
    this.#gate = gate;
    this.#entries = new Entries({ holdings, orders, governors, pace, approved: this.#approved, gate, books });
  }

  /** What is at risk and what holds entries back, as of the last event: read at any time, changed by nothing. */
  getRiskMetrics(): RiskMetrics {
    return riskMetricsOf(
      {
        holdings: this.holdings,
        orders: this.orders,
        governors: this.governors,
        pace: this.#pace,
        approved: this.#approved,
      },
      this.#nowMs,
    );
  }

  /** State and reasons, each with the time since when. */
  get standing(): Standing {
    return this.#states.standing;
  }

  /** Decisions so far, by outcome. */
  get outcomes(): ReadonlyMap<Receipt["outcome"], number> {
    return this.#entries.outcomes;
  }

  /** What comes before the decision window. */
  on(event: EngineEvent, commands: Command[]): void {
    if (event.nowMs < this.#nowMs) this.#setBack(event.nowMs);
    this.#nowMs = event.nowMs;
    const isIdle = IDLE.has(event.type);
    // All has been looked at in this very moment, and nothing followed from it.
    if (isIdle && event.nowNs === this.#settledNs) {
      this.#fold(event);
      return;
    }
    const turn = { nowMs: event.nowMs, nowNs: event.nowNs, commands };
    const before = commands.length;
    const changes = this.#hear(event, turn);
    for (const trade of this.holdings.takeCorrected())
      commands.push({ type: "trade-corrected", trade: recordOf(trade) });
    this.#positions.overdue(turn);
    this.#exits.on(event, turn);
    this.#exits.overdue(turn);
    this.#liquidation?.on(event, turn);
    this.#limits?.on(event, turn);
    this.#resting.on(event, turn);
    const { maySend } = this.holdings;
    this.#states.on(event, changes, turn);
    if (!maySend && this.holdings.maySend) this.#positions.sendAgain(turn);
    this.#positions.on(this.#gate.on(event, turn), UNTOLD, turn);
    this.#inquiries?.on(event, turn);
    this.#check?.on(turn);
    // What tells of no order, no money and no minute has changed nothing, unless something follows from it.
    if (commands.length > before || !isIdle) assertInvariants(this.holdings, event.nowMs);
    assertSent(commands, before, this);
    if (commands.length > before || !isIdle) this.tally?.on(event, changes);
    this.tally?.sent(commands, before, turn);
    this.#alarm.set(turn, commands);
    this.#settledNs = isIdle && commands.length === before ? event.nowNs : Number.NaN;
  }

  /** What comes after it. */
  decide(batch: EntryBatch, { nowMs, nowNs }: EventStamp, commands: Command[]): void {
    const before = commands.length;
    this.#settledNs = Number.NaN;
    this.#entries.decide(batch, { nowMs, nowNs, commands });
    assertSent(commands, before, this);
    this.tally?.sent(commands, before, { nowMs, nowNs });
  }

  /** What was begun by a clock that was ahead is due no later than if it had been begun now. */
  #setBack(nowMs: number): void {
    this.orders.setBack(nowMs);
    this.#positions.setBack(nowMs);
    this.#inquiries?.setBack(nowMs);
    this.#check?.setBack(nowMs);
  }

  /** Brings what was told through books, orders and positions; returns what it changed about orders. */
  #hear(event: EngineEvent, turn: Turn): readonly OrderChange[] {
    const changes: OrderChange[] = [];
    if (event.type === "order-update") this.orders.told(event.update.clientOrderId);
    for (const word of wordsOf(event)) {
      const isNew =
        word.fill !== null && event.type === "answer" && !this.holdings.portfolio.knows(word.fill);
      if (isNew) this.tally?.differed("trade");
      changes.push(...this.#hearWord(word, turn));
    }
    this.#fold(event);
    const told = event.type === "order-update" ? [] : [...this.orders.on(event)];
    if (this.#inquiries !== null) told.push(...this.orders.overdue(event.nowMs));
    this.#positions.on(told, UNTOLD, turn);
    if (event.type === "answer" && event.answer.type === "open-orders")
      this.#cover.listed(event.answer.orders, event.answer.askedMs, turn);
    for (const row of this.#check?.hear(event, turn) ?? []) {
      this.tally?.differed("position");
      this.#hearWord(wordOf(row), turn);
    }
    return [...changes, ...told];
  }

  /** A word about an order, and its trade if it is about one; a trade of nobody of ours is heard of all the same. */
  #hearWord(update: OrderUpdate, turn: Turn): readonly OrderChange[] {
    const { fill } = update;
    const booked = fill === null ? null : this.#books.take(fill);
    if (booked !== null) this.#check?.told(update.symbolId, true, turn);
    const isOwn = this.orders.get(update.clientOrderId) !== null;
    const changes = this.orders.onUpdate(update);
    this.#positions.on(changes, booked ?? UNTOLD, turn);
    if (!isOwn) this.#cover.heard(update, turn);
    if (fill !== null && booked !== null && !isOwn)
      this.#positions.onFill({ fill, order: null, booked }, turn);
    return changes;
  }

  /** Another process is this core now: it has settings of its own, and nobody is under way to wake it. */
  #goOn(given: TradingOptions | undefined): void {
    assert(given !== undefined, "Invariant: a core that trades goes on trading");
    const options = withPlan(given);
    assert(
      options.isVenueRemote === this.holdings.options.isVenueRemote,
      "Invariant: a core goes on with the kind of venue that it began with",
    );
    requireOptions(options);
    this.holdings.restarted(options);
    this.governors.setParameters(options.risk);
    this.#pace.setParameters(options.risk);
    this.orders.setWordFloor(options.wordFloorMs);
    this.#alarm.forget();
  }

  /** Takes what changes payments, prices and rules. */
  #fold(event: EngineEvent): void {
    const { portfolio } = this.holdings;
    switch (event.type) {
      case "income":
        this.holdings.bookIncome(event.income);
        return;
      case "minute":
        for (const { symbolId, priceE8 } of event.marks) portfolio.mark(symbolId, priceE8);
        return;
      case "instrument":
        this.holdings.addSymbol(event.symbolId, event);
        this.#books.known(event.symbolId);
        return;
      case "quotes":
        for (const quote of event.quotes) this.holdings.setQuote(quote, event.nowNs);
        return;
      case "restarted":
        this.#goOn(event.engine.trading);
        return;
      case "clock-health":
        this.holdings.isClockDoubtful = !event.isSound;
        return;
      case "leverage":
        this.holdings.setLeverage(event.symbolId, event.leverage);
        return;
      case "leverage-outcome":
      case "answer":
      case "account-stream":
      case "ledger-health":
      case "account-lease":
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

function requireOptions({ risk, protocol, plan }: TradingOptions): void {
  requireBounded(risk);
  requireProtocolBounded(protocol);
  requireEntryBounded(plan.entry);
}

/** Signed steps of a symbol in the books. */
function heldSteps({ portfolio }: Holdings, symbolId: SymbolId): number {
  const position = portfolio.position(symbolId);
  return position === null ? 0 : position.side * position.qtySteps;
}

/** Words about orders that an event brings: the account's own, or trades that were asked for. */
export function wordsOf(event: EngineInput): readonly OrderUpdate[] {
  if (event.type === "order-update") return [event.update];
  if (event.type !== "answer" || event.answer.type !== "trades") return [];
  const { query, fills } = event.answer;
  const sinceMs = query.type === "trades" ? query.sinceMs : 0;
  return inOrder(fills.filter(({ timeMs }) => timeMs >= sinceMs)).map(wordOf);
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
