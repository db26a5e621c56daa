import type { Refusal } from "@smcq/exchange";
import { type BinanceRest, parseExchangeInfo } from "@smcq/exchange-binance";
import {
  type Leverages,
  type MarginTypes,
  readCommissionRate,
  type SignedRest,
} from "@smcq/exchange-binance/trading";
import { type Clock, errorMessage, type Logger, MINUTE_MS, type SymbolId } from "@smcq/kernel";
import type { BookedSymbol, SymbolBook } from "./symbol-book.ts";

/** The venue's document is not read again before. */
const DOCUMENT_MS = 10 * MINUTE_MS;
const DOCUMENT_WEIGHT = 1;
/** Refusals by which the rules that we reckon with are not the venue's any more (EX15). */
const OF_RULES: ReadonlySet<Refusal> = new Set<Refusal>(["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"]);

export interface SymbolFactsOptions {
  readonly book: SymbolBook;
  readonly signed: SignedRest;
  readonly leverages: Leverages;
  readonly marginTypes: MarginTypes;
  readonly rest: BinanceRest;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What a venue tells of a symbol beside its listing at the start: its leverage, which is known by then, and the account's fees,
 * asked once, when the symbol is met; its rules again when an order does not fit them. Whatever fails leaves what was known.
 */
export class SymbolFacts {
  readonly #options: SymbolFactsOptions;
  /** One question after the other: they weigh much, and are never urgent. */
  #asked: Promise<void> = Promise.resolve();
  #documentMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: SymbolFactsOptions) {
    this.#options = options;
    options.book.follow((symbol) => this.#met(symbol));
    options.leverages.onRead = () => {
      for (const symbol of options.book.met()) this.#tellLeverage(symbol);
    };
  }

  /** An order was refused: were it for the symbol's rules, these are read again. */
  onRefused(symbolId: SymbolId, code: Refusal): void {
    const nowMs = this.#options.clock.nowMs();
    if (!OF_RULES.has(code) || nowMs < this.#documentMs + DOCUMENT_MS) return;
    this.#documentMs = nowMs;
    this.#ask(`rules after ${code}`, async () => {
      await this.#readRules(symbolId);
    });
  }

  /** Nothing is asked or told any more. */
  close(): void {
    this.#isClosed = true;
  }

  #met(met: BookedSymbol): void {
    const { book, signed } = this.#options;
    const { symbolId, symbol } = met;
    this.#tellLeverage(met);
    this.#ask(`fees of ${symbol}`, async () => {
      const fees = await readCommissionRate(signed, symbol);
      if (!this.#isClosed) book.setFees(symbolId, fees);
    });
  }

  /** An entry in a symbol that has its leverage already waits for nothing; with the margin type, the leverage is set again. */
  #tellLeverage({ symbolId, symbol }: BookedSymbol): void {
    const { book, leverages, marginTypes } = this.#options;
    const leverage = leverages.of(symbol);
    if (leverage !== null && marginTypes.has(symbol) && !this.#isClosed) book.setLeverage(symbolId, leverage);
  }

  async #readRules(refusedId: SymbolId): Promise<void> {
    const { book, rest, logger } = this.#options;
    const options = { weight: DOCUMENT_WEIGHT, read: parseExchangeInfo };
    const { instruments } = await rest.get("/fapi/v1/exchangeInfo", {}, options);
    if (this.#isClosed) return;
    book.relist(instruments, logger, book.byId(refusedId)?.symbol);
  }

  #ask(what: string, work: () => Promise<void>): void {
    this.#asked = this.#asked.then(async () => {
      if (this.#isClosed) return;
      try {
        await work();
      } catch (error) {
        this.#options.logger.warn({ what, error: errorMessage(error) }, "the venue did not tell");
      }
    });
  }
}
