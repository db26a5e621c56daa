import type { FeeRates, TradingRules } from "@smcq/exchange";
import { present, type SymbolId } from "@smcq/kernel";
import { Portfolio } from "@smcq/portfolio";
import type { RiskParameters } from "@smcq/risk";
import type { EntryPlan } from "@smcq/strategy";
import type { ProtocolLimits } from "./protocol.ts";
import type { Trade } from "./trade.ts";
import type { Quote, TradingState } from "./trading-events.ts";

export interface TradingOptions {
  /** Four characters that begin every client order id of this engine. */
  readonly engineId: string;
  readonly startWalletE8: bigint;
  readonly risk: RiskParameters;
  readonly protocol: ProtocolLimits;
  /** How plans are entered. */
  readonly entry: EntryPlan;
}

/** A symbol that may be traded. */
export interface TradedSymbol {
  readonly symbol: string;
  readonly rules: TradingRules;
  readonly fees: FeeRates;
}

/** What the stages share: read by all, each part written by one. */
export class Holdings {
  readonly options: TradingOptions;
  readonly portfolio: Portfolio;
  /** Trades that are not closed, at most one a symbol. */
  readonly trades: Map<SymbolId, Trade> = new Map<SymbolId, Trade>();
  readonly #symbols = new Map<SymbolId, TradedSymbol>();
  readonly #quotes = new Map<SymbolId, Quote>();
  readonly #haltReasons = new Set<string>();
  readonly #reduceReasons = new Set<string>();
  #intents = 0;

  constructor(options: TradingOptions) {
    this.options = options;
    this.portfolio = new Portfolio(options.startWalletE8);
  }

  addSymbol(symbolId: SymbolId, symbol: TradedSymbol): void {
    this.#symbols.set(symbolId, symbol);
    this.portfolio.setRules(symbolId, symbol.rules);
  }

  symbol(symbolId: SymbolId): TradedSymbol | null {
    return this.#symbols.get(symbolId) ?? null;
  }

  setQuote(quote: Quote): void {
    this.#quotes.set(quote.symbolId, quote);
  }

  quote(symbolId: SymbolId): Quote | null {
    return this.#quotes.get(symbolId) ?? null;
  }

  trade(symbolId: SymbolId): Trade {
    return present(this.trades.get(symbolId), "Invariant: a fill of ours belongs to a trade");
  }

  /** Open trades by symbol number. */
  openTrades(): readonly Trade[] {
    return [...this.trades.values()].sort((a, b) => a.symbolId - b.symbolId);
  }

  nextIntent(): number {
    return ++this.#intents;
  }

  get state(): TradingState {
    if (this.#haltReasons.size > 0) return "HALTED";
    return this.#reduceReasons.size > 0 ? "REDUCING" : "ACTIVE";
  }

  get reasons(): readonly string[] {
    return [...this.#haltReasons, ...this.#reduceReasons];
  }

  /** True when the state's reasons changed. */
  halt(reason: string): boolean {
    if (this.#haltReasons.has(reason)) return false;
    this.#haltReasons.add(reason);
    return true;
  }

  /** Sets or takes back a reason to only reduce; true when something changed. */
  reduce(reason: string, isGiven: boolean): boolean {
    if (this.#reduceReasons.has(reason) === isGiven) return false;
    if (isGiven) this.#reduceReasons.add(reason);
    else this.#reduceReasons.delete(reason);
    return true;
  }

  /** A person resumes: no reason to halt is left. */
  resume(): void {
    this.#haltReasons.clear();
  }
}
