import { SmcqError } from "@smcq/kernel";
import { loadBundle, loadUniverseText, type BundledSeries } from "../bundle/load.ts";

/** A filter of the venue's document; unknown kinds are part of life. */
export interface VenueFilter {
  readonly filterType: string;
  readonly [key: string]: string | number;
}

/** A symbol of the venue's exchangeInfo document; fields not named here are passed through. */
export interface VenueSymbol {
  readonly symbol: string;
  readonly pair: string;
  readonly contractType: string;
  readonly deliveryDate: number;
  readonly onboardDate: number;
  readonly status: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly marginAsset: string;
  readonly filters: readonly VenueFilter[];
  readonly [key: string]: unknown;
}

/** The venue's exchangeInfo document. */
export interface VenueUniverse {
  readonly rateLimits: readonly { readonly rateLimitType: string; readonly limit: number }[];
  readonly symbols: readonly VenueSymbol[];
  readonly [key: string]: unknown;
}

/** Most symbols a simulated universe may have. */
export const SYMBOLS_MAX = 10_000;

/** The filter of docs/mission.md U1: perpetual, USDT quote and margin, exactly TRADING. */
export function passesUniverseFilter(symbol: VenueSymbol): boolean {
  return (
    symbol.contractType === "PERPETUAL" &&
    symbol.quoteAsset === "USDT" &&
    symbol.marginAsset === "USDT" &&
    symbol.status === "TRADING"
  );
}

/** Returns a filter of a symbol, or throws SmcqError `SIM_UNIVERSE`. */
export function filterOf(symbol: VenueSymbol, filterType: string): VenueFilter {
  const found = symbol.filters.find((filter) => filter.filterType === filterType);
  if (found === undefined) throw new SmcqError("SIM_UNIVERSE", `${symbol.symbol} has no ${filterType}`);
  return found;
}

/** Returns a copy of `template` under another name, as a listing would look. */
export function cloneSymbol(
  template: VenueSymbol,
  changes: { readonly symbol: string } & Partial<VenueSymbol>,
): VenueSymbol {
  const { symbol } = changes;
  const baseAsset = symbol.endsWith("USDT") ? symbol.slice(0, -4) : symbol;
  return { ...template, pair: symbol, baseAsset, ...changes };
}

/**
 * Symbols with the traps of the venue's newer documents; each fails docs/mission.md U1, so the default universe stays
 * at the bundled document's 297. SETTLING, PENDING_TRADING with contractType "" and USDC quotes are in that document.
 */
function oddities(template: VenueSymbol): readonly VenueSymbol[] {
  const unknownFilter: VenueFilter = { filterType: "POSITION_RISK_CONTROL", positionControlSide: "NONE" };
  const odd = (symbol: string, changes: Partial<VenueSymbol>): VenueSymbol =>
    cloneSymbol(template, { ...changes, symbol, filters: [unknownFilter, ...template.filters] });
  return [
    odd("币安人生USDT", { status: "SETTLING" }),
    odd("TSLAUSDT", { contractType: "TRADIFI_PERPETUAL", underlyingType: "EQUITY" }),
    odd("HALTEDUSDT", { status: "TRADING_HALT" }),
    odd("CANCELONLYUSDT", { status: "TRADING_CANCEL_ONLY" }),
    odd("SOONUSDT", { status: "PENDING_TRADING" }),
    odd("GONEUSDT", { status: "SETTLING", deliveryDate: 1_769_900_400_000 }),
    odd("NEWQUOTEUSDC", { baseAsset: "NEWQUOTE", quoteAsset: "USDC", marginAsset: "USDC" }),
    odd("NOTYPEUSDT", { contractType: "" }),
    odd("BTCUSDT_251226", {
      pair: "BTCUSDT",
      baseAsset: "BTC",
      contractType: "CURRENT_QUARTER DELIVERING",
      deliveryDate: 1_769_900_400_000,
    }),
  ];
}

function synthetic(template: VenueSymbol, ordinal: number): VenueSymbol {
  return cloneSymbol(template, { symbol: `SYN${String(ordinal).padStart(5, "0")}USDT` });
}

/** The document is older than the bars: where a real series trades below the old minPrice, the tick replaces it. */
function allowOwnPrices(symbol: VenueSymbol, series: BundledSeries | undefined): VenueSymbol {
  if (series === undefined) return symbol;
  const lowest =
    series.low.reduce((least, low) => Math.min(least, low), Infinity) / 10 ** series.priceDecimals;
  if (lowest >= Number(filterOf(symbol, "PRICE_FILTER")["minPrice"])) return symbol;
  const filters = symbol.filters.map((filter) =>
    filter.filterType === "PRICE_FILTER" ? { ...filter, minPrice: filter["tickSize"] ?? "0" } : filter,
  );
  return { ...symbol, filters };
}

/** Keeps `count` of the symbols that pass docs/mission.md U1: those in `first` come first, document order kept. */
function choosePassing(
  passing: readonly VenueSymbol[],
  count: number,
  first: ReadonlyMap<string, unknown>,
): Set<string> {
  const own = passing.filter((symbol) => first.has(symbol.symbol));
  const others = passing.filter((symbol) => !first.has(symbol.symbol));
  return new Set([...own, ...others].slice(0, count).map((symbol) => symbol.symbol));
}

/**
 * Builds the venue's document: the bundled mainnet exchangeInfo of 2024-10-20 plus oddities. Exactly `symbols`
 * (1..10,000, default 297) pass docs/mission.md U1: fewer drops symbols (those with real bars stay longest), more adds
 * synthetic ones with the rules of a real one in turn.
 */
export function createUniverse(options: { readonly symbols?: number } = {}): VenueUniverse {
  const document = JSON.parse(loadUniverseText()) as VenueUniverse;
  const passing = document.symbols.filter(passesUniverseFilter);
  const count = options.symbols ?? passing.length;
  if (!Number.isInteger(count) || count < 1 || count > SYMBOLS_MAX)
    throw new SmcqError("SIM_OPTION", `symbols must be an integer 1..${SYMBOLS_MAX}, got ${count}`);
  const [template] = passing;
  if (template === undefined) throw new SmcqError("SIM_UNIVERSE", "no symbol of the document passes U1");
  const ownSeries = loadBundle().series.filter((series) => series.isOwn);
  const own = new Map(ownSeries.map((series) => [series.symbol, series]));
  const kept = choosePassing(passing, count, own);
  const added: VenueSymbol[] = [];
  for (let ordinal = passing.length; ordinal < count; ordinal++)
    added.push(synthetic(passing[ordinal % passing.length] ?? template, ordinal));
  const real = document.symbols
    .filter((symbol) => !passesUniverseFilter(symbol) || kept.has(symbol.symbol))
    .map((symbol) => allowOwnPrices(symbol, own.get(symbol.symbol)));
  return { ...document, symbols: [...real, ...added, ...oddities(template)] };
}
