import type {
  AccountQuery,
  Fill,
  IncomeRow,
  OrderRequest,
  OrderRole,
  OrderStatus,
  OrderUpdate,
  Outcome,
  Refusal,
} from "@smcq/exchange";
import { assert, parseE8, priceTicks, qtySteps, symbolId } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";

import {
  type Command,
  type DecisionRecord,
  Engine,
  type EngineInput,
  type ScoredCandidate,
  type TradeRecord,
} from "../../src/index.ts";
import type { TradingCore } from "../../src/trading/trading-core.ts";
import {
  candidate,
  FEES,
  MINUTE_MS,
  type OnTurn,
  type OptionChoices,
  optionsOf,
  rulesOf,
  T0,
} from "./fixtures.ts";

interface Known {
  readonly order: OrderRequest;
  cum: number;
}

/** Drives the core by hand, event by event: no venue answers but the test. */
export class CoreDriver {
  readonly engine: Engine;
  readonly trades: TradeRecord[] = [];
  readonly corrected: TradeRecord[] = [];
  readonly decisions: DecisionRecord[] = [];
  readonly states: string[] = [];
  /** What was asked for, each with the name of the order that it is about. */
  readonly asked: string[] = [];
  readonly #orders: Known[] = [];
  #tradeIds = 0;
  nowMs = T0;
  /** What the monotonic clock is ahead of the venue's: another process on another machine has another one. */
  monoOffsetMs = 0;
  /** Null: the venue says nothing yet. */
  leverageOutcome: Outcome | null = { type: "acked", orderId: "" };
  readonly #onTurn: OnTurn;

  /** By default of a remote venue, whose words get lost. */
  constructor(
    symbols = 1,
    risk: Partial<RiskParameters> = {},
    more: Omit<OptionChoices, "startWalletE8"> & { readonly onTurn?: OnTurn } = {},
  ) {
    this.#onTurn = more.onTurn ?? (() => {});
    this.engine = new Engine(optionsOf(risk, more));
    for (let id = 0; id < symbols; id++) {
      const rules = rulesOf();
      this.put({ type: "instrument", symbolId: symbolId(id), symbol: `S${id}`, rules, fees: FEES });
    }
  }

  get core(): TradingCore {
    assert(this.engine.trading !== null, "Invariant: this engine trades");
    return this.engine.trading;
  }

  /** Processes one event and says shortly what the core wants done about orders and trades. */
  put(input: EngineInput): readonly string[] {
    const event = { ...input, nowMs: this.nowMs, nowNs: (this.nowMs + this.monoOffsetMs) * 1e6 };
    const commands = this.engine.process(event);
    this.#onTurn(event, commands);
    return commands.flatMap((command) =>
      command.type === "set-leverage" ? this.#setLeverage(command) : this.#take(command),
    );
  }

  /** The venue acks every leverage at once, unless the test keeps its word back. */
  #setLeverage({ symbolId: id, leverage }: Extract<Command, { type: "set-leverage" }>): readonly string[] {
    if (this.leverageOutcome === null) return [`leverage ${leverage}`];
    return this.put({ type: "leverage-outcome", symbolId: id, leverage, outcome: this.leverageOutcome });
  }

  #take(command: Command): readonly string[] {
    if (command.type === "submit") {
      const order = command.order.value;
      this.#orders.push({ order, cum: 0 });
      return [`${order.role} ${order.side * order.qtySteps}${atOf(order)}`];
    }
    if (command.type === "cancel") return [`cancel ${this.#known(command.clientOrderId).order.role}`];
    if (command.type === "decided") this.decisions.push(command.decision);
    if (command.type === "ask") this.asked.push(this.#textOf(command.query));
    if (command.type === "state") this.states.push(`${command.state} ${command.reasons.join()}`);
    if (command.type === "entry-failed" && command.reason === "LEVERAGE_UNCONFIRMED")
      return [`failed ${command.reason}`];
    if (command.type === "trade-corrected") this.corrected.push(command.trade);
    if (command.type === "trade-corrected") return [`corrected ${command.trade.fundingE8}`];
    if (command.type !== "trade-closed") return [];
    this.trades.push(command.trade);
    return [`closed ${command.trade.reason}`];
  }

  decide(...batch: readonly ScoredCandidate[]): readonly string[] {
    const quotes = batch.map(({ symbolId: id }) => ({ symbolId: id, bid: 100, ask: 100 }));
    this.put({ type: "quotes", quotes });
    return [
      ...this.put({ type: "candidates", shardId: 0, candidates: batch }),
      ...this.put({ type: "time" }),
    ];
  }

  /** A setup of the bar that has just closed. */
  candidate(id: number, change: Partial<ScoredCandidate> = {}): ScoredCandidate {
    return candidate(id, { openTimeMs: this.nowMs - MINUTE_MS, ...change });
  }

  /** A trade of symbol 0 with its entry sent. */
  enter(change: Partial<ScoredCandidate> = {}): readonly string[] {
    return this.decide(this.candidate(0, change));
  }

  /** A trade of symbol 0 whose entry has filled at once, at 100.02. */
  enterFilled(change: Partial<ScoredCandidate> = {}): readonly string[] {
    this.enter(change);
    this.outcome("entry", { type: "acked", orderId: "1" });
    return this.fill("entry");
  }

  /** The same, with stop and target resting. */
  guard(change: Partial<ScoredCandidate> = {}): void {
    this.enterFilled(change);
    this.ack("stop");
    this.ack("target");
    for (const role of ["stop", "target"] as const) this.see(role);
  }

  /** The stream tells that the last order of a role waits. */
  see(role: OrderRole): readonly string[] {
    const update = { ...this.update(role, { steps: 0 }), status: "new", fill: null } as const;
    return this.put({ type: "order-update", update });
  }

  /** The last order of a role, or the one before by `back`. */
  last(role: OrderRole, back = 0): OrderRequest {
    return this.#lastKnown(role, back).order;
  }

  /** Orders of a role that were sent so far. */
  count(role: OrderRole): number {
    return this.#orders.filter(({ order }) => order.role === role).length;
  }

  ids(): readonly string[] {
    return this.#orders.map(({ order }) => order.clientOrderId);
  }

  outcome(role: OrderRole, outcome: Outcome, back = 0): readonly string[] {
    const { clientOrderId } = this.last(role, back);
    return this.put({ type: "order-outcome", clientOrderId, outcome });
  }

  ack(role: OrderRole, back = 0): readonly string[] {
    return this.outcome(role, { type: "acked", orderId: "1" }, back);
  }

  refuse(role: OrderRole, code: Refusal = "MARGIN_INSUFFICIENT"): readonly string[] {
    return this.outcome(role, { type: "refused", code, text: "" });
  }

  /** A trade of the last order of a role; all that is left of it where no steps are given. */
  fill(role: OrderRole, wanted: Partial<FillText> = {}): readonly string[] {
    return this.put({ type: "order-update", update: this.update(role, wanted) });
  }

  update(role: OrderRole, wanted: Partial<FillText> = {}): OrderUpdate {
    const known = this.#lastKnown(role, wanted.back ?? 0);
    const { order } = known;
    const steps = wanted.steps ?? order.qtySteps - known.cum;
    const cum = (known.cum += steps);
    const isWhole = cum === order.qtySteps;
    const ticks = wanted.ticks ?? 10_002;
    const valueE8 = BigInt(ticks) * BigInt(steps) * 100_000n;
    return {
      clientOrderId: order.clientOrderId,
      symbolId: order.symbolId,
      status: wanted.status ?? (isWhole ? "filled" : "partially-filled"),
      cumQtySteps: qtySteps(cum),
      fill: {
        tradeId: wanted.tradeId ?? String(++this.#tradeIds),
        clientOrderId: order.clientOrderId,
        symbolId: order.symbolId,
        side: order.side,
        priceTicks: priceTicks(ticks),
        qtySteps: qtySteps(steps),
        feeE8: (valueE8 * 5n) / 10_000n,
        isMaker: false,
        timeMs: this.nowMs,
      },
      timeMs: this.nowMs,
    };
  }

  /** A trade in symbol 0 of an order that is none of ours; positive buys. */
  foreign(clientOrderId: string, signedSteps: number, ticks = 10_000): readonly string[] {
    const id = symbolId(0);
    const steps = qtySteps(Math.abs(signedSteps));
    const fill: Fill = {
      tradeId: String(++this.#tradeIds),
      clientOrderId,
      symbolId: id,
      side: signedSteps > 0 ? 1 : -1,
      priceTicks: priceTicks(ticks),
      qtySteps: steps,
      feeE8: 0n,
      isMaker: false,
      timeMs: this.nowMs,
    };
    const update = { clientOrderId, symbolId: id, cumQtySteps: steps, fill, timeMs: this.nowMs };
    return this.put({ type: "order-update", update: { ...update, status: "filled" } });
  }

  /** The last order of a role ends without another trade. */
  end(role: OrderRole, status: OrderStatus = "canceled", back = 0): readonly string[] {
    const { order, cum } = this.#lastKnown(role, back);
    const { clientOrderId, symbolId: id } = order;
    const update = { clientOrderId, symbolId: id, status, fill: null, timeMs: this.nowMs };
    return this.put({ type: "order-update", update: { ...update, cumQtySteps: qtySteps(cum) } });
  }

  /** The next minute closes with these prices by symbol number. */
  minute(...prices: readonly string[]): readonly string[] {
    this.nowMs += MINUTE_MS;
    const marks = prices.map((price, id) => ({ symbolId: symbolId(id), priceE8: parseE8(price) }));
    return this.put({ type: "minute", closeMs: this.nowMs, marks });
  }

  /** Codes of the last decisions, in order. */
  get outcomes(): readonly string[] {
    return this.decisions.map(({ symbol, receipt }) => `${symbol} ${receipt.outcome}`);
  }

  /** Time passes in steps of 100 ms; what the core wanted done on the way. */
  wait(ms: number): readonly string[] {
    const wanted: string[] = [];
    for (let passed = 0; passed < ms; passed += 100) {
      this.nowMs += 100;
      wanted.push(...this.put({ type: "time" }));
    }
    return wanted;
  }

  /** What was asked for since the last call, but for the limits of trading: they are asked for by the clock alone. */
  takeAsked(): readonly string[] {
    return this.asked.splice(0).filter((what) => what !== "limits");
  }

  /** The venue answers about the last order of a role; null: it knows none. */
  answerOrder(
    role: OrderRole,
    told: { status: OrderStatus; cum?: number } | null,
    back = 0,
  ): readonly string[] {
    const { clientOrderId, symbolId: id, type } = this.last(role, back);
    const query = { type: "order", symbolId: id, clientOrderId, isAlgo: type === "stop-market" } as const;
    const update =
      told === null
        ? null
        : {
            clientOrderId,
            symbolId: id,
            status: told.status,
            cumQtySteps: qtySteps(told.cum ?? 0),
            fill: null,
            timeMs: this.nowMs,
          };
    return this.put({ type: "answer", answer: { type: "order", query, askedMs: this.nowMs, update } });
  }

  /** The venue answers a question about the last order of a role with a failure. */
  failOrder(role: OrderRole): readonly string[] {
    const { clientOrderId, symbolId: id, type } = this.last(role);
    const query = { type: "order", symbolId: id, clientOrderId, isAlgo: type === "stop-market" } as const;
    const answer = { type: "failed", query, askedMs: this.nowMs, text: "503" } as const;
    return this.put({ type: "answer", answer });
  }

  /** The venue tells the trades of symbol 0 since the start. */
  answerTrades(...fills: readonly (Fill | null)[]): readonly string[] {
    const query = { type: "trades", symbolId: symbolId(0), sinceMs: T0 - 10_000 } as const;
    const told = fills.filter((fill) => fill !== null);
    return this.put({ type: "answer", answer: { type: "trades", query, askedMs: this.nowMs, fills: told } });
  }

  /** The venue tells what it holds of symbol 0, in signed steps. */
  answerPositions(signedSteps: number, askedMs: number = this.nowMs): readonly string[] {
    const position = { symbolId: symbolId(0), qtySteps: signedSteps, entryPriceE8: parseE8("100") };
    const positions = signedSteps === 0 ? [] : [{ ...position, liquidationPriceE8: null }];
    const query = { type: "positions" } as const;
    return this.put({ type: "answer", answer: { type: "positions", query, askedMs, positions } });
  }

  /** The venue lists these as resting: the last order of each role. */
  answerOpenOrders(...orders: readonly OrderRequest[]): readonly string[] {
    const query = { type: "open-orders" } as const;
    const listed = orders.map(({ role: _role, symbol: _symbol, ...request }) => ({
      request,
      orderId: "1",
      cumQtySteps: qtySteps(0),
    }));
    const answer = { type: "open-orders", query, askedMs: this.nowMs, orders: listed } as const;
    return this.put({ type: "answer", answer });
  }

  answerWallet(walletE8: bigint): readonly string[] {
    const query = { type: "wallet" } as const;
    return this.put({ type: "answer", answer: { type: "wallet", query, askedMs: this.nowMs, walletE8 } });
  }

  answerIncome(...rows: readonly IncomeRow[]): readonly string[] {
    const query = { type: "income", sinceMs: T0 } as const;
    return this.put({ type: "answer", answer: { type: "income", query, askedMs: this.nowMs, rows } });
  }

  #textOf(query: AccountQuery): string {
    if (query.type === "order") return `order ${this.#known(query.clientOrderId).order.role}`;
    return "symbolId" in query ? `${query.type} ${query.symbolId}` : query.type;
  }

  #lastKnown(role: OrderRole, back: number): Known {
    const known = this.#orders.filter(({ order }) => order.role === role).at(-1 - back);
    assert(known !== undefined, `Invariant: a ${role} order was sent`);
    return known;
  }

  #known(id: string): Known {
    const known = this.#orders.find(({ order }) => order.clientOrderId === id);
    assert(known !== undefined, "Invariant: only what was sent is cancelled");
    return known;
  }
}

interface FillText {
  readonly steps: number;
  readonly ticks: number;
  readonly status: OrderStatus;
  readonly tradeId: string;
  readonly back: number;
}

function atOf(order: OrderRequest): string {
  if (order.type === "market") return "";
  return ` @ ${order.type === "limit" ? order.priceTicks : order.triggerTicks}`;
}
