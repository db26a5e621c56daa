import type { OrderRequest } from "@smcq/exchange";
import { MINUTE_MS, type SymbolId } from "@smcq/kernel";
import {
  byScoreThenCost,
  type EntryIntent,
  type Exposure,
  exposureOf,
  type Governors,
  type GovernorState,
  type Obstacles,
  type Pace,
  type PricedIntent,
  type PricedReceipt,
  priceIntent,
  type Ranked,
  type Receipt,
  refuseUnpriced,
  review,
  type ReviewGround,
  type Unknown,
  type WinProbability,
  winProbabilityOf,
} from "@smcq/risk";
import type { TradePlanParameters } from "@smcq/strategy";
import type { Decision, ModelProof } from "../../events.ts";
import type { Books } from "../books.ts";
import type { Holdings, TradedSymbol } from "../holdings.ts";
import { type ApprovedEntries, countOf, riskedEquity, type Risks, risksOf } from "../open-risks.ts";
import { clientOrderId } from "../order-ids.ts";
import { DELIST_EXIT_MS } from "../protocol.ts";
import type { Signal } from "../../signal.ts";
import { begun, type Trade } from "../trade.ts";
import type { Quote } from "../trading-events.ts";
import type { Turn } from "./closing-orders.ts";
import type { LeverageGate } from "./leverage-gate.ts";
import type { OrderTracker } from "./order-tracker.ts";

interface Candidate {
  readonly signal: Signal;
  readonly rank: Ranked;
  readonly symbol: TradedSymbol;
  readonly priced: PricedIntent;
}

/** A signal whose symbol has no rules, or no quote of now. */
interface Unpriced {
  readonly signal: Signal;
  readonly rank: Ranked;
  readonly unknown: readonly Unknown[];
}

/** Signals that are decided on together. */
export interface EntryBatch extends Pick<Decision, "batch" | "sizeFactor" | "proof"> {
  /** Why none of them is entered; absent: nothing is known against it. */
  readonly refusal?: "STATE_NOT_ACTIVE" | "MODEL_OBSERVED" | "SIGNAL_STALE" | "FEED_STALE";
}

/** The moment of a batch: what the model is good for, what is proven of it, and when it is. */
interface Moment {
  readonly modelFactor: number;
  readonly proof: ModelProof | null;
  readonly winProbability: WinProbability;
  readonly refusal: EntryBatch["refusal"];
  readonly turn: Turn;
}

/** What holds for every signal until one of them is approved. */
interface Standing {
  readonly equity: number;
  /** What is open and pending; null: nobody has asked yet. */
  risks: Risks | null;
  readonly governors: GovernorState;
  readonly longs: number;
  readonly shorts: number;
  readonly isInactive: boolean;
  readonly isPaused: boolean;
  readonly isThrottled: boolean;
}

/** What entries are made of and counted in. */
export interface EntriesParts {
  readonly holdings: Holdings;
  readonly orders: OrderTracker;
  readonly governors: Governors;
  readonly pace: Pace;
  readonly approved: ApprovedEntries;
  readonly gate: LeverageGate;
  readonly books: Books;
}

/** Turns a decided batch into orders: priced, ranked, reviewed one after another, each seeing those approved before. */
export class Entries {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;
  readonly #governors: Governors;
  readonly #pace: Pace;
  readonly #approved: ApprovedEntries;
  readonly #gate: LeverageGate;
  readonly #books: Books;
  readonly #outcomes = new Map<Receipt["outcome"], number>();

  constructor({ holdings, orders, governors, pace, approved, gate, books }: EntriesParts) {
    this.#holdings = holdings;
    this.#orders = orders;
    this.#governors = governors;
    this.#pace = pace;
    this.#approved = approved;
    this.#gate = gate;
    this.#books = books;
  }

  /** Decisions so far, by outcome. */
  get outcomes(): ReadonlyMap<Receipt["outcome"], number> {
    return this.#outcomes;
  }

  decide({ batch, refusal, sizeFactor: modelFactor, proof }: EntryBatch, turn: Turn): void {
    const winProbability = winProbabilityOf(proof?.wins ?? null);
    const moment = { modelFactor, proof, winProbability, refusal, turn };
    const candidates = batch.map((signal) => this.#candidateOf(signal, turn.nowNs));
    let standing = this.#standing(turn.nowMs);
    for (const candidate of candidates.sort((a, b) => byScoreThenCost(a.rank, b.rank))) {
      if ("unknown" in candidate) this.#refuse(candidate, standing, moment);
      // What was approved counts for those behind it.
      else if (this.#review(candidate, standing, moment)) standing = this.#standing(turn.nowMs);
    }
  }

  #standing(nowMs: number): Standing {
    const { risk } = this.#holdings.options;
    return {
      equity: riskedEquity(this.#holdings),
      risks: null,
      governors: this.#governors.state,
      longs: countOf(1, this.#holdings),
      shorts: countOf(-1, this.#holdings),
      isInactive: this.#holdings.state !== "ACTIVE" || this.#isProbeOut(),
      isPaused: nowMs < this.#pace.pausedUntilMs(),
      isThrottled: this.#pace.entriesInMinute(nowMs) >= risk.entriesPerMinuteMax,
    };
  }

  #exposure({ side }: Signal, standing: Standing): Exposure {
    standing.risks ??= risksOf(this.#holdings, this.#approved.pending(this.#orders));
    const { equity, open, pending } = standing.risks;
    return exposureOf(side, equity, open, pending);
  }

  #candidateOf(signal: Signal, nowNs: number): Candidate | Unpriced {
    const symbol = this.#holdings.symbol(signal.symbolId);
    const quote = this.#holdings.quote(signal.symbolId, nowNs);
    if (symbol === null || quote === null) {
      const unknown: Unknown[] = [];
      if (symbol === null) unknown.push("rules");
      if (quote === null) unknown.push("quote");
      return { signal, rank: rankOf(signal, Number.NaN), unknown };
    }
    const { risk, plan, isSlippageMeasured } = this.#holdings.options;
    const measuredSlippageRatio = isSlippageMeasured ? this.#holdings.slippage.ratio(signal.symbolId) : 0;
    const priced = priceIntent(intentOf(signal, symbol, { quote, plan, measuredSlippageRatio }), risk);
    return { signal, rank: rankOf(signal, priced.unit.c), symbol, priced };
  }

  #refuse({ signal, unknown }: Unpriced, standing: Standing, moment: Moment): void {
    const ground = this.#groundOf(signal, standing, moment);
    const receipt = refuseUnpriced(signal.score, unknown, ground, this.#holdings.options.risk);
    this.#tell(signal, receipt, moment.turn);
  }

  /** True when it was approved. */
  #review(candidate: Candidate, standing: Standing, moment: Moment): boolean {
    const { signal, priced } = candidate;
    const { options } = this.#holdings;
    const { turn } = moment;
    const { nowMs } = turn;
    const intentId = this.#holdings.nextIntent();
    const verdict = review(
      {
        ...this.#groundOf(signal, standing, moment),
        priced,
        clientOrderId: clientOrderId(options.engineId, "entry", intentId, 0),
        exposure: () => this.#exposure(signal, standing),
      },
      options.risk,
    );
    const { receipt } = verdict;
    this.#tell(signal, receipt, turn);
    if (verdict.type === "refused") return false;
    const trade = openTrade(candidate, receipt, { order: verdict.order.value, intentId, nowMs });
    this.#holdings.keepTrade(trade);
    this.#approved.add(trade, this.#orders);
    this.#pace.entered(nowMs);
    this.#orders.sent(verdict.order.value, nowMs);
    this.#gate.enter(trade, verdict.order, turn);
    return true;
  }

  #tell(signal: Signal, receipt: Receipt, { nowMs, commands }: Turn): void {
    const { symbolId, symbol, side, setup, score } = signal;
    this.#outcomes.set(receipt.outcome, (this.#outcomes.get(receipt.outcome) ?? 0) + 1);
    commands.push({
      type: "decided",
      decision: { timeMs: nowMs, symbolId, symbol, side, setup, score, receipt },
    });
  }

  #groundOf(signal: Signal, standing: Standing, moment: Moment): ReviewGround {
    const { modelFactor, proof } = moment;
    const { equity, governors, longs, shorts } = standing;
    // A score of the model before is none that this card speaks of.
    const winProbability = signal.scorerId === proof?.scorerId ? moment.winProbability : null;
    return {
      obstacles: {
        ...this.#obstacles(signal.symbolId, standing, moment),
        UNPROVEN_LIVE: this.#holdings.options.refusesUnproven && winProbability === null,
      },
      equity,
      sameSideCount: signal.side > 0 ? longs : shorts,
      governors,
      modelFactor,
      winProbability,
    };
  }

  /** The one entry that is to show whether stops stand is under way. */
  #isProbeOut(): boolean {
    return this.#holdings.isProbing && this.#holdings.openTrades().some(isUnguarded);
  }

  /** Its plan could hold it until it would have to be left for the symbol's delivery. */
  #isEnding(symbolId: SymbolId, nowMs: number): boolean {
    const holdMs = this.#holdings.options.plan.holdBarsMax * MINUTE_MS;
    return nowMs > this.#holdings.deliveryMs(symbolId) - DELIST_EXIT_MS - holdMs;
  }

  #obstacles(symbolId: SymbolId, standing: Standing, { refusal, turn: { nowMs } }: Moment): Obstacles {
    const { isInactive, isPaused, isThrottled, governors } = standing;
    return {
      STATE_NOT_ACTIVE: isInactive || refusal === "STATE_NOT_ACTIVE",
      MODEL_OBSERVED: refusal === "MODEL_OBSERVED",
      SIGNAL_STALE: refusal === "SIGNAL_STALE",
      FEED_STALE: refusal === "FEED_STALE",
      CLOCK_DOUBTFUL: this.#holdings.isClockDoubtful,
      SYMBOL_BLOCKED: this.#books.isObscure(symbolId, nowMs) || this.#isEnding(symbolId, nowMs),
      POSITION_OPEN: this.#holdings.portfolio.position(symbolId) !== null,
      // What still rests or flies of a former trade could close the next one.
      ORDER_PENDING: this.#holdings.trades.has(symbolId) || this.#orders.hasOpen(symbolId),
      SYMBOL_LOCKED:
        nowMs < Math.max(this.#pace.lockedUntilMs(symbolId), this.#holdings.blockedUntilMs(symbolId)),
      STREAK_PAUSE: isPaused,
      ENTRY_THROTTLE: isThrottled,
      DAILY_LOSS: governors.isDayStopped,
    };
  }
}

function isUnguarded({ phase }: Trade): boolean {
  return phase === "entering" || phase === "naked";
}

function rankOf({ score, symbolId }: Signal, c: number): Ranked {
  return { score, symbolId, c: Number.isFinite(c) ? c : null };
}

function intentOf(
  signal: Signal,
  symbol: TradedSymbol,
  {
    quote,
    plan,
    measuredSlippageRatio,
  }: { readonly quote: Quote; readonly plan: TradePlanParameters; readonly measuredSlippageRatio: number },
): EntryIntent {
  const { symbolId, side, score, invalidationPrice, atr, medianTurnover } = signal;
  return {
    symbolId,
    symbol: symbol.symbol,
    side,
    score,
    invalidationPrice,
    atr,
    medianTurnover,
    // What takes meets the other side; what rests stands beside its own.
    quote: side > 0 === (plan.entry.kind === "market") ? quote.ask : quote.bid,
    plan,
    rules: symbol.rules,
    fees: symbol.fees,
    measuredSlippageRatio,
    fundingLoss: 0,
  };
}

function openTrade(
  { signal, symbol }: Candidate,
  receipt: PricedReceipt,
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
    isResting: order.type === "limit",
    approvedSteps: order.qtySteps,
    riskRatio: (order.qtySteps * symbol.rules.stepSize * unit.loss) / equity,
    boundBy: size?.boundBy ?? "risk",
  });
}
