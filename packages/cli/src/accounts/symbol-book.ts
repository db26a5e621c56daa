import type { Inbox } from "@smcq/cluster";
import { type FeeRates, type TradingRules, tradingRules } from "@smcq/exchange";
import type { Instrument, Logger, SymbolId } from "@smcq/kernel";

/** A symbol that may be traded. */
export interface BookedSymbol {
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly rules: TradingRules;
  /** Those that the process before knew, or else the settings', until the account tells its own. */
  readonly fees: FeeRates;
  /** When the venue delivers it, venue ms; absent: it has told of no end. */
  readonly deliveryMs?: number;
}

/** The venue's date of delivery of a contract that stays. */
const NEVER_MS = 4_133_404_800_000;

export interface SymbolBookOptions {
  readonly inbox: Inbox;
  /** What the venue lists at the start, by symbol. */
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly fees: FeeRates;
  /** The number of a symbol that is watched; null: it is not. */
  readonly idOf: (symbol: string) => SymbolId | null;
  /** Something of it is held, rests or is under way; absent: nothing ever is. */
  readonly isOpen?: (symbolId: SymbolId) => boolean;
  /** Symbols that the process before has traded: also those that are watched, or listed, no more. */
  readonly before?: ReadonlyMap<string, BookedSymbol>;
}

/**
 * The symbols of a run by number and name, with the rules that the venue lists them with. The core is told of each when it
 * is met first, by a signal or by a word of the account, and before that word; and again when its rules or fees change. One
 * that is watched no more (halted, delisted) is still known: what is held of it is told of as before.
 */
export class SymbolBook {
  readonly #options: SymbolBookOptions;
  readonly #met = new Map<SymbolId, BookedSymbol>();
  /** What the venue lists, as far as it was told; of what was met its rules hold. */
  readonly #listed: Map<string, Instrument>;
  /** The number that each was met by last. */
  readonly #ids = new Map<string, SymbolId>();
  #onMet: (symbol: BookedSymbol) => void = () => {};
  /** What was told of symbols that are counted otherwise. */
  readonly #recounted = new Set<string>();

  constructor(options: SymbolBookOptions) {
    this.#options = options;
    this.#listed = new Map(options.instruments);
  }

  /** One listener hears of each symbol that is met from now on, before the core does. */
  follow(onMet: (symbol: BookedSymbol) => void): void {
    this.#onMet = onMet;
  }

  /** Null: never met. */
  byId(symbolId: SymbolId): BookedSymbol | null {
    return this.#met.get(symbolId) ?? null;
  }

  /** Null: neither watched nor ever met, or not listed. */
  bySymbol(symbol: string): BookedSymbol | null {
    const symbolId = this.#idOf(symbol);
    if (symbolId === null) return null;
    return this.#met.get(symbolId) ?? this.#meet(symbolId, symbol);
  }

  /** One that comes back is watched by another number: what is open of it goes by the one before until it is over. */
  #idOf(symbol: string): SymbolId | null {
    const { idOf, isOpen, before } = this.#options;
    const metId = this.#ids.get(symbol);
    const watchedId = idOf(symbol);
    if (metId !== undefined && (watchedId === null || isOpen?.(metId) === true)) return metId;
    return watchedId ?? before?.get(symbol)?.symbolId ?? null;
  }

  #meet(symbolId: SymbolId, symbol: string): BookedSymbol | null {
    const fees = this.#options.before?.get(symbol)?.fees ?? this.#options.fees;
    const rules = this.#rulesOf(symbol);
    if (rules === null) return null;
    const met = { symbolId, symbol, rules, fees, ...this.#endOf(symbol) };
    this.#met.set(symbolId, met);
    this.#ids.set(symbol, symbolId);
    this.#onMet(met);
    this.#tell(met);
    return met;
  }

  /** As the venue lists them now; else as they were last known. */
  #rulesOf(symbol: string): TradingRules | null {
    const instrument = this.#listed.get(symbol);
    return instrument === undefined
      ? (this.#options.before?.get(symbol)?.rules ?? null)
      : rulesOf(instrument);
  }

  #endOf(symbol: string): Pick<BookedSymbol, "deliveryMs"> {
    return endOf(this.#listed.get(symbol) ?? this.#options.before?.get(symbol));
  }

  /** What the account pays for trades in a symbol is known: the core reckons with it from now on. */
  setFees(symbolId: SymbolId, fees: FeeRates): void {
    const met = this.#met.get(symbolId);
    if (met === undefined) return;
    const { takerRatio, makerRatio } = met.fees;
    if (takerRatio !== fees.takerRatio || makerRatio !== fees.makerRatio) this.#change({ ...met, fees });
  }

  /** Every symbol that was met. */
  met(): Iterable<BookedSymbol> {
    return this.#met.values();
  }

  /** The account has told which leverage a symbol has. */
  setLeverage(symbolId: SymbolId, leverage: number): void {
    this.#options.inbox.put({ type: "leverage", symbolId, leverage });
  }

  /**
   * The venue lists a symbol, or by other rules. Bounds, and its end, hold from now on. False: its tick or step is another
   * one, by which nothing that is held or under way is counted: that takes another run.
   */
  renew(instrument: Instrument): boolean {
    const met = this.#symbolOf(instrument.symbol);
    if (met === null) {
      this.#listed.set(instrument.symbol, instrument);
      return true;
    }
    const listed = rulesOf(instrument);
    const isRecounted = listed.tickE8 !== met.rules.tickE8 || listed.stepE8 !== met.rules.stepE8;
    const rules = isRecounted ? met.rules : listed;
    const end = endOf(instrument);
    const isSame =
      rules.minQtySteps === met.rules.minQtySteps &&
      rules.marketMaxQty === met.rules.marketMaxQty &&
      rules.minNotional === met.rules.minNotional &&
      end.deliveryMs === met.deliveryMs;
    const { symbolId, symbol, fees } = met;
    if (!isSame) this.#change({ symbolId, symbol, rules, fees, ...end });
    return !isRecounted;
  }

  /** The venue lists these now; `refused`: it has just refused an order of this symbol. */
  relist(instruments: Iterable<Instrument>, logger: Logger, refused?: string): void {
    for (const instrument of instruments) {
      if (this.renew(instrument)) continue;
      const { symbol, tickSize, marketStepSize } = instrument;
      const fields = { symbol, tickSize, stepSize: marketStepSize, isRefused: refused === symbol };
      // Once: the list is looked through each hour, and with each news of any symbol.
      const told = JSON.stringify(fields);
      if (this.#recounted.has(told)) continue;
      this.#recounted.add(told);
      logger.error(
        fields,
        "the venue counts this symbol in another tick or step: it is traded by the old one until the next start",
      );
    }
  }

  #symbolOf(symbol: string): BookedSymbol | null {
    const symbolId = this.#idOf(symbol);
    return symbolId === null ? null : this.byId(symbolId);
  }

  #change(met: BookedSymbol): void {
    this.#met.set(met.symbolId, met);
    this.#tell(met);
  }

  #tell(met: BookedSymbol): void {
    this.#options.inbox.put({ type: "instrument", ...met });
  }
}

/** A symbol's end as a field; none where the venue dates none. */
function endOf(symbol: Pick<BookedSymbol, "deliveryMs"> | undefined): Pick<BookedSymbol, "deliveryMs"> {
  const deliveryMs = symbol?.deliveryMs ?? 0;
  return deliveryMs > 0 && deliveryMs < NEVER_MS ? { deliveryMs } : {};
}

/** The rules of a market order, as the venue lists them. */
export function rulesOf(instrument: Instrument): TradingRules {
  const {
    symbol,
    tickSize,
    marketStepSize: stepSize,
    marketMinQty: minQty,
    marketMaxQty,
    minNotional,
  } = instrument;
  return tradingRules({ symbol, tickSize, stepSize, minQty, marketMaxQty, minNotional });
}
