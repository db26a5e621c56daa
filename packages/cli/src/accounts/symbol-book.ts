import type { Inbox } from "@smcq/cluster";
import { type FeeRates, type TradingRules, tradingRules } from "@smcq/exchange";
import type { Instrument, SymbolId } from "@smcq/kernel";

/** A symbol that may be traded. */
export interface BookedSymbol {
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly rules: TradingRules;
}

export interface SymbolBookOptions {
  readonly inbox: Inbox;
  /** What the venue lists, by symbol. */
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly fees: FeeRates;
  /** The number of a symbol that is watched; null: it is not. */
  readonly idOf: (symbol: string) => SymbolId | null;
  /** Symbols that the process before has traded: also those that are watched, or listed, no more. */
  readonly before?: ReadonlyMap<string, BookedSymbol>;
}

/**
 * The symbols of a run by number and name, with the rules that the venue lists them with. The core is told of each when it
 * is met first, by a signal or by a word of the account, and before that word.
 */
export class SymbolBook {
  readonly #options: SymbolBookOptions;
  readonly #met = new Map<SymbolId, BookedSymbol>();
  #onMet: (symbol: BookedSymbol) => void = () => {};

  constructor(options: SymbolBookOptions) {
    this.#options = options;
  }

  /** One listener hears of each symbol that is met from now on, before the core does. */
  follow(onMet: (symbol: BookedSymbol) => void): void {
    this.#onMet = onMet;
  }

  /** Null: never met. */
  byId(symbolId: SymbolId): BookedSymbol | null {
    return this.#met.get(symbolId) ?? null;
  }

  /** Null: not watched, or not listed. */
  bySymbol(symbol: string): BookedSymbol | null {
    const symbolId = this.#options.idOf(symbol) ?? this.#options.before?.get(symbol)?.symbolId ?? null;
    if (symbolId === null) return null;
    return this.#met.get(symbolId) ?? this.#meet(symbolId, symbol);
  }

  #meet(symbolId: SymbolId, symbol: string): BookedSymbol | null {
    const { fees, inbox } = this.#options;
    const rules = this.#rulesOf(symbol);
    if (rules === null) return null;
    const met = { symbolId, symbol, rules };
    this.#met.set(symbolId, met);
    this.#onMet(met);
    inbox.put({ type: "instrument", symbolId, symbol, rules, fees });
    return met;
  }

  /** As the venue lists them now; else as they were last known. */
  #rulesOf(symbol: string): TradingRules | null {
    const { instruments, before } = this.#options;
    const instrument = instruments.get(symbol);
    if (instrument === undefined) return before?.get(symbol)?.rules ?? null;
    const {
      tickSize,
      marketStepSize: stepSize,
      marketMinQty: minQty,
      marketMaxQty,
      minNotional,
    } = instrument;
    return tradingRules({ symbol, tickSize, stepSize, minQty, marketMaxQty, minNotional });
  }
}
