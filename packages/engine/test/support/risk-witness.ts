import { isDeepStrictEqual } from "node:util";
import type {
  FeeRates,
  LimitOrder,
  OrderRequest,
  OrderSide,
  OrderUpdate,
  TradingRules,
} from "@smcq/exchange";
import { present, type SymbolId } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import { type EntryPlan, M1_SCALP, MARKET_ENTRY, planTrade } from "@smcq/strategy";
import type { Command, DecisionRecord, EngineInput, ScoredCandidate } from "../../src/index.ts";
import { EXIT_AGAIN_MS } from "../../src/trading/stages/closing-orders.ts";
import { FOREIGN_STOP_MS } from "../../src/trading/stages/cover.ts";
import { DAY_MS } from "./fixtures.ts";

/** What float64 may add to a bound. */
const SLACK = 1e-9;
const PROTECT_MS = 1_500;
const TARGET_END_MS = 500;
const EXIT_WINDOW_MS = 10_000;

/** An approved entry, priced by the formulas of docs/trading.md 4. */
interface Approved {
  readonly orderId: string;
  readonly side: OrderSide;
  readonly steps: number;
  readonly e: number;
  readonly d: number;
  readonly sigma: number;
  readonly loss: number;
  readonly leverage: number;
}

interface SeenOrder {
  readonly request: OrderRequest;
  filled: number;
  cum: number;
  isTerminal: boolean;
  isConfirmed: boolean;
  isUnknown: boolean;
  cancelledMs: number | null;
}

interface SeenSymbol {
  readonly rules: TradingRules;
  readonly fees: FeeRates;
  quote: { readonly bid: number; readonly ask: number } | null;
  mark: number | null;
  /** Signed steps, and what they cost in USDT. */
  held: number;
  cost: number;
  approved: Approved | null;
  stopTicks: number | null;
  leverage: number;
  uncoveredMs: number | null;
  exitsMs: number[];
  hasGivenUp: boolean;
  /** When the last exit ended with something left, and when somebody took its last stop off. */
  exitEndedMs: number;
  stopTakenMs: number;
  isLeft: boolean;
}

/** Situations in which something was approved: what a campaign must have come to. */
export interface Witnessed {
  approvals: number;
  besidePartial: number;
  besideUnknown: number;
  besideOpen: number;
  secondOfBatch: number;
  reducedByGovernors: number;
  readonly bounds: Set<string>;
}

export function witnessed(): Witnessed {
  return {
    approvals: 0,
    besidePartial: 0,
    besideUnknown: 0,
    besideOpen: 0,
    secondOfBatch: 0,
    reducedByGovernors: 0,
    bounds: new Set(),
  };
}

/** Keeps books of its own from events and commands alone, and says what breaks a rule of risk or cover. */
export class RiskWitness {
  readonly faults: string[] = [];
  readonly symbols = new Map<SymbolId, SeenSymbol>();
  /** Orders that may still do something, as far as was told. */
  readonly orders = new Map<string, SeenOrder>();
  readonly #risk: RiskParameters;
  readonly #seen: Witnessed;
  readonly #entry: EntryPlan;
  #wallet: number;
  #transfers = 0;
  #minuteTransfers = 0;
  #sizeFactor = 1;
  #dayStart: number;
  #dayTransfers = 0;
  #peak: number;
  #nowMs = 0;
  #minuteEquity: number;
  #batch: readonly ScoredCandidate[] = [];
  readonly #trades = new Set<string>();

  constructor(start: number, risk: RiskParameters, seen: Witnessed, entry: EntryPlan = MARKET_ENTRY) {
    this.#entry = entry;
    this.#risk = risk;
    this.#seen = seen;
    this.#wallet = start;
    this.#dayStart = start;
    this.#peak = start;
    this.#minuteEquity = start;
  }

  heard(input: EngineInput, commands: readonly Command[], nowMs: number): void {
    this.#nowMs = nowMs;
    this.#fold(input);
    let approvals = 0;
    for (const command of commands) {
      if (command.type === "set-leverage") this.#symbol(command.symbolId).leverage = command.leverage;
      else if (command.type === "decided") {
        if (command.decision.receipt.outcome !== "APPROVED") continue;
        if (++approvals === 2) this.#seen.secondOfBatch++;
        this.#submitted(this.#requestOf(command.decision), nowMs);
      } else if (command.type === "entry-failed") {
        const order = this.orders.get(approvalId(command.symbolId));
        if (order !== undefined) this.#end(order);
      } else if (command.type === "cancel") {
        const order = this.orders.get(command.clientOrderId);
        if (order !== undefined) order.cancelledMs ??= nowMs;
      } else if (command.type === "submit") {
        if (command.order.value.role === "entry") this.#left(command.order.value);
        else this.#submitted(command.order.value, nowMs);
      }
    }
    for (const [id, symbol] of this.symbols) this.#judgeCover(id, symbol, nowMs);
  }

  #symbol(id: SymbolId): SeenSymbol {
    return present(this.symbols.get(id), "Invariant: the symbol was made known");
  }

  #fold(input: EngineInput): void {
    if (input.type === "instrument") this.symbols.set(input.symbolId, newSymbol(input.rules, input.fees));
    else if (input.type === "quotes")
      for (const quote of input.quotes) this.#symbol(quote.symbolId).quote = quote;
    else if (input.type === "candidates") this.#collect(input.candidates);
    else if (input.type === "model") this.#sizeFactor = input.sizeFactor;
    else if (input.type === "minute") this.#minute(input);
    else if (input.type === "income") {
      const amount = Number(input.income.amountE8) / 1e8;
      this.#wallet += amount;
      if (input.income.type === "transfer") this.#transfers += amount;
    } else if (input.type === "order-update") this.#update(input.update);
    else if (input.type === "order-outcome") {
      const order = this.orders.get(input.clientOrderId);
      if (order === undefined) return;
      if (input.outcome.type === "refused") this.#end(order);
      else if (input.outcome.type === "acked") order.isConfirmed = true;
      order.isUnknown = input.outcome.type === "unknown";
    }
  }

  /** Setups of one minute, whoever told them. */
  #collect(told: readonly ScoredCandidate[]): void {
    const openTimeMs = told[0]?.openTimeMs ?? this.#batch[0]?.openTimeMs;
    this.#batch = [...this.#batch.filter((own) => own.openTimeMs === openTimeMs), ...told];
  }

  #minute({ closeMs, marks }: Extract<EngineInput, { type: "minute" }>): void {
    for (const { symbolId, priceE8 } of marks) this.#symbol(symbolId).mark = Number(priceE8) / 1e8;
    const equity = this.#wallet + this.#unrealised();
    this.#peak = Math.max(this.#peak + this.#transfers - this.#minuteTransfers, equity);
    this.#minuteEquity = equity;
    this.#minuteTransfers = this.#transfers;
    if (closeMs % DAY_MS === 0) {
      this.#dayStart = equity;
      this.#dayTransfers = this.#transfers;
    }
    for (const symbol of this.symbols.values())
      symbol.hasGivenUp &&= (symbol.exitsMs.at(-3) ?? 0) > closeMs - EXIT_WINDOW_MS;
  }

  #update({ clientOrderId, fill, cumQtySteps, status }: OrderUpdate): void {
    const order = this.orders.get(clientOrderId);
    if (fill !== null && !this.#trades.has(`${fill.symbolId}:${fill.tradeId}`)) {
      this.#trades.add(`${fill.symbolId}:${fill.tradeId}`);
      if (order !== undefined) order.filled += fill.qtySteps;
      this.#filled(this.#symbol(fill.symbolId), fill);
    }
    if (order === undefined) return;
    order.isConfirmed = true;
    order.isUnknown = false;
    order.cum = Math.max(order.cum, cumQtySteps);
    order.isTerminal ||= status !== "new" && status !== "partially-filled";
    if (!order.isTerminal || order.filled < order.cum) return;
    if (status === "canceled" && order.request.role === "stop" && order.cancelledMs === null)
      this.#symbol(order.request.symbolId).stopTakenMs = this.#nowMs;
    this.#end(order);
  }

  #filled(symbol: SeenSymbol, fill: NonNullable<OrderUpdate["fill"]>): void {
    const { rules } = symbol;
    const value = fill.qtySteps * rules.stepSize * fill.priceTicks * rules.tickSize;
    this.#wallet -= Number(fill.feeE8) / 1e8;
    if (symbol.held === 0 || Math.sign(symbol.held) === fill.side) {
      if (symbol.held === 0) symbol.stopTicks = this.#stopOf(fill.symbolId);
      symbol.cost += value;
    } else {
      const cost = (symbol.cost * fill.qtySteps) / Math.abs(symbol.held);
      this.#wallet += Math.sign(symbol.held) * (value - cost);
      symbol.cost -= cost;
    }
    symbol.held += fill.side * fill.qtySteps;
    if (symbol.held === 0) symbol.cost = 0;
  }

  #stopOf(id: SymbolId): number | null {
    const stop = [...this.orders.values()].findLast(
      ({ request }) => request.symbolId === id && request.type === "stop-market",
    );
    return stop?.request.type === "stop-market" ? stop.request.triggerTicks : null;
  }

  #end({ request }: SeenOrder): void {
    this.orders.delete(request.clientOrderId);
    const symbol = this.#symbol(request.symbolId);
    const third = symbol.exitsMs.at(-3);
    if (request.role === "exit") symbol.exitEndedMs = this.#nowMs;
    if (request.role === "exit" && third !== undefined)
      symbol.hasGivenUp = third > (symbol.exitsMs.at(-1) ?? 0) - EXIT_WINDOW_MS;
  }

  #unrealised(): number {
    let sum = 0;
    for (const { held, cost, mark, rules } of this.symbols.values())
      if (held !== 0 && mark !== null) sum += held * rules.stepSize * mark - Math.sign(held) * cost;
    return sum;
  }

  /** The entry that a decision speaks of, before anybody has seen it leave. */
  #requestOf({ symbolId, symbol, side, receipt }: DecisionRecord): OrderRequest {
    const qtySteps = (receipt.size?.steps ?? 0) as OrderRequest["qtySteps"];
    const base = {
      clientOrderId: approvalId(symbolId),
      symbolId,
      symbol,
      side,
      qtySteps,
      isReduceOnly: false,
    };
    if (this.#entry.kind === "market") return { ...base, type: "market", role: "entry" };
    const priceTicks = Math.round((receipt.unit?.e ?? 0) / this.#symbol(symbolId).rules.tickSize);
    return {
      ...base,
      type: "limit",
      role: "entry",
      timeInForce: "GTX",
      priceTicks: priceTicks as LimitOrder["priceTicks"],
    };
  }

  /** An approved entry leaves, as it was approved. */
  #left(request: OrderRequest): void {
    const { symbolId, clientOrderId } = request;
    const symbol = this.#symbol(symbolId);
    const order = this.orders.get(approvalId(symbolId));
    const same = { ...request, clientOrderId: approvalId(symbolId) };
    if (order === undefined || symbol.approved === null || !isDeepStrictEqual(order.request, same)) {
      this.faults.push(`${symbolId}: an entry left that was not approved`);
      return;
    }
    if (symbol.leverage !== symbol.approved.leverage)
      this.faults.push(`${symbolId}: leverage ${symbol.leverage}, not ${symbol.approved.leverage}`);
    this.orders.delete(approvalId(symbolId));
    this.orders.set(clientOrderId, { ...order, request });
    symbol.approved = { ...symbol.approved, orderId: clientOrderId };
  }

  #submitted(request: OrderRequest, nowMs: number): void {
    const symbol = this.#symbol(request.symbolId);
    if (request.role === "entry") this.#approved(request, symbol);
    if (request.type === "stop-market") symbol.stopTicks = request.triggerTicks;
    if (request.role === "exit") {
      symbol.exitsMs.push(nowMs);
      symbol.isLeft = true;
    }
    const order = { request, filled: 0, cum: 0, isTerminal: false, isConfirmed: false, isUnknown: false };
    this.orders.set(request.clientOrderId, { ...order, cancelledMs: null });
  }

  #approved(request: OrderRequest, symbol: SeenSymbol): void {
    const { symbolId, side, qtySteps } = request;
    const setup = this.#batch.find((own) => own.symbolId === symbolId && own.side === side);
    if (setup === undefined || symbol.quote === null) {
      this.faults.push(`${symbolId}: an entry that nobody asked for`);
      return;
    }
    const { bid, ask } = symbol.quote;
    const isResting = request.type === "limit";
    const e = isResting ? request.priceTicks * symbol.rules.tickSize : side > 0 ? ask : bid;
    if (this.#entry.kind === "limit") {
      const far = this.#entry.offsetAtr * setup.atr;
      const wanted = side > 0 ? bid - far : ask + far;
      if (!isResting || side * (wanted - e) < -1e-9 || Math.abs(wanted - e) > symbol.rules.tickSize + 1e-9)
        this.faults.push(`${symbolId}: entered at ${e}, wanted ${wanted}`);
    }
    const priced = priceOf(symbol, setup, e, { risk: this.#risk, entry: this.#entry });
    const approved = { ...priced, orderId: request.clientOrderId, side, steps: qtySteps };
    if (symbol.held !== 0 || this.#live(symbolId).length > 0)
      this.faults.push(`${symbolId}: entered beside a position or an order of its own`);
    this.#judgeApproval(symbol, approved, setup);
    symbol.approved = approved;
    symbol.stopTicks = null;
    symbol.isLeft = false;
    symbol.exitsMs = [];
    symbol.hasGivenUp = false;
    symbol.uncoveredMs = null;
  }

  #live(id: SymbolId): readonly SeenOrder[] {
    return [...this.orders.values()].filter(({ request }) => request.symbolId === id);
  }

  /** All caps, with what is open, in flight or unknown, and the new one. */
  #judgeApproval(symbol: SeenSymbol, own: Approved, setup: ScoredCandidate): void {
    const risk = this.#risk;
    const E = Math.min(this.#wallet, this.#wallet + this.#unrealised());
    const used = this.#exposure(own.side, E);
    const q = own.steps * symbol.rules.stepSize;
    const margin = (q * own.e) / own.leverage;
    const r = this.#riskRatio(setup.score, used.count);
    const rules: readonly (readonly [string, number, number])[] = [
      ["risk", q * own.loss, r * E],
      ["margin", margin, risk.marginRatioMax * E],
      ["notional", q * own.e, risk.notionalRatioMax * E],
      ["heat", used.heat + (q * own.loss) / E, risk.heatRatioMax],
      ["direction", used.sideHeat + (q * own.loss) / E, risk.directionHeatRatioMax],
      ["gross", used.notional + q * own.e, risk.grossRatioMax * E],
      ["margins", used.margin + margin, risk.marginsRatioMax * E],
      ["liquidity", q * own.e, risk.liquidityRatioMax * setup.medianTurnover],
      ["exchange", q, symbol.rules.marketMaxQty],
    ];
    for (const [name, value, bound] of rules) {
      if (!(value <= bound * (1 + SLACK)))
        this.faults.push(`${setup.symbol}: ${name} ${value} above ${bound}`);
      if (value > bound * 0.99) this.#seen.bounds.add(name);
    }
    if (this.#dayLoss() >= risk.dayLossStopRatio + SLACK)
      this.faults.push(`${setup.symbol}: entered after the daily loss`);
    this.#seen.approvals++;
  }

  #exposure(
    side: OrderSide,
    E: number,
  ): {
    readonly heat: number;
    readonly sideHeat: number;
    readonly notional: number;
    readonly margin: number;
    readonly count: number;
  } {
    const sum = { heat: 0, sideHeat: 0, notional: 0, margin: 0, count: 0 };
    for (const { approved: own, held, cost, rules, fees, mark, stopTicks } of this.symbols.values()) {
      if (own === null) continue;
      const entry = this.orders.get(own.orderId);
      let heat = 0;
      if (held !== 0) {
        const q = Math.abs(held) * rules.stepSize;
        const avg = cost / q;
        const at = mark ?? avg;
        const worse = own.side > 0 ? Math.min(at, avg) : Math.max(at, avg);
        const stop = stopTicks === null ? avg - own.side * own.d : stopTicks * rules.tickSize;
        const costs = (fees.takerRatio + own.sigma) * stop;
        heat += (q * Math.max(0, own.side * (worse - stop) + costs)) / E;
        sum.notional += q * at;
        sum.margin += cost / own.leverage;
        this.#seen.besideOpen++;
      }
      if (entry !== undefined) {
        const q = (own.steps - entry.filled) * rules.stepSize;
        heat += (q * own.loss) / E;
        sum.notional += q * own.e;
        sum.margin += (q * own.e) / own.leverage;
        if (entry.filled > 0) this.#seen.besidePartial++;
        if (entry.isUnknown) this.#seen.besideUnknown++;
      }
      sum.heat += heat;
      if (own.side !== side) continue;
      sum.sideHeat += heat;
      if (held !== 0 || entry !== undefined) sum.count++;
    }
    return sum;
  }

  #dayLoss(): number {
    const gained = this.#minuteTransfers - this.#dayTransfers;
    return (this.#dayStart - this.#minuteEquity + gained) / this.#dayStart;
  }

  #riskRatio(score: number, count: number): number {
    const risk = this.#risk;
    const tier = score > 0.85 ? risk.highTierRatio : score > 0.7 ? risk.middleTierRatio : risk.lowTierRatio;
    const daily = this.#dayLoss() >= risk.dayLossHalfRatio + SLACK ? 0.5 : 1;
    const D = (this.#peak - this.#minuteEquity) / this.#peak;
    const drawdown =
      D <= 0.025 ? 1 : D <= 0.05 ? 1 - (0.5 * (D - 0.025)) / 0.025 : 0.5 - (0.5 * (D - 0.05)) / 0.05;
    if (D > 0.08 + SLACK) this.faults.push("entered in a drawdown that halts");
    if (daily * drawdown < 1) this.#seen.reducedByGovernors++;
    const direction = 1 / Math.sqrt(1 + count * risk.directionCorrelation);
    return Math.min(tier, risk.unprovenRiskRatioMax) * this.#sizeFactor * daily * drawdown * direction;
  }

  /** What is held is covered by stops that the venue has told of, or left; at the latest after `PROTECT_MS`. */
  #judgeCover(id: SymbolId, symbol: SeenSymbol, nowMs: number): void {
    const { approved, held } = symbol;
    if (held === 0 || approved === null) {
      symbol.uncoveredMs = null;
      return;
    }
    const live = this.#live(id);
    const stops = live.filter(({ request }) => request.type === "stop-market");
    const isLeaving =
      symbol.hasGivenUp ||
      nowMs < symbol.exitEndedMs + EXIT_AGAIN_MS ||
      live.some(
        ({ request, cancelledMs }) =>
          request.role === "exit" ||
          (request.role === "target" && cancelledMs !== null && nowMs < cancelledMs + TARGET_END_MS),
      );
    const covered = stops
      .filter(({ isConfirmed }) => isConfirmed)
      .reduce((sum, { request, filled }) => sum + request.qtySteps - filled, 0);
    if (covered >= Math.abs(held)) symbol.uncoveredMs = null;
    else symbol.uncoveredMs ??= nowMs;
    if (isLeaving) return;
    // A person's stop in its place is looked for first.
    const isAwaited = nowMs < symbol.stopTakenMs + FOREIGN_STOP_MS;
    if (stops.length === 0 && !isAwaited) this.faults.push(`${id}: ${held} held without a stop`);
    if (stops.length > 2) this.faults.push(`${id}: ${stops.length} stops`);
    if (symbol.uncoveredMs !== null && nowMs >= symbol.uncoveredMs + PROTECT_MS)
      this.faults.push(`${id}: ${held} held and ${covered} covered for ${nowMs - symbol.uncoveredMs} ms`);
    const isSettled = !this.orders.has(approved.orderId) && stops.length === 1 && symbol.uncoveredMs === null;
    if (isSettled && !symbol.isLeft) this.#judgeLoss(id, symbol, approved);
  }

  /** From the average price to the stop, with costs: no more than was approved, and a step. */
  #judgeLoss(id: SymbolId, { held, cost, rules, fees, stopTicks }: SeenSymbol, own: Approved): void {
    const q = Math.abs(held) * rules.stepSize;
    const avg = cost / q;
    const stop = (stopTicks ?? 0) * rules.tickSize;
    const rates = fees.takerRatio + own.sigma;
    const entryFee = this.#entry.kind === "limit" ? fees.makerRatio : fees.takerRatio;
    const loss = q * (own.side * (avg - stop) + entryFee * avg + rates * stop);
    // A price that has moved before the fill moves the fees with it.
    const moved = q * 2 * rates * Math.abs(avg - own.e);
    const approved = (own.steps + 1) * rules.stepSize * own.loss;
    if (!(loss <= (approved + moved) * (1 + SLACK))) this.faults.push(`${id}: loses ${loss} of ${approved}`);
  }
}

function newSymbol(rules: TradingRules, fees: FeeRates): SeenSymbol {
  return {
    rules,
    fees,
    quote: null,
    mark: null,
    held: 0,
    cost: 0,
    approved: null,
    stopTicks: null,
    leverage: 0,
    uncoveredMs: null,
    exitsMs: [],
    hasGivenUp: false,
    exitEndedMs: 0,
    stopTakenMs: 0,
    isLeft: false,
  };
}

function priceOf(
  { rules, fees }: SeenSymbol,
  setup: ScoredCandidate,
  e: number,
  { risk, entry }: { readonly risk: RiskParameters; readonly entry: EntryPlan },
): Pick<Approved, "e" | "d" | "sigma" | "loss" | "leverage"> {
  const d = planTrade(setup, e, { ...M1_SCALP, entry }, rules.tickSize).stopDistance;
  const { side } = setup;
  const { tickSize } = rules;
  const mmr = rules.maintMarginRatio ?? risk.maintMarginRatioDefault;
  const stops = risk.liquidationStopsMin * d;
  const isFar = e * (1 / risk.leverage - mmr) >= stops;
  const leverage = isFar ? risk.leverage : Math.max(1, Math.floor(1 / (stops / e + mmr)));
  const sigma = Math.max(risk.slippageRatio, tickSize / e);
  const stop = (side > 0 ? Math.floor((e - d) / tickSize) : Math.ceil((e + d) / tickSize)) * tickSize;
  const entryCost = entry.kind === "limit" ? fees.makerRatio : fees.takerRatio + sigma;
  const distance = entry.kind === "limit" ? side * (e - stop) : d;
  return { e, d, sigma, loss: distance + entryCost * e + (fees.takerRatio + sigma) * stop, leverage };
}

function approvalId(symbolId: SymbolId): string {
  return `approved-${symbolId}`;
}
