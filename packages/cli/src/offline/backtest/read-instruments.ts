import { readFileSync } from "node:fs";
import { type TradingRules, tradingRules, type TradingRuleTexts } from "@smcq/exchange";
import { venueRules, venueRulesAround, type VenueRules, type VenueSymbol } from "@smcq/exchange-sim";
import { didYouMean, errorMessage, present, SmcqError } from "@smcq/kernel";

const REQUIRED = ["tickSize", "stepSize", "minQty", "marketMaxQty", "minNotional"] as const;
const OPTIONAL = ["maintMarginRatio"] as const;
const KNOWN: ReadonlySet<string> = new Set([...REQUIRED, ...OPTIONAL]);
const BYTE_ORDER_MARK = /^\u{FEFF}/u;

/** Where rules stand: a user's file, or the venue's document that comes with the engine. */
export interface InstrumentsText {
  readonly name: string;
  readonly text: string;
}

/** Reads a file of rules; INSTRUMENTS_FILE when that cannot be done. */
export function instrumentsFile(file: string): InstrumentsText {
  try {
    return { name: file, text: readFileSync(file, "utf8").replace(BYTE_ORDER_MARK, "") };
  } catch (error) {
    throw fault("INSTRUMENTS_FILE", file, `cannot be read: ${errorMessage(error)}`);
  }
}

/**
 * Returns the rules of `symbols`, in their order, from a JSON object by symbol (docs/trading.md 8), or from the venue's
 * exchangeInfo document as it is. Refuses with INSTRUMENTS_*, naming file, symbol and key, what is missing, unknown, or
 * no decimal text.
 */
export function readInstruments({ name, text }: InstrumentsText, symbols: readonly string[]): TradingRules[] {
  const document = parseObject(name, text);
  const bySymbol = Array.isArray(document["symbols"])
    ? venueEntries(name, document["symbols"] as readonly unknown[])
    : new Map(Object.entries(document));
  return symbols.map((symbol) => {
    const entry = bySymbol.get(symbol);
    if (entry === undefined)
      throw fault(
        "INSTRUMENTS_SYMBOL",
        name,
        `${symbol} has bars but no entry${didYouMean(symbol, (guess) => bySymbol.has(guess))}`,
      );
    return tradingRules(ruleTexts(name, symbol, entry));
  });
}

/**
 * The same as the venue itself holds orders against: its whole document where that was given, else rules around ours
 * (`venueRulesAround`). `rules` are those that `readInstruments` returned.
 */
export function readVenueRules(
  { name, text }: InstrumentsText,
  rules: readonly TradingRules[],
): VenueRules[] {
  const { symbols } = parseObject(name, text);
  if (!Array.isArray(symbols)) return rules.map(venueRulesAround);
  const bySymbol = new Map((symbols as readonly VenueSymbol[]).map((entry) => [entry.symbol, entry]));
  return rules.map(({ symbol }) =>
    venueRules(present(bySymbol.get(symbol), "Invariant: what has rules stands in their document")),
  );
}

function parseObject(name: string, text: string): Readonly<Record<string, unknown>> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw fault("INSTRUMENTS_FILE", name, `no JSON: ${errorMessage(error)}`);
  }
  if (!isObject(found)) throw fault("INSTRUMENTS_FILE", name, "wanted an object by symbol");
  return found;
}

/** The keys of our own kind from the filters of an exchangeInfo document (docs/binance.md). */
function venueEntries(name: string, symbols: readonly unknown[]): ReadonlyMap<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const entry of symbols) {
    if (!isObject(entry) || typeof entry["symbol"] !== "string" || !Array.isArray(entry["filters"]))
      throw fault("INSTRUMENTS_FILE", name, "symbols must hold objects with symbol and filters");
    const filters = (entry["filters"] as readonly unknown[]).filter(isObject);
    const value = (filterType: string, key: string): unknown =>
      filters.find((filter) => filter["filterType"] === filterType)?.[key];
    entries.set(entry["symbol"], {
      tickSize: value("PRICE_FILTER", "tickSize"),
      stepSize: value("MARKET_LOT_SIZE", "stepSize"),
      minQty: value("MARKET_LOT_SIZE", "minQty"),
      marketMaxQty: value("MARKET_LOT_SIZE", "maxQty"),
      minNotional: value("MIN_NOTIONAL", "notional"),
    });
  }
  return entries;
}

function ruleTexts(file: string, symbol: string, entry: unknown): TradingRuleTexts {
  if (!isObject(entry)) throw fault("INSTRUMENTS_ENTRY", file, `${symbol} must be an object`);
  for (const key of Object.keys(entry))
    if (!KNOWN.has(key))
      throw fault(
        "INSTRUMENTS_KEY",
        file,
        `${symbol}: unknown key ${JSON.stringify(key)}; known are ${[...KNOWN].join(", ")}`,
      );
  const text = (key: string): string => {
    const value = entry[key];
    if (typeof value === "string") return value;
    throw fault("INSTRUMENTS_VALUE", file, `${symbol}: ${key} must be decimal text such as "0.001"`);
  };
  const [tickSize, stepSize, minQty, marketMaxQty, minNotional] = REQUIRED.map(text) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const required = { symbol, tickSize, stepSize, minQty, marketMaxQty, minNotional };
  return entry["maintMarginRatio"] === undefined
    ? required
    : { ...required, maintMarginRatio: text("maintMarginRatio") };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fault(code: string, file: string, text: string): SmcqError {
  return new SmcqError(code, `${file}: ${text}`, { context: { file } });
}
