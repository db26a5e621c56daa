import type { FeeRates, Fill, Income, TradingRules } from "@smcq/exchange";
import { MINUTE_MS, type SymbolId } from "@smcq/kernel";
import { Portfolio } from "@smcq/portfolio";
import { SlippageBook } from "@smcq/risk";
import type { TradingOptions } from "../options.ts";
import { ENGINE_ID_LENGTH } from "./order-ids.ts";
import type { Trade } from "./trade.ts";
import type { HaltReason, Quote, ReduceReason, TradingState } from "./trading-events.ts";

/** Best prices that were told longer ago price nothing, monotonic ms: they are those of another signal. */
export const QUOTE_AGE_MS_MAX = 15_000;
/** Inside it, failures of protection add up. */
export const PROTECTION_WINDOW_MS = 600_000;
/** Around its funding time the venue may take a position for held that was closed or opened so long before or after. */
const FUNDING_SLACK_MS = 15_000;
/** Numbers of orders and intents that a process may have given, and its journal never got. */
const LOST_NUMBERS_MAX = 1_000;
/** Closed trades whose late payments are still theirs. */
const CLOSED_MAX = 64;
/** Payments that wait for their trade's fills. */
const UNASSIGNED_MAX = 64;
const DAY_MS = 1_440 * MINUTE_MS;

/** A symbol that may be traded. */
export interface TradedSymbol {
  readonly symbol: string;
  readonly rules: TradingRules;
  readonly fees: FeeRates;
  /** When the venue delivers it, venue ms; absent: it has told of no end. */
  readonly deliveryMs?: number;
}

/** What the stages share: read by all, each part written by one. */
export class Holdings {
  readonly portfolio: Portfolio;
  readonly slippage: SlippageBook = new SlippageBook();
  /** The venue's wallet is another one than the books', and nobody has said why. */
  isWalletDoubtful = false;
  /** The account's words come again, and what they left out has not been held against the venue yet. */
  isUnchecked = false;
  /** Nobody can rely on the venue's time as we reckon it: nothing is entered. */
  isClockDoubtful = false;
  /** Our own orders are acked, and nobody tells of them. */
  isStreamSilent = false;
  /** The venue takes no stop with a quantity, as long as this run lasts (EX41). */
  isStopFormWhole = false;
  #options: TradingOptions;
  /** Whose orders are ours: those of the processes before are too. */
  readonly #engineIds = new Set<string>();
  readonly #trades = new Map<SymbolId, Trade>();
  /** The same by symbol number, made when somebody asks. */
  #openTrades: readonly Trade[] | null = null;
  readonly #symbols = new Map<SymbolId, TradedSymbol>();
  /** The last closed trades, for payments that are told late. */
  readonly #closed: Trade[] = [];
  readonly #corrected = new Set<Trade>();
  /** Payments of which nobody knows a trade: its fills may be told later. */
  readonly #unassigned: Income[] = [];
  readonly #quotes = new Map<SymbolId, Quote & { readonly atNs: number }>();
  readonly #haltReasons = new Set<HaltReason>();
  readonly #reduceReasons = new Set<ReduceReason>();
  readonly #blockedUntilMs = new Map<SymbolId, number>();
  readonly #unprotected = new Map<string, number>();
  readonly #leverages = new Map<SymbolId, number>();
  /** Protection has failed again and again: one entry has to show that stops stand. */
  #mustProbe = false;
  #reasonsVersion = 0;
  #intents = 0;

  constructor(options: TradingOptions) {
    this.#options = options;
    this.#engineIds.add(options.engineId);
    this.portfolio = new Portfolio(options.startWalletE8);
  }

  get options(): TradingOptions {
    return this.#options;
  }

  /** The order was sent by this process, or by one before that it goes on with. */
  isOwn(clientOrderId: string): boolean {
    return this.#engineIds.has(clientOrderId.slice(0, ENGINE_ID_LENGTH));
  }

  /** How long a position may stand without a confirmed stop. */
  get protectMs(): number {
    return Math.max(this.options.protocol.protectMs, 2 * this.options.wordFloorMs);
  }

  /** How long an exit waits for the target's end. */
  get targetEndMs(): number {
    return Math.max(this.options.protocol.targetEndMs, this.options.wordFloorMs);
  }

  addSymbol(symbolId: SymbolId, symbol: TradedSymbol): void {
    this.#symbols.set(symbolId, symbol);
    this.portfolio.setRules(symbolId, symbol.rules);
  }

  symbol(symbolId: SymbolId): TradedSymbol | null {
    return this.#symbols.get(symbolId) ?? null;
  }

  /** When the venue delivers the symbol, venue ms; Infinity: it has told of no end. */
  deliveryMs(symbolId: SymbolId): number {
    return this.#symbols.get(symbolId)?.deliveryMs ?? Number.POSITIVE_INFINITY;
  }

  /** Every symbol that was ever told of, by number. */
  symbols(): Iterable<[SymbolId, TradedSymbol]> {
    return this.#symbols.entries();
  }

  setQuote(quote: Quote, nowNs: number): void {
    this.#quotes.set(quote.symbolId, { ...quote, atNs: nowNs });
  }

  /** Null: nobody has told it for this moment. */
  quote(symbolId: SymbolId, nowNs: number): Quote | null {
    const quote = this.#quotes.get(symbolId);
    return quote === undefined || nowNs > quote.atNs + QUOTE_AGE_MS_MAX * 1e6 ? null : quote;
  }

  /** Takes a payment, of its symbol's trade too; false when it had been taken before. */
  bookIncome(income: Income): boolean {
    if (!this.portfolio.applyIncome(income)) return false;
    if (income.type !== "funding" || income.symbolId === null) return true;
    if (this.#assign(income)) return true;
    this.#unassigned.push(income);
    if (this.#unassigned.length > UNASSIGNED_MAX) this.#unassigned.shift();
    return true;
  }

  /** A fill was told: payments of the symbol that were told before it may be of its trade. */
  assignPayments(symbolId: SymbolId): void {
    if (this.#unassigned.length === 0) return;
    const left = this.#unassigned.filter((income) => income.symbolId !== symbolId || !this.#assign(income));
    this.#unassigned.splice(0, this.#unassigned.length, ...left);
  }

  /** False: no trade is known that was held then. */
  #assign({ symbolId, timeMs, amountE8 }: Income): boolean {
    const trade = symbolId === null ? null : this.#heldAt(symbolId, timeMs);
    if (trade === null) return false;
    trade.fundingE8 += amountE8;
    if (trade.phase === "closed") this.#corrected.add(trade);
    return true;
  }

  /** The trade of the symbol that was held then: exactly, or as closely as the venue takes its funding time. */
  #heldAt(symbolId: SymbolId, timeMs: number): Trade | null {
    const open = this.trades.get(symbolId);
    const own = this.#closed.filter((trade) => trade.symbolId === symbolId);
    const known = open === undefined || open.entryMs === 0 ? own : [...own, open];
    for (const slackMs of [0, FUNDING_SLACK_MS]) {
      const found = known.findLast(
        (trade) => trade.entryMs <= timeMs + slackMs && (trade === open || timeMs - slackMs <= trade.exitMs),
      );
      if (found !== undefined) return found;
    }
    return null;
  }

  /** What a row stood for that had closed the symbol's last trade was told: its money is another one. Null: it is not kept. */
  amendClosed({ symbolId, timeMs, feeE8 }: Fill, realisedE8: bigint): Trade | null {
    const own = this.#closed.filter((one) => one.symbolId === symbolId);
    const trade = own.at(-1);
    if (trade === undefined) return null;
    trade.realisedE8 += realisedE8;
    trade.feesE8 += feeE8;
    // It was held before anybody knew: payments of that time are its own.
    if (timeMs > (own.at(-2)?.exitMs ?? 0)) trade.entryMs = Math.min(trade.entryMs, timeMs);
    this.#corrected.add(trade);
    return trade;
  }

  /** Closed trades to which a payment was added since the last call. */
  takeCorrected(): readonly Trade[] {
    if (this.#corrected.size === 0) return [];
    const corrected = [...this.#corrected];
    this.#corrected.clear();
    return corrected;
  }

  /** The venue has told how many times the margin a position of the symbol may be. */
  setLeverage(symbolId: SymbolId, leverage: number): void {
    this.#leverages.set(symbolId, leverage);
    const trade = this.trades.get(symbolId);
    if (trade !== undefined) trade.leverage = leverage;
  }

  /** What was told of a symbol's leverage may not be so any more. */
  forgetLeverage(symbolId: SymbolId): void {
    this.#leverages.delete(symbolId);
  }

  forgetLeverages(): void {
    this.#leverages.clear();
  }

  /** Nothing is entered in the symbol until then. */
  block(symbolId: SymbolId, untilMs: number): void {
    this.#blockedUntilMs.set(symbolId, Math.max(untilMs, this.blockedUntilMs(symbolId)));
  }

  /** Nothing is entered in the symbol before the next UTC day. */
  blockForDay(symbolId: SymbolId, nowMs: number): void {
    this.block(symbolId, (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS);
  }

  blockedUntilMs(symbolId: SymbolId): number {
    return this.#blockedUntilMs.get(symbolId) ?? 0;
  }

  /** As the venue has told it; null: it has not. */
  leverage(symbolId: SymbolId): number | null {
    return this.#leverages.get(symbolId) ?? null;
  }

  /** Trades that are not closed, at most one a symbol. */
  get trades(): ReadonlyMap<SymbolId, Trade> {
    return this.#trades;
  }

  /** From now on the symbol has this trade. */
  keepTrade(trade: Trade): void {
    this.#trades.set(trade.symbolId, trade);
    this.#openTrades = null;
  }

  dropTrade(trade: Trade): void {
    this.#trades.delete(trade.symbolId);
    if (trade.exitReason !== null) this.#closed.push(trade);
    if (this.#closed.length > CLOSED_MAX) this.#closed.shift();
    this.#openTrades = null;
  }

  /** Open trades by symbol number. */
  openTrades(): readonly Trade[] {
    this.#openTrades ??= [...this.#trades.values()].sort((a, b) => a.symbolId - b.symbolId);
    return this.#openTrades;
  }

  /** The number that was given last; 0: none. */
  get lastIntent(): number {
    return this.#intents;
  }

  /** No number that the process before may have given is given again: an id is one order's, for ever. */
  restarted(options: TradingOptions): void {
    this.isClockDoubtful = false;
    // Their age is by another clock.
    this.#quotes.clear();
    this.#options = options;
    this.#engineIds.add(options.engineId);
    this.#intents += LOST_NUMBERS_MAX;
    for (const trade of this.#trades.values()) trade.attempts += LOST_NUMBERS_MAX;
  }

  nextIntent(): number {
    return ++this.#intents;
  }

  /** A protection of a trade has failed; the same one counts once. */
  unprotected(what: string, nowMs: number): void {
    if (this.#unprotected.has(what)) return;
    this.#unprotected.set(what, nowMs);
    // The one entry that was to show it has shown the contrary (EX31).
    if (this.isProbing) this.halt("protection");
    for (const [other, atMs] of this.#unprotected)
      if (atMs <= nowMs - PROTECTION_WINDOW_MS) this.#unprotected.delete(other);
  }

  /** Protections that have failed inside the window. */
  unprotectedCount(nowMs: number): number {
    let count = 0;
    for (const atMs of this.#unprotected.values()) if (atMs > nowMs - PROTECTION_WINDOW_MS) count++;
    return count;
  }

  /** A stop stands. */
  protected(): void {
    if (this.isProbing) this.#mustProbe = false;
  }

  /** Too many protections have failed: nothing is entered for now, and then one entry at first. */
  failProtection(isGiven: boolean): void {
    this.#mustProbe ||= isGiven;
    this.reduce("protection", isGiven);
  }

  /** One entry has to show that stops stand, before others follow. */
  get isProbing(): boolean {
    return this.#mustProbe && !this.#reduceReasons.has("protection");
  }

  get state(): TradingState {
    if (this.#haltReasons.size > 0) return "HALTED";
    return this.#reduceReasons.size > 0 ? "REDUCING" : "ACTIVE";
  }

  /** Another number after any change of the reasons. */
  get reasonsVersion(): number {
    return this.#reasonsVersion;
  }

  get reasons(): readonly string[] {
    return [...new Set([...this.#haltReasons, ...this.#reduceReasons])];
  }

  /** Until a person resumes. */
  halt(reason: HaltReason): void {
    if (this.#haltReasons.has(reason)) return;
    this.#haltReasons.add(reason);
    this.#reasonsVersion++;
  }

  /** Whether this host may send: elsewhere another one may have the account, and whoever has it guards what is held. */
  get maySend(): boolean {
    return !this.#reduceReasons.has("account-lease");
  }

  /** Sets or takes back a reason to only reduce. */
  reduce(reason: ReduceReason, isGiven: boolean): void {
    if (this.#reduceReasons.has(reason) === isGiven) return;
    if (isGiven) this.#reduceReasons.add(reason);
    else this.#reduceReasons.delete(reason);
    this.#reasonsVersion++;
  }

  /** A person resumes: no reason to halt is left. */
  resume(): void {
    if (this.#haltReasons.size > 0) this.#reasonsVersion++;
    this.#haltReasons.clear();
    this.#unprotected.clear();
    this.#mustProbe = false;
  }
}
