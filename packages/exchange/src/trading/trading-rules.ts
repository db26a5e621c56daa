import { divCeil, parseE8, SmcqError } from "@smcq/kernel";

/** A symbol's rules for orders in the venue's decimal text. */
export interface TradingRuleTexts {
  readonly symbol: string;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly minQty: string;
  /** MARKET_LOT_SIZE's maximum. */
  readonly marketMaxQty: string;
  readonly minNotional: string;
  /** Maintenance margin of the bracket that positions of our size fall into; absent: unknown. */
  readonly maintMarginRatio?: string;
}

/** A step of the leverage brackets: a position up to `notionalMax` USDT may have `leverageMax`. */
export interface LeverageCap {
  readonly leverageMax: number;
  readonly notionalMax: number;
}

/** A symbol's rules as orders and sizes need them: exact where money is added up, float64 where decisions are made. */
export interface TradingRules {
  readonly symbol: string;
  readonly tickSize: number;
  readonly stepSize: number;
  readonly tickE8: bigint;
  readonly stepE8: bigint;
  /** Fewer steps than these are no order. */
  readonly minQtySteps: number;
  readonly marketMaxQty: number;
  readonly minNotional: number;
  /** Null: unknown; sizes then reckon with a default. */
  readonly maintMarginRatio: number | null;
  /** Ascending; empty: unknown. */
  readonly leverageCaps: readonly LeverageCap[];
  /** Decimals of a price and of a quantity. */
  readonly priceDecimals: number;
  readonly qtyDecimals: number;
}

/** The largest position that the brackets allow at a leverage, USDT; infinite where they are unknown. */
export function notionalMaxOf({ leverageCaps }: TradingRules, leverage: number): number {
  if (leverageCaps.length === 0) return Number.POSITIVE_INFINITY;
  return leverageCaps.findLast(({ leverageMax }) => leverage <= leverageMax)?.notionalMax ?? 0;
}

/** Reads the rules; refuses with RULES_INVALID what is no positive decimal, naming symbol and field. */
export function tradingRules(texts: TradingRuleTexts): TradingRules {
  const { symbol } = texts;
  const tickE8 = positive(texts, "tickSize");
  const stepE8 = positive(texts, "stepSize");
  const minQtyE8 = positive(texts, "minQty");
  positive(texts, "marketMaxQty");
  positive(texts, "minNotional");
  if (texts.maintMarginRatio !== undefined) positive(texts, "maintMarginRatio");
  return {
    symbol,
    tickSize: Number(texts.tickSize),
    stepSize: Number(texts.stepSize),
    tickE8,
    stepE8,
    minQtySteps: Number(divCeil(minQtyE8, stepE8)),
    marketMaxQty: Number(texts.marketMaxQty),
    minNotional: Number(texts.minNotional),
    maintMarginRatio: texts.maintMarginRatio === undefined ? null : Number(texts.maintMarginRatio),
    leverageCaps: [],
    priceDecimals: decimalsOf(texts.tickSize),
    qtyDecimals: decimalsOf(texts.stepSize),
  };
}

function positive(texts: TradingRuleTexts, field: keyof TradingRuleTexts): bigint {
  const text: unknown = texts[field] ?? "";
  try {
    const value = typeof text === "string" ? parseE8(text) : 0n;
    if (value > 0n) return value;
  } catch {
    // Said below, with the place.
  }
  throw new SmcqError(
    "RULES_INVALID",
    `${texts.symbol}: ${field} is ${JSON.stringify(text)}, wanted a decimal above 0 with at most 8 places`,
    { context: { symbol: texts.symbol, field } },
  );
}

/** Digits behind the point that a value on this grid needs: trailing zeros do not count. */
function decimalsOf(text: string): number {
  return (text.split(".")[1] ?? "").replace(/0+$/, "").length;
}
