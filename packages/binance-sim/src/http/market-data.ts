import type { MarketSymbol } from "@smcq/exchange-sim";
import { e8Text } from "@smcq/kernel";
import type { MarketWords } from "../market/market-words.ts";
import { unitsText } from "../market/market-words.ts";
import type { TapeTrade } from "../market/trade-tape.ts";
import { costs, costsBySymbol, type ApiRequest, type Endpoint } from "./endpoint.ts";
import type { Parameters } from "./parameters.ts";
import { VenueError } from "./venue-error.ts";

const PUBLIC = { access: "public", kind: "market" } as const;
const DEPTHS = new Set([5, 10, 20, 50, 100, 500, 1000]);
const DEPTH_DEFAULT = 500;
const TRADES_DEFAULT = 500;
const TRADES_MAX = 1000;
/** How far back trades are served. */
const TRADES_MS_MAX = 48 * 3_600_000;
const FUNDING_DEFAULT = 100;
const FUNDING_MAX = 1000;
/** The interest part of every rate: what the venue says for USDT contracts. */
const INTEREST_RATE = "0.00010000";

/** The market beside its klines: prices, book, trades, a day's sums, funding. */
export function marketDataEndpoints(words: MarketWords): readonly Endpoint[] {
  return [...prices(words), ...trades(words), ...funding(words)];
}

function prices(words: MarketWords): readonly Endpoint[] {
  const symbol = { ...PUBLIC, parameters: ["symbol"] };
  const price = (request: ApiRequest): unknown =>
    perSymbol(words, request, (one, nowMs) => {
      const print = words.print(one, nowMs);
      return print === null
        ? null
        : { symbol: one.symbol, price: words.priceText(one, print.lastE8), time: nowMs };
    });
  return [
    { ...symbol, name: "GET /fapi/v1/ticker/price", weight: costsBySymbol(1, 2), handle: price },
    { ...symbol, name: "GET /fapi/v2/ticker/price", weight: costsBySymbol(1, 2), handle: price },
    {
      ...symbol,
      name: "GET /fapi/v1/ticker/bookTicker",
      weight: costsBySymbol(2, 5),
      handle: (request) => perSymbol(words, request, (one, nowMs) => bookTicker(words, one, nowMs)),
    },
    {
      ...symbol,
      name: "GET /fapi/v1/ticker/24hr",
      weight: costsBySymbol(1, 40),
      handle: (request) => perSymbol(words, request, (one, nowMs) => dayTicker(words, one, nowMs)),
    },
    {
      ...symbol,
      name: "GET /fapi/v1/premiumIndex",
      weight: costsBySymbol(1, 10),
      handle: (request) => perSymbol(words, request, (one, nowMs) => premiumIndex(words, one, nowMs)),
    },
    {
      ...PUBLIC,
      name: "GET /fapi/v1/depth",
      parameters: ["symbol", "limit"],
      weight: (parameters) => depthWeight(Number(parameters.search().get("limit") ?? DEPTH_DEFAULT)),
      handle: ({ parameters, nowMs }) => depth(words, parameters, nowMs),
    },
  ];
}

function depthWeight(limit: number): number {
  if (limit <= 50) return 2;
  if (limit <= 100) return 5;
  return limit <= 500 ? 10 : 20;
}

function symbolOf(words: MarketWords, name: string): MarketSymbol {
  const symbol = words.venue.find(name) === null ? null : words.venue.market.find(name);
  if (symbol === null) throw new VenueError(-1121, "Invalid symbol.");
  return symbol;
}

/** One symbol's words, or those of all that trade. */
function perSymbol(
  words: MarketWords,
  { parameters, nowMs }: ApiRequest,
  tell: (symbol: MarketSymbol, nowMs: number) => object | null,
): unknown {
  const name = parameters.text("symbol");
  if (name === null) return words.flowing().flatMap((symbol) => tell(symbol, nowMs) ?? []);
  const told = tell(symbolOf(words, name), nowMs);
  if (told === null) throw new VenueError(-1121, "Invalid symbol.");
  return told;
}

function bookTicker(words: MarketWords, symbol: MarketSymbol, nowMs: number): object | null {
  const best = words.best(symbol, nowMs);
  if (best === null) return null;
  return {
    symbol: symbol.symbol,
    bidPrice: best.bid,
    bidQty: best.bidQty,
    askPrice: best.ask,
    askQty: best.askQty,
    time: nowMs,
    lastUpdateId: best.updateId,
  };
}

function dayTicker(words: MarketWords, symbol: MarketSymbol, nowMs: number): object | null {
  const day = words.day(symbol, nowMs);
  if (day === null) return null;
  const [last] = words.tape.last(symbol, 1, nowMs, nowMs - 3_600_000);
  return {
    symbol: symbol.symbol,
    priceChange: day.change,
    priceChangePercent: day.changeRatio,
    weightedAvgPrice: day.average,
    lastPrice: day.last,
    lastQty: unitsText(last?.quantity ?? 0, symbol.grid.volumeDecimals),
    openPrice: day.open,
    highPrice: day.high,
    lowPrice: day.low,
    volume: day.volume,
    quoteVolume: day.quote,
    openTime: day.openMs,
    closeTime: nowMs,
    firstId: day.firstId,
    lastId: day.lastId,
    count: day.trades,
  };
}

function premiumIndex(words: MarketWords, symbol: MarketSymbol, nowMs: number): object | null {
  const print = words.print(symbol, nowMs);
  if (print === null) return null;
  const { funding } = words;
  const index = e8Text((print.markE8 + print.lastE8) / 2n);
  return {
    symbol: symbol.symbol,
    markPrice: e8Text(print.markE8),
    indexPrice: index,
    estimatedSettlePrice: index,
    lastFundingRate: e8Text(funding.rateE8(symbol, funding.nextMs(symbol, nowMs))),
    interestRate: INTEREST_RATE,
    nextFundingTime: funding.nextMs(symbol, nowMs),
    time: nowMs,
  };
}

function depth(words: MarketWords, parameters: Parameters, nowMs: number): object {
  const symbol = symbolOf(words, parameters.needed("symbol"));
  const limit = parameters.integer("limit") ?? DEPTH_DEFAULT;
  if (!DEPTHS.has(limit)) throw new VenueError(-4021, "Invalid depth limit.");
  const print = words.print(symbol, nowMs);
  const levels = print === null ? [] : words.levels(symbol, print, limit);
  return {
    lastUpdateId: nowMs,
    E: nowMs,
    T: nowMs,
    bids: levels.map(([bid]) => bid),
    asks: levels.map(([, ask]) => ask),
  };
}

function trades(words: MarketWords): readonly Endpoint[] {
  return [
    {
      ...PUBLIC,
      name: "GET /fapi/v1/aggTrades",
      parameters: ["symbol", "fromId", "startTime", "endTime", "limit"],
      weight: costs(20),
      handle: ({ parameters, nowMs }) => aggTrades(words, parameters, nowMs),
    },
    {
      ...PUBLIC,
      name: "GET /fapi/v1/trades",
      parameters: ["symbol", "limit"],
      weight: costs(5),
      handle: ({ parameters, nowMs }) => {
        const symbol = symbolOf(words, parameters.needed("symbol"));
        const limit = parameters.limit(TRADES_DEFAULT, TRADES_MAX);
        return words.tape
          .last(symbol, limit, nowMs, nowMs - TRADES_MS_MAX)
          .map((trade) => recentTrade(symbol, trade));
      },
    },
  ];
}

function recentTrade({ grid }: MarketSymbol, trade: TapeTrade): object {
  const { priceDecimals, volumeDecimals } = grid;
  return {
    id: trade.lastId,
    price: unitsText(trade.price, priceDecimals),
    qty: unitsText(trade.quantity, volumeDecimals),
    quoteQty: unitsText(trade.price * trade.quantity, priceDecimals + volumeDecimals),
    time: trade.timeMs,
    isBuyerMaker: trade.isBuyerMaker,
    isRPITrade: false,
  };
}

function aggTrades(words: MarketWords, parameters: Parameters, nowMs: number): readonly object[] {
  const symbol = symbolOf(words, parameters.needed("symbol"));
  const limit = parameters.limit(TRADES_DEFAULT, TRADES_MAX);
  const fromId = parameters.integer("fromId");
  const start = parameters.integer("startTime");
  const end = Math.min(parameters.integer("endTime") ?? nowMs, nowMs);
  const oldest = nowMs - TRADES_MS_MAX;
  // The id of an aggregated trade is its second.
  const fromMs = fromId === null ? start : fromId * 1000;
  const { grid } = symbol;
  const found =
    fromMs === null
      ? words.tape.last(symbol, limit, end, oldest)
      : words.tape.between(symbol, Math.max(oldest, fromMs - 1), end).slice(0, limit);
  return found.map((trade) => ({
    a: trade.id,
    p: unitsText(trade.price, grid.priceDecimals),
    q: unitsText(trade.quantity, grid.volumeDecimals),
    nq: unitsText(trade.quantity, grid.volumeDecimals),
    f: trade.firstId,
    l: trade.lastId,
    T: trade.timeMs,
    m: trade.isBuyerMaker,
  }));
}

function funding(words: MarketWords): readonly Endpoint[] {
  return [
    {
      ...PUBLIC,
      name: "GET /fapi/v1/fundingInfo",
      parameters: [],
      weight: costs(0),
      handle: () => fundingInfo(words),
    },
    {
      ...PUBLIC,
      name: "GET /fapi/v1/fundingRate",
      parameters: ["symbol", "startTime", "endTime", "limit"],
      weight: costs(0),
      handle: ({ parameters, nowMs }) => fundingRates(words, parameters, nowMs),
    },
  ];
}

/** Symbols that deviate from eight hours alone, as the venue does. */
function fundingInfo(words: MarketWords): readonly object[] {
  return words
    .flowing()
    .filter((symbol) => words.funding.hours(symbol) !== 8)
    .map((symbol) => ({
      symbol: symbol.symbol,
      adjustedFundingRateCap: "0.02000000",
      adjustedFundingRateFloor: "-0.02000000",
      fundingIntervalHours: words.funding.hours(symbol),
      disclaimer: false,
    }));
}

/** Ascending; without a start the last ones. */
function fundingRates(words: MarketWords, parameters: Parameters, nowMs: number): readonly object[] {
  const name = parameters.text("symbol");
  const symbols = name === null ? words.flowing() : [symbolOf(words, name)];
  const limit = parameters.limit(FUNDING_DEFAULT, FUNDING_MAX);
  const start = parameters.integer("startTime");
  const end = Math.min(parameters.integer("endTime") ?? nowMs, nowMs);
  const rows = symbols.flatMap((symbol) => {
    const everyMs = words.funding.hours(symbol) * 3_600_000;
    const last = words.funding.lastMs(symbol, end);
    const first = start === null ? last - (limit - 1) * everyMs : words.funding.nextMs(symbol, start - 1);
    const told: { symbol: string; fundingTime: number; fundingRate: string; markPrice: string }[] = [];
    for (let atMs = first; atMs <= last && told.length < limit; atMs += everyMs) {
      const print = words.venue.market.minuteAt(atMs) < 0 ? null : words.print(symbol, atMs);
      if (print === null) continue;
      const fundingRate = e8Text(words.funding.rateE8(symbol, atMs));
      told.push({ symbol: symbol.symbol, fundingTime: atMs, fundingRate, markPrice: e8Text(print.markE8) });
    }
    return told;
  });
  const sorted = rows.toSorted((a, b) => a.fundingTime - b.fundingTime);
  return start === null ? sorted.slice(-limit) : sorted.slice(0, limit);
}
