import { type TradingRules, tradingRules } from "@smcq/exchange";
import { e8ToNumber, numberToE8, parseE8, SmcqError } from "@smcq/kernel";
import { filterOf, type VenueSymbol } from "../market/universe.ts";
import { max, min } from "./bigints.ts";
import { type Brackets, bundledBrackets } from "./brackets.ts";

/** Bounds of a quantity, e8. */
export interface LotRules {
  readonly minE8: bigint;
  readonly maxE8: bigint;
  readonly stepE8: bigint;
}

/** Everything that the venue holds an order of a symbol against; money, prices, quantities and ratios e8. */
export interface VenueRules {
  readonly symbol: string;
  readonly tickE8: bigint;
  readonly priceMinE8: bigint;
  readonly priceMaxE8: bigint;
  readonly lot: LotRules;
  readonly marketLot: LotRules;
  readonly minNotionalE8: bigint;
  /** A BUY may cost this share of the mark at most, a SELL bring that at least. */
  readonly multiplierUpE8: bigint;
  readonly multiplierDownE8: bigint;
  readonly ordersMax: number;
  /** How far from the mark a MARKET order takes at most, share. */
  readonly marketTakeBoundE8: bigint;
  /** With priceProtect: how far last and mark may lie apart when a trigger fires, share. */
  readonly triggerProtectE8: bigint;
  /** What a liquidation costs beside the commission, share of the notional. */
  readonly liquidationFeeE8: bigint;
  readonly brackets: Brackets;
  /** The same for the port. */
  readonly trading: TradingRules;
}

/** Shares where a document does not say. */
const DEFAULT_BOUND = "0.05";
const DEFAULT_LIQUIDATION_FEE = "0.0125";
const ORDERS_MAX = 200;

/**
 * Reads a symbol of the venue's exchangeInfo document, brackets from the bundled ones. SIM_UNIVERSE names a missing filter,
 * RULES_INVALID a field that is no decimal.
 */
export function venueRules(
  entry: VenueSymbol,
  brackets: Brackets = bundledBrackets(entry.symbol),
): VenueRules {
  const { symbol } = entry;
  const text = (filter: string, key: string): string => String(filterOf(entry, filter)[key] ?? "");
  const decimal = (filter: string, key: string): bigint => e8Of(symbol, key, text(filter, key));
  const share = (key: string, otherwise: string): bigint => {
    const value = entry[key];
    return e8Of(symbol, key, typeof value === "string" ? value : otherwise);
  };
  const lot = (filter: string): LotRules => ({
    minE8: decimal(filter, "minQty"),
    maxE8: decimal(filter, "maxQty"),
    stepE8: decimal(filter, "stepSize"),
  });
  const percent = entry.filters.find(({ filterType }) => filterType === "PERCENT_PRICE");
  const ordersMax = entry.filters.find(({ filterType }) => filterType === "MAX_NUM_ORDERS");
  return {
    symbol,
    tickE8: decimal("PRICE_FILTER", "tickSize"),
    priceMinE8: decimal("PRICE_FILTER", "minPrice"),
    priceMaxE8: decimal("PRICE_FILTER", "maxPrice"),
    lot: lot("LOT_SIZE"),
    marketLot: lot("MARKET_LOT_SIZE"),
    minNotionalE8: decimal("MIN_NOTIONAL", "notional"),
    multiplierUpE8: e8Of(symbol, "multiplierUp", String(percent?.["multiplierUp"] ?? "1.05")),
    multiplierDownE8: e8Of(symbol, "multiplierDown", String(percent?.["multiplierDown"] ?? "0.95")),
    ordersMax: Number(ordersMax?.["limit"] ?? ORDERS_MAX),
    marketTakeBoundE8: share("marketTakeBound", DEFAULT_BOUND),
    triggerProtectE8: share("triggerProtect", DEFAULT_BOUND),
    liquidationFeeE8: share("liquidationFee", DEFAULT_LIQUIDATION_FEE),
    brackets,
    trading: withCaps(
      tradingRules({
        symbol,
        tickSize: text("PRICE_FILTER", "tickSize"),
        stepSize: text("MARKET_LOT_SIZE", "stepSize"),
        minQty: text("MARKET_LOT_SIZE", "minQty"),
        marketMaxQty: text("MARKET_LOT_SIZE", "maxQty"),
        minNotional: text("MIN_NOTIONAL", "notional"),
      }),
      brackets,
    ),
  };
}

/**
 * A venue's rules around those that a user wrote down himself: any price on a tick, limit orders as large as market orders,
 * the usual bands, the bundled brackets.
 */
export function venueRulesAround(trading: TradingRules): VenueRules {
  const { symbol, tickE8, stepE8, minQtySteps, marketMaxQty, minNotional } = trading;
  const brackets = bundledBrackets(symbol);
  const lot = {
    minE8: BigInt(minQtySteps) * stepE8,
    maxE8: BigInt(Math.floor(marketMaxQty / trading.stepSize)) * stepE8,
    stepE8,
  };
  return {
    symbol,
    tickE8,
    priceMinE8: tickE8,
    priceMaxE8: 10n ** 9n * tickE8,
    lot,
    marketLot: lot,
    minNotionalE8: numberToE8(minNotional),
    multiplierUpE8: parseE8("1.05"),
    multiplierDownE8: parseE8("0.95"),
    ordersMax: ORDERS_MAX,
    marketTakeBoundE8: parseE8(DEFAULT_BOUND),
    triggerProtectE8: parseE8(DEFAULT_BOUND),
    liquidationFeeE8: parseE8(DEFAULT_LIQUIDATION_FEE),
    brackets,
    trading: withCaps(trading, brackets),
  };
}

/**
 * The rules of a venue at which these prices were traded: its bounds of prices leave room around them, whatever an older
 * document says.
 */
export function withPrices(rules: VenueRules, lowestE8: bigint, highestE8: bigint): VenueRules {
  const halfE8 = (lowestE8 / 2n / rules.tickE8) * rules.tickE8;
  const roomyMinE8 = halfE8 > 0n ? halfE8 : rules.tickE8;
  const roomyMaxE8 = (highestE8 / rules.tickE8) * rules.tickE8 * 2n;
  return {
    ...rules,
    priceMinE8: min(rules.priceMinE8, roomyMinE8),
    priceMaxE8: max(rules.priceMaxE8, roomyMaxE8),
  };
}

function withCaps(trading: TradingRules, { steps }: Brackets): TradingRules {
  const leverageCaps = steps.map(({ leverageMax, notionalCapE8 }) => ({
    leverageMax,
    notionalMax: e8ToNumber(notionalCapE8),
  }));
  return { ...trading, leverageCaps };
}

function e8Of(symbol: string, field: string, text: string): bigint {
  try {
    return parseE8(text);
  } catch {
    throw new SmcqError("RULES_INVALID", `${symbol}: ${field} is ${JSON.stringify(text)}, wanted a decimal`, {
      context: { symbol, field },
    });
  }
}
