import {
  cloneSymbol,
  MarketData,
  MarketFaults,
  passesUniverseFilter,
  type FlatRule,
  type MarketSymbol,
  type VenueSymbol,
} from "@smcq/exchange-sim";
import { SmcqError } from "@smcq/kernel";
import type { SimSettings } from "./options.ts";
import type { VenueTime } from "./venue-time.ts";

interface FlatSegment {
  readonly fromMinute: number;
  readonly rule: FlatRule;
}

interface Halt {
  readonly symbolKey: number;
  readonly fromMinute: number;
  toMinute: number;
}

/** Told when the venue announces a change of a symbol (`!contractInfo`). */
export type ContractListener = (symbol: VenueSymbol) => void;

/** What the venue lists at the moment, and the market behind it. */
export class Venue {
  readonly market: MarketData;
  readonly settings: SimSettings;
  readonly time: VenueTime;
  faults: MarketFaults;
  readonly #contractListeners: ContractListener[] = [];
  readonly #listed = new Map<string, VenueSymbol>();
  readonly #lastMinutes = new Map<number, number>();
  readonly #flatSegments: FlatSegment[] = [];
  readonly #halts: Halt[] = [];
  #isFlowing: boolean[] = [];

  constructor(settings: SimSettings, time: VenueTime) {
    this.settings = settings;
    this.time = time;
    this.faults = new MarketFaults(settings.seed, settings.faults);
    this.#flatSegments.push({
      fromMinute: settings.startMinute,
      rule: this.faults.flatRule(settings.startMinute),
    });
    this.market = new MarketData({
      seed: settings.seed,
      symbols: settings.symbols,
      isLooped: settings.loop,
      startMs: time.marketStartMs,
      flatRule: (symbolKey, minute) => this.#flatFrom(symbolKey, minute),
    });
    if (!settings.loop && settings.startMinute >= this.market.minuteCount)
      throw new SmcqError(
        "SIM_OPTION",
        `startMinute must lie before the end of the data (${this.market.minuteCount})`,
      );
    for (const symbol of this.market.universe.symbols) this.#put(symbol);
  }

  /** `listener` hears of every change of a symbol that is announced from now on. */
  followContracts(listener: ContractListener): void {
    this.#contractListeners.push(listener);
  }

  #put(symbol: VenueSymbol): void {
    this.#listed.set(symbol.symbol, symbol);
    const known = this.market.find(symbol.symbol);
    if (known !== null) this.#isFlowing[known.index] = symbol.status === "TRADING";
  }

  // History stays as it was served: a new plan or halt counts from a later minute on.
  #flatFrom(symbolKey: number, minute: number): number {
    for (const halt of this.#halts)
      if (halt.symbolKey === symbolKey && minute >= halt.fromMinute && minute < halt.toMinute)
        return this.#flatFrom(symbolKey, halt.fromMinute - 1) >= 0
          ? this.#flatFrom(symbolKey, halt.fromMinute - 1)
          : halt.fromMinute;
    for (let index = this.#flatSegments.length - 1; index >= 0; index--) {
      const segment = this.#flatSegments[index] as FlatSegment;
      if (minute >= segment.fromMinute) return segment.rule(symbolKey, minute);
    }
    return -1;
  }

  /** The minute that is forming now. */
  currentMinute(): number {
    return this.market.minuteAt(this.time.clock.nowMs());
  }

  /** Replaces the fault plan; what has been served stays. Throws SmcqError `SIM_FAULTS`. */
  setFaults(text: string): void {
    this.faults = new MarketFaults(this.settings.seed, text);
    const fromMinute = this.currentMinute() + 1;
    this.#flatSegments.push({ fromMinute, rule: this.faults.flatRule(fromMinute) });
  }

  /** Symbols of the document, in its order. */
  listed(): Iterable<VenueSymbol> {
    return this.#listed.values();
  }

  /** A symbol of the document, or null. */
  find(symbol: string): VenueSymbol | null {
    return this.#listed.get(symbol) ?? null;
  }

  /** True when trades of the symbol make klines. */
  isFlowing(index: number): boolean {
    return this.#isFlowing[index] === true;
  }

  /** True when the venue has a bar of the symbol for this minute. */
  hasBar(symbol: MarketSymbol, minute: number): boolean {
    const last = this.#lastMinutes.get(symbol.index);
    return this.market.hasBar(symbol, minute) && (last === undefined || minute <= last);
  }

  /** The exchangeInfo document as text. */
  document(): string {
    return JSON.stringify({
      ...this.market.universe,
      serverTime: this.time.clock.nowMs(),
      rateLimits: this.market.universe.rateLimits.map((limit) =>
        limit.rateLimitType === "REQUEST_WEIGHT" ? { ...limit, limit: this.settings.weightLimit } : limit,
      ),
      symbols: [...this.#listed.values()],
    });
  }

  /** The document says another largest quantity of a symbol's market orders; nobody is told. */
  setMarketMax(name: string, maxQty: string): void {
    const symbol = this.#known(name);
    const filters = symbol.filters.map((filter) =>
      filter.filterType === "MARKET_LOT_SIZE" ? { ...filter, maxQty } : filter,
    );
    this.#put({ ...symbol, filters });
  }

  #announce(symbol: VenueSymbol): void {
    this.#put(symbol);
    for (const listener of this.#contractListeners) listener(symbol);
  }

  /** Lists a symbol that trades from `firstMinute` on, the next one by default; refuses a listed name (SmcqError `SIM_UNIVERSE`). */
  list(name: string, firstMinute: number = this.currentMinute() + 1): void {
    const template = [...this.#listed.values()].find(passesUniverseFilter);
    if (template === undefined) throw new SmcqError("SIM_UNIVERSE", "no symbol serves as a template");
    const symbol = cloneSymbol(template, { symbol: name, onboardDate: this.time.clock.nowMs() });
    this.market.addSymbol(symbol, firstMinute);
    this.#announce(symbol);
  }

  /** Announces the end of a symbol at `deliveryMs` (venue time): the date only, it trades on. */
  announceDelisting(name: string, deliveryMs: number): void {
    this.#announce({ ...this.#known(name), deliveryDate: deliveryMs });
  }

  /** Ends a symbol now: SETTLING, no further bar. */
  delist(name: string): void {
    const symbol = this.#known(name);
    const known = this.market.find(name);
    if (known !== null) this.#lastMinutes.set(known.index, this.currentMinute() - 1);
    const deliveryDate = Math.min(symbol.deliveryDate, this.time.clock.nowMs());
    this.#announce({ ...symbol, status: "SETTLING", deliveryDate });
  }

  /** Halts or resumes a symbol: no trades from the next minute on, status TRADING_HALT. */
  setHalted(name: string, isHalted: boolean): void {
    const symbol = this.#known(name);
    const known = this.market.find(name);
    if (known === null) return;
    const fromMinute = this.currentMinute() + 1;
    if (isHalted) {
      this.#halts.push({ symbolKey: known.symbolKey, fromMinute, toMinute: Infinity });
    } else {
      for (const halt of this.#halts)
        if (halt.symbolKey === known.symbolKey && halt.toMinute === Infinity) halt.toMinute = fromMinute;
    }
    this.#announce({ ...symbol, status: isHalted ? "TRADING_HALT" : "TRADING" });
  }

  #known(name: string): VenueSymbol {
    const symbol = this.#listed.get(name);
    if (symbol === undefined) throw new SmcqError("SIM_UNIVERSE", `${name} is not listed`);
    return symbol;
  }

  /** Names that pass the filter (docs/mission.md U1) now, in the document's order. */
  passing(): readonly string[] {
    return [...this.#listed.values()].filter(passesUniverseFilter).map((symbol) => symbol.symbol);
  }
}
