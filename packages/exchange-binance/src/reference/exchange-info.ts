import { SmcqError } from "@smcq/kernel";
import type { Instrument } from "@smcq/kernel";
import { z } from "zod";
import { BinanceErrorCode } from "../errors.ts";
import { WEIGHT_LIMIT_AT_START } from "../limits.ts";
import { judgeInstruments } from "./judge-instrument.ts";

/** Weights a minute that can be; another number is not believed (production has 2,400, the demo 6,000). */
const WEIGHT_LIMIT_MIN = 60;
const WEIGHT_LIMIT_MAX = 100_000;

// Open enums: status, contractType and filterType are plain text, because the venue adds values without notice.
const Filter = z.looseObject({ filterType: z.string() });

const SymbolEntry = z.looseObject({
  symbol: z.string().min(1),
  status: z.string(),
  contractType: z.string().nullish(),
  baseAsset: z.string(),
  quoteAsset: z.string(),
  marginAsset: z.string().nullish(),
  onboardDate: z.number().nullish(),
  deliveryDate: z.number().nullish(),
  filters: z.array(z.unknown()).nullish(),
});

const RateLimit = z.looseObject({
  rateLimitType: z.string(),
  interval: z.string(),
  intervalNum: z.number(),
  limit: z.number().positive(),
});

const Document = z.looseObject({
  rateLimits: z.array(z.unknown()).nullish(),
  symbols: z.array(z.unknown()),
});

export interface ExchangeInfo {
  /** Every symbol that could be read, in the document's order. */
  readonly instruments: readonly Instrument[];
  /** Why an entry was refused, one text each. */
  readonly refused: readonly string[];
  /** REQUEST_WEIGHT per minute. */
  readonly weightLimit: number;
}

/** The filter of docs/mission.md U1: exactly TRADING, PERPETUAL, quoted and margined in USDT. */
export function passesUniverse(instrument: Instrument): boolean {
  return (
    instrument.status === "TRADING" &&
    instrument.contractType === "PERPETUAL" &&
    instrument.quoteAsset === "USDT" &&
    instrument.marginAsset === "USDT"
  );
}

/** Returns a text field of a filter; empty when the filter or the field is missing. */
function filterText(filters: readonly unknown[], type: string, key: string): string {
  for (const candidate of filters) {
    const filter = Filter.safeParse(candidate);
    if (!filter.success || filter.data.filterType !== type) continue;
    const value = filter.data[key];
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
  }
  return "";
}

function toInstrument(entry: z.infer<typeof SymbolEntry>): Instrument {
  const filters = entry.filters ?? [];
  return {
    symbol: entry.symbol,
    baseAsset: entry.baseAsset,
    quoteAsset: entry.quoteAsset,
    marginAsset: entry.marginAsset ?? "",
    contractType: entry.contractType ?? "",
    status: entry.status,
    onboardMs: entry.onboardDate ?? 0,
    deliveryMs: entry.deliveryDate ?? 0,
    tickSize: filterText(filters, "PRICE_FILTER", "tickSize"),
    stepSize: filterText(filters, "LOT_SIZE", "stepSize"),
    marketStepSize: filterText(filters, "MARKET_LOT_SIZE", "stepSize"),
    marketMinQty: filterText(filters, "MARKET_LOT_SIZE", "minQty"),
    marketMaxQty: filterText(filters, "MARKET_LOT_SIZE", "maxQty"),
    minNotional: filterText(filters, "MIN_NOTIONAL", "notional"),
  };
}

function weightLimitOf(rateLimits: readonly unknown[]): number {
  for (const candidate of rateLimits) {
    const limit = RateLimit.safeParse(candidate);
    if (!limit.success || limit.data.rateLimitType !== "REQUEST_WEIGHT") continue;
    if (limit.data.interval !== "MINUTE") continue;
    const weight = limit.data.limit / limit.data.intervalNum;
    if (weight >= WEIGHT_LIMIT_MIN && weight <= WEIGHT_LIMIT_MAX) return weight;
  }
  return WEIGHT_LIMIT_AT_START;
}

/**
 * Reads an exchangeInfo document. Unknown statuses, contract types, filters and keys are tolerated, an unreadable
 * entry, or one that cannot be believed or stands twice, is left out and named; a document without a list of symbols is refused.
 */
export function parseExchangeInfo(document: unknown): ExchangeInfo {
  const parsed = Document.safeParse(document);
  if (!parsed.success)
    throw new SmcqError(BinanceErrorCode.BadReply, `exchangeInfo: ${z.prettifyError(parsed.error)}`, {
      context: { path: "/fapi/v1/exchangeInfo" },
    });
  const instruments: Instrument[] = [];
  const refused: string[] = [];
  for (const [index, candidate] of parsed.data.symbols.entries()) {
    const entry = SymbolEntry.safeParse(candidate);
    if (entry.success) instruments.push(toInstrument(entry.data));
    else refused.push(`symbols[${index}]: ${z.prettifyError(entry.error)}`);
  }
  const judged = judgeInstruments(instruments);
  return {
    instruments: judged.instruments,
    refused: [...refused, ...judged.refused],
    weightLimit: weightLimitOf(parsed.data.rateLimits ?? []),
  };
}
