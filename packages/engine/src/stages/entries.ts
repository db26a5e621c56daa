import type { OrderRequest, OrderSide } from "@smcq/exchange";
import { e8ToNumber, type SymbolId } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import {
  byScoreThenCost,
  type EntryIntent,
  exposureOf,
  type Governors,
  type Obstacles,
  type OpenRisk,
  type Pace,
  type PendingRisk,
  type PricedIntent,
  priceIntent,
  type Receipt,
  review,
} from "@smcq/risk";
import type { Command, Decision } from "../events.ts";
import type { Holdings, TradedSymbol } from "../holdings.ts";
import { clientOrderId } from "../order-ids.ts";
import type { Signal } from "../signal.ts";
import { begun, type Trade } from "../trade.ts";
import type { Quote } from "../trading-events.ts";
import type { OrderTracker } from "./order-tracker.ts";

interface Candidate {
  readonly signal: Signal;
  readonly symbol: TradedSymbol;
  readonly priced: PricedIntent;
}

/** What is at risk before an entry is reviewed. */
interface Risks {
  /** USDT: the smaller of wallet and equity. */
  readonly equity: number;
  readonly open: readonly OpenRisk[];
  readonly pending: readonly PendingRisk[];
  /** Of each trade that is open or may still be filled. */
  readonly sides: readonly OrderSide[];
}

/** Turns a decided batch into orders: priced, ranked, reviewed one after another, each seeing those approved before. */
export class Entries {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;
  readonly #governors: Governors;
  readonly #pace: Pace;
  /** What each approved entry may still lose and take up, until its order has ended. */
  readonly #approved = new Map<string, Trade>();

  constructor(holdings: Holdings, orders: OrderTracker, governors: Governors, pace: Pace) {
    this.#holdings = holdings;
    this.#orders = orders;
    this.#governors = governors;
    this.#pace = pace;
  }

  decide(decision: Decision, nowMs: number, commands: Command[]): void {
    const candidates = decision.batch
      .flatMap((signal) => this.#candidateOf(signal))
      .sort((a, b) => byScoreThenCost(a.priced, b.priced));
    let risks = this.#risks();
    for (const candidate of candidates)
      // What was approved counts for those behind it.
      if (this.#review(candidate, risks, { modelFactor: decision.sizeFactor, nowMs }, commands))
        risks = this.#risks();
  }

  /** A symbol without rules or without a quote is none that can be priced. */
  #candidateOf(signal: Signal): readonly Candidate[] {
    const symbol = this.#holdings.symbol(signal.symbolId);
    const quote = this.#holdings.quote(signal.symbolId);
    if (symbol === null || quote === null) return [];
    const priced = priceIntent(intentOf(signal, symbol, quote), this.#holdings.options.risk);
    return [{ signal, symbol, priced }];
  }

  /** True when it was approved. */
  #review(
    candidate: Candidate,
    { equity, open, pending, sides }: Risks,
    { modelFactor, nowMs }: { readonly modelFactor: number; readonly nowMs: number },
    commands: Command[],
  ): boolean {
    const { signal, priced } = candidate;
    const { options } = this.#holdings;
    const intentId = this.#holdings.nextIntent();
    const verdict = review(
      {
        priced,
        clientOrderId: clientOrderId(options.engineId, "entry", intentId, 0),
        obstacles: this.#obstacles(signal.symbolId, nowMs),
        equity,
        exposure: exposureOf(signal.side, equity, open, pending),
        sameSideCount: sides.filter((side) => side === signal.side).length,
        governors: this.#governors.state,
        modelFactor,
        winProbability: null,
      },
      options.risk,
    );
    const { receipt } = verdict;
    const { symbolId, symbol, side, setup, score } = signal;
    commands.push({
      type: "decided",
      decision: { timeMs: nowMs, symbolId, symbol, side, setup, score, receipt },
    });
    if (verdict.type === "refused") return false;
    const trade = openTrade(candidate, receipt, { order: verdict.order.value, intentId, nowMs });
    this.#holdings.trades.set(symbolId, trade);
    this.#approved.set(trade.entryOrderId, trade);
    this.#pace.entered(nowMs);
    this.#orders.sent(verdict.order.value, nowMs);
    commands.push({ type: "set-leverage", symbolId, leverage: trade.leverage });
    commands.push({ type: "submit", order: verdict.order });
    return true;
  }

  #obstacles(symbolId: SymbolId, nowMs: number): Obstacles {
    const trade = this.#holdings.trades.get(symbolId);
    const { entriesPerMinuteMax } = this.#holdings.options.risk;
    return {
      STATE_NOT_ACTIVE: this.#holdings.state !== "ACTIVE",
      POSITION_OPEN: this.#holdings.portfolio.position(symbolId) !== null,
      // What still rests or flies of a former trade could close the next one.
      ORDER_PENDING: trade !== undefined || this.#orders.hasOpen(symbolId),
      SYMBOL_LOCKED:
        nowMs < Math.max(this.#pace.lockedUntilMs(symbolId), this.#holdings.blockedUntilMs(symbolId)),
      STREAK_PAUSE: nowMs < this.#pace.pausedUntilMs(),
      ENTRY_THROTTLE: this.#pace.entriesInMinute(nowMs) >= entriesPerMinuteMax,
      DAILY_LOSS: this.#governors.state.isDayStopped,
    };
  }

  /** What is open, by symbol number, and what is approved and not filled yet, in the order of approval. */
  #risks(): Risks {
    const { portfolio } = this.#holdings;
    const { walletE8, equityE8 } = portfolio;
    const open: OpenRisk[] = [];
    const sides: OrderSide[] = [];
    for (const trade of this.#holdings.openTrades()) {
      const position = portfolio.position(trade.symbolId);
      if (position !== null || !trade.isEntryEnded) sides.push(trade.side);
      if (position !== null) open.push(openRisk(trade, position, portfolio.markE8(trade.symbolId)));
    }
    const equity = e8ToNumber(walletE8 < equityE8 ? walletE8 : equityE8);
    return { equity, open, pending: this.#pending(), sides };
  }

  /** What of the approved entries may still be filled, whatever has become of their trades. */
  #pending(): readonly PendingRisk[] {
    const pending: PendingRisk[] = [];
    for (const [orderId, { side, rules, approvedSteps, e, loss, leverage }] of this.#approved) {
      const order = this.#orders.get(orderId);
      if (order === null) this.#approved.delete(orderId);
      else {
        const qty = (approvedSteps - order.filledSteps) * rules.stepSize;
        pending.push({ side, qty, price: e, loss, leverage });
      }
    }
    return pending;
  }
}

function openRisk(trade: Trade, position: Position, markE8: bigint | null): OpenRisk {
  const { side, rules, stop, d, takerRatio, sigma, leverage } = trade;
  return {
    side,
    qty: position.qtySteps * rules.stepSize,
    avgPrice: position.avgPrice,
    mark: markE8 === null ? position.avgPrice : e8ToNumber(markE8),
    // Without a stop yet, where the plan puts it.
    stop: stop === null ? position.avgPrice - side * d : stop.ticks * rules.tickSize,
    takerRatio,
    sigma,
    leverage,
  };
}

function intentOf(signal: Signal, symbol: TradedSymbol, quote: Quote): EntryIntent {
  const { symbolId, side, score, invalidationPrice, atr, medianTurnover } = signal;
  return {
    symbolId,
    symbol: symbol.symbol,
    side,
    score,
    invalidationPrice,
    atr,
    medianTurnover,
    quote: side > 0 ? quote.ask : quote.bid,
    rules: symbol.rules,
    fees: symbol.fees,
    measuredSlippageRatio: 0,
    fundingLoss: 0,
  };
}

function openTrade(
  { signal, symbol }: Candidate,
  receipt: Receipt,
  approved: { readonly order: OrderRequest; readonly intentId: number; readonly nowMs: number },
): Trade {
  const { unit, equity, size } = receipt;
  const { order, intentId, nowMs } = approved;
  const { symbolId, side, setup, score } = signal;
  return begun({
    tradeId: intentId,
    symbolId,
    symbol: symbol.symbol,
    side,
    setup,
    score,
    rules: symbol.rules,
    entryOrderId: order.clientOrderId,
    signalMs: nowMs,
    d: unit.d,
    sigma: unit.sigma,
    takerRatio: symbol.fees.takerRatio,
    leverage: unit.leverage,
    loss: unit.loss,
    e: unit.e,
    approvedSteps: order.qtySteps,
    riskRatio: (order.qtySteps * symbol.rules.stepSize * unit.loss) / equity,
    boundBy: size?.boundBy ?? "risk",
  });
}
