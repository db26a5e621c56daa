import { BAR_FIELDS, hashText, MINUTE_MS, SmcqError, type FlatBars } from "@smcq/kernel";
import { loadBundle, type MarketBundle } from "../bundle/load.ts";
import { unit4 } from "../hash.ts";
import { createGrid, type Grid } from "./grid.ts";
import { createCell, formKline, type KlineCell, type PathContext } from "./path.ts";
import {
  createDerivedView,
  createOwnView,
  drawDerivation,
  fitsGrid,
  type SeriesView,
} from "./series-view.ts";
import { createUniverse, filterOf, SYMBOLS_MAX, type VenueSymbol, type VenueUniverse } from "./universe.ts";

/** A symbol of the simulated market; `index` is its place in `MarketData.symbols`. */
export interface MarketSymbol {
  readonly index: number;
  readonly symbol: string;
  /** Stable number of the name: seeds of chance hang on it, not on the index. */
  readonly symbolKey: number;
  readonly grid: Grid;
  /** True when the bars come from another symbol's by the documented transformation. */
  readonly isDerived: boolean;
  /** First minute that has a bar (a symbol listed during the run has no history). */
  readonly firstMinute: number;
  readonly view: SeriesView;
}

/** Says whether a symbol has no trades in a minute and, if so, from which minute on; -1 when it trades. */
export type FlatRule = (symbolKey: number, minute: number) => number;

export interface MarketOptions {
  /** Seed of derived series and of the paths inside bars; default 1. */
  readonly seed?: number;
  /** How many symbols pass the filter of docs/mission.md U1; default 297, 1..10,000. */
  readonly symbols?: number;
  /** True: after the last minute the bars start over (real series jump there, as after a gap). */
  readonly isLooped?: boolean;
  readonly flatRule?: FlatRule;
  /** Open time of minute 0, ms, a whole minute; default: when the bars were recorded. */
  readonly startMs?: number;
}

/**
 * Every final and forming kline of the simulated market, computed on demand from a few real series: any minute of
 * any symbol in constant time, equal for equal (seed, symbol, minute).
 */
export class MarketData {
  readonly seed: number;
  /** Open time of minute 0, ms. */
  readonly startMs: number;
  /** Minutes that have bars: 0..minuteCount-1 (with `isLooped`: any minute from 0 on). */
  readonly minuteCount: number;
  readonly isLooped: boolean;
  readonly universe: VenueUniverse;
  readonly #bundle: MarketBundle;
  readonly #symbols: MarketSymbol[] = [];
  readonly #indexBySymbol = new Map<string, number>();
  readonly #flatRule: FlatRule;
  readonly #previous: KlineCell = createCell();
  readonly #context: { -readonly [Key in keyof PathContext]: PathContext[Key] };

  constructor(options: MarketOptions = {}) {
    this.seed = (options.seed ?? 1) | 0;
    this.#bundle = loadBundle();
    this.startMs = options.startMs ?? this.#bundle.startMs;
    this.minuteCount = this.#bundle.minuteCount;
    this.isLooped = options.isLooped ?? false;
    this.#flatRule = options.flatRule ?? (() => -1);
    this.universe = createUniverse(options.symbols === undefined ? {} : { symbols: options.symbols });
    for (const symbol of this.universe.symbols) this.addSymbol(symbol);
    const [first] = this.#symbols;
    if (first === undefined) throw new SmcqError("SIM_UNIVERSE", "the universe is empty");
    this.#context = {
      grid: first.grid,
      seed: this.seed,
      symbolKey: 0,
      minute: 0,
      tradeUnits: 1,
      firstTradeId: 0,
    };
  }

  get symbols(): readonly MarketSymbol[] {
    return this.#symbols;
  }

  /** Adds a symbol whose first bar is `firstMinute` (default 0); returns it. A known name is refused. */
  addSymbol(venueSymbol: VenueSymbol, firstMinute = 0): MarketSymbol {
    const { symbol } = venueSymbol;
    if (this.#indexBySymbol.has(symbol)) throw new SmcqError("SIM_UNIVERSE", `${symbol} is listed already`);
    if (this.#symbols.length >= SYMBOLS_MAX + 200)
      throw new SmcqError("SIM_UNIVERSE", "too many symbols in one market");
    const price = filterOf(venueSymbol, "PRICE_FILTER");
    const grid = createGrid({
      tickSize: String(price["tickSize"]),
      minPrice: String(price["minPrice"]),
      maxPrice: String(price["maxPrice"]),
      stepSize: String(filterOf(venueSymbol, "LOT_SIZE")["stepSize"]),
    });
    const view = this.#createView(symbol, grid);
    const added: MarketSymbol = {
      index: this.#symbols.length,
      symbol,
      symbolKey: hashText(symbol),
      grid,
      isDerived: view.derivation !== null,
      firstMinute,
      view,
    };
    this.#symbols.push(added);
    this.#indexBySymbol.set(symbol, added.index);
    return added;
  }

  #createView(symbol: string, grid: Grid): SeriesView {
    const own = this.#bundle.series.find((series) => series.isOwn && series.symbol === symbol);
    if (own !== undefined && fitsGrid(own, grid)) return createOwnView(own, grid);
    const sources = this.#bundle.series;
    const derivation = drawDerivation({ symbol, grid, seed: this.seed, sources });
    const source = sources[derivation.sourceIndex];
    if (source === undefined) throw new SmcqError("BUNDLE_FORMAT", "the bundle has no series");
    return createDerivedView(source, derivation, grid);
  }

  /** Returns a symbol by name, or null. */
  find(symbol: string): MarketSymbol | null {
    return this.#symbols[this.#indexBySymbol.get(symbol) ?? -1] ?? null;
  }

  /** Returns a symbol by index; refuses one that does not exist. */
  at(index: number): MarketSymbol {
    const symbol = this.#symbols[index];
    if (symbol === undefined) throw new RangeError(`no symbol with index ${index}`);
    return symbol;
  }

  /** True when the symbol has a bar for this minute. */
  hasBar(symbol: MarketSymbol, minute: number): boolean {
    return minute >= symbol.firstMinute && (this.isLooped || minute < this.minuteCount);
  }

  /** Writes the final kline of a minute into `cell`; the minute must have a bar (`hasBar`). */
  bar(symbol: MarketSymbol, minute: number, cell: KlineCell): void {
    this.forming(symbol, minute, 1, cell);
  }

  /**
   * Writes the kline as it stands at `fraction` (0..1) of its minute into `cell`: see `formKline`. Before the first
   * trade it is flat at the previous close.
   */
  forming(symbol: MarketSymbol, minute: number, fraction: number, cell: KlineCell): void {
    this.#readFinal(symbol, minute, cell);
    const context = this.#context;
    context.grid = symbol.grid;
    context.symbolKey = symbol.symbolKey;
    context.minute = minute;
    // A typical trade is worth 40..400 USDT; ids start anywhere above 10^9, as on the venue.
    const draw = unit4(this.seed, symbol.symbolKey, 0x7472, 0);
    const notional = 40 * 10 ** draw;
    context.tradeUnits = (notional * symbol.grid.priceScale * symbol.grid.volumeScale) / cell.close;
    context.firstTradeId = 1_000_000_000 + Math.floor(7e9 * draw);
    formKline(cell, fraction, context);
    if (fraction < 1 && cell.volume === 0) this.#flattenToPrevious(symbol, minute, cell);
  }

  #flattenToPrevious(symbol: MarketSymbol, minute: number, cell: KlineCell): void {
    if (this.hasBar(symbol, minute - 1)) {
      this.#readFinal(symbol, minute - 1, this.#previous);
      cell.open = this.#previous.close;
    }
    cell.high = cell.low = cell.close = cell.open;
  }

  #readFinal(symbol: MarketSymbol, minute: number, cell: KlineCell): void {
    if (!this.hasBar(symbol, minute))
      throw new RangeError(`${symbol.symbol} has no bar for minute ${minute}`);
    const flatFrom = this.#flatRule(symbol.symbolKey, minute);
    if (flatFrom < 0) {
      symbol.view.read(minute % this.minuteCount, cell);
      return;
    }
    const lastTraded = Math.max(symbol.firstMinute, flatFrom - 1);
    symbol.view.read(lastTraded % this.minuteCount, cell);
    cell.open = cell.high = cell.low = cell.close;
    cell.volume = 0;
  }

  /** Returns closed bars `fromMinute..toMinute` (both included) in flat form: what the venue finally serves. */
  flatBars(symbol: MarketSymbol, fromMinute: number, toMinute: number): FlatBars {
    const first = Math.max(fromMinute, symbol.firstMinute);
    const last = this.isLooped ? toMinute : Math.min(toMinute, this.minuteCount - 1);
    const bars = new Float64Array(Math.max(0, last - first + 1) * BAR_FIELDS);
    const cell = createCell();
    for (let minute = first, at = 0; minute <= last; minute++, at += BAR_FIELDS) {
      this.#readFinal(symbol, minute, cell);
      bars[at] = this.startMs + minute * MINUTE_MS;
      bars[at + 1] = cell.open / symbol.grid.priceScale;
      bars[at + 2] = cell.high / symbol.grid.priceScale;
      bars[at + 3] = cell.low / symbol.grid.priceScale;
      bars[at + 4] = cell.close / symbol.grid.priceScale;
      bars[at + 5] = cell.volume / symbol.grid.volumeScale;
    }
    return bars;
  }

  /** Returns the minute whose open time is `openTimeMs` or earlier by less than a minute. */
  minuteAt(timeMs: number): number {
    return Math.floor((timeMs - this.startMs) / MINUTE_MS);
  }

  /** Returns the open time of a minute. */
  openTimeMs(minute: number): number {
    return this.startMs + minute * MINUTE_MS;
  }
}
