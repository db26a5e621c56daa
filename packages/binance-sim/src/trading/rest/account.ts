import { costs, costsBySymbol, type ApiRequest, type Endpoint } from "../../http/endpoint.ts";
import type { Parameters } from "../../http/parameters.ts";
import type { SymbolId } from "@smcq/kernel";
import type { AccountDesk, TradedSymbol } from "../account-desk.ts";
import { money } from "../words.ts";
import {
  accountRights,
  accountV2,
  accountV3,
  adlRows,
  balances,
  positionRiskV2,
  positionRiskV3,
} from "./account-words.ts";
import { orderRow, tradeRow } from "./order-words.ts";
import { boundsOf, spanOf } from "./spans.ts";

const INCOME_TYPES: Readonly<Record<string, string>> = {
  realised: "REALIZED_PNL",
  commission: "COMMISSION",
  funding: "FUNDING_FEE",
  transfer: "TRANSFER",
  "liquidation-fee": "INSURANCE_CLEAR",
  other: "COIN_SWAP_DEPOSIT",
};
const INCOME_LIMIT = 100;
const TRADES_LIMIT = 500;
const LIMIT_MAX = 1000;
const FORCED = ["autoclose-", "adl_autoclose", "settlement_autoclose-"];

function named(desk: AccountDesk, parameters: Parameters): TradedSymbol | null {
  const symbol = parameters.text("symbol");
  return symbol === null ? null : desk.symbol(symbol);
}

const READ = { access: "signed", kind: "read" } as const;
const FIVE = { ...READ, weight: costs(5) };

/** What the account can be asked: balances, positions, settings, its book. */
export function accountEndpoints(desk: AccountDesk): readonly Endpoint[] {
  return [...balanceReads(desk), ...settingReads(desk), ...bookReads(desk)];
}

function balanceReads(desk: AccountDesk): readonly Endpoint[] {
  const symbol = ["symbol"];
  return [
    { ...FIVE, name: "GET /fapi/v3/account", parameters: [], handle: ({ nowMs }) => accountV3(desk, nowMs) },
    { ...FIVE, name: "GET /fapi/v2/account", parameters: [], handle: ({ nowMs }) => accountV2(desk, nowMs) },
    { ...FIVE, name: "GET /fapi/v3/balance", parameters: [], handle: ({ nowMs }) => balances(desk, nowMs) },
    { ...FIVE, name: "GET /fapi/v2/balance", parameters: [], handle: ({ nowMs }) => balances(desk, nowMs) },
    {
      ...FIVE,
      name: "GET /fapi/v3/positionRisk",
      parameters: symbol,
      handle: ({ parameters }) => positionRiskV3(desk, named(desk, parameters)),
    },
    {
      ...FIVE,
      name: "GET /fapi/v2/positionRisk",
      parameters: symbol,
      handle: ({ parameters }) => positionRiskV2(desk, named(desk, parameters)),
    },
  ];
}

function settingReads(desk: AccountDesk): readonly Endpoint[] {
  const symbol = ["symbol"];
  return [
    {
      ...FIVE,
      name: "GET /fapi/v1/accountConfig",
      parameters: [],
      handle: () => ({
        ...accountRights(desk),
        dualSidePosition: desk.switches.isDual,
        updateTime: 0,
        multiAssetsMargin: false,
        tradeGroupId: -1,
      }),
    },
    {
      ...FIVE,
      name: "GET /fapi/v1/symbolConfig",
      parameters: symbol,
      handle: ({ parameters }) => symbolConfigs(desk, named(desk, parameters)),
    },
    {
      ...READ,
      name: "GET /fapi/v1/leverageBracket",
      parameters: symbol,
      weight: costs(1),
      handle: ({ parameters }) => brackets(desk, named(desk, parameters)),
    },
    {
      ...READ,
      name: "GET /fapi/v1/commissionRate",
      parameters: symbol,
      weight: costs(20),
      handle: ({ parameters }) => commissionRate(desk, desk.symbol(parameters.needed("symbol"))),
    },
  ];
}

function bookReads(desk: AccountDesk): readonly Endpoint[] {
  const symbol = ["symbol"];
  return [
    {
      ...READ,
      name: "GET /fapi/v1/income",
      parameters: ["symbol", "incomeType", "startTime", "endTime", "page", "limit"],
      weight: costs(30),
      handle: (request) => income(desk, request),
    },
    {
      ...FIVE,
      name: "GET /fapi/v1/userTrades",
      parameters: ["symbol", "orderId", "startTime", "endTime", "fromId", "limit"],
      handle: (request) => userTrades(desk, request),
    },
    {
      ...FIVE,
      name: "GET /fapi/v1/adlQuantile",
      parameters: symbol,
      handle: ({ parameters }) => adlRows(desk, named(desk, parameters)),
    },
    {
      ...READ,
      name: "GET /fapi/v1/forceOrders",
      parameters: ["symbol", "autoCloseType", "startTime", "endTime", "limit"],
      weight: costsBySymbol(20, 50),
      handle: (request) => forceOrders(desk, request),
    },
  ];
}

function symbolConfigs(desk: AccountDesk, symbol: TradedSymbol | null): readonly object[] {
  return (symbol === null ? desk.all() : [symbol]).map((traded) => {
    const { leverage, marginType, notionalMaxE8 } = desk.exchange.settings(traded.id);
    return {
      symbol: traded.symbol,
      marginType: marginType === "cross" ? "CROSSED" : "ISOLATED",
      isAutoAddMargin: false,
      leverage,
      maxNotionalValue: String(notionalMaxE8 / 100_000_000n),
    };
  });
}

function brackets(desk: AccountDesk, symbol: TradedSymbol | null): readonly object[] {
  return (symbol === null ? desk.all() : [symbol]).map((traded) => ({
    symbol: traded.symbol,
    brackets: desk.exchange.rules(traded.id).brackets.steps.map((step, index) => ({
      bracket: index + 1,
      initialLeverage: step.leverageMax,
      notionalCap: Number(step.notionalCapE8) / 1e8,
      notionalFloor: Number(step.notionalFloorE8) / 1e8,
      maintMarginRatio: Number(step.maintMarginRatioE8) / 1e8,
      cum: Number(step.cumE8) / 1e8,
    })),
  }));
}

function commissionRate({ settings }: AccountDesk, { symbol }: TradedSymbol): object {
  const text = (ratio: number): string => ratio.toFixed(6);
  return {
    symbol,
    makerCommissionRate: text(settings.fees.makerRatio),
    takerCommissionRate: text(settings.fees.takerRatio),
    rpiCommissionRate: text(settings.fees.makerRatio),
  };
}

interface IncomeWords {
  readonly symbolId: SymbolId | null;
  readonly incomeType: string;
  readonly amountE8: bigint;
  readonly asset: string;
  readonly tranId: bigint;
  readonly tradeId: string | null;
  readonly timeMs: number;
}

/** The account book's lines since a time, in order of time. */
function incomeLines(desk: AccountDesk, startMs: number): readonly IncomeWords[] {
  const own = desk.exchange.income(startMs).map((row) => {
    const tranId = BigInt(row.incomeId);
    return Object.assign({ incomeType: INCOME_TYPES[row.type] ?? "", asset: "USDT", tranId }, row);
  });
  const bnb = desk.purse
    .rows()
    .filter(({ timeMs }) => timeMs >= startMs)
    .map((row) => Object.assign({ incomeType: "COMMISSION", asset: "BNB" }, row));
  return [...own, ...bnb].toSorted((a, b) => a.timeMs - b.timeMs);
}

/** Ascending; without bounds the last ones of seven days, with them however long a time. */
function income(desk: AccountDesk, { parameters, nowMs }: ApiRequest): readonly object[] {
  const symbol = named(desk, parameters);
  const type = parameters.text("incomeType");
  const limit = parameters.limit(INCOME_LIMIT, LIMIT_MAX);
  const page = parameters.integer("page") ?? 1;
  const { startMs, endMs } = boundsOf(parameters, nowMs);
  const rows = incomeLines(desk, startMs)
    .filter((row) => row.timeMs <= endMs)
    .filter((row) => symbol === null || row.symbolId === symbol.id)
    .filter(({ incomeType }) => type === null || incomeType === type);
  const isBounded = parameters.names.includes("startTime") || parameters.names.includes("page");
  const told = isBounded ? rows.slice((page - 1) * limit, page * limit) : rows.slice(-limit);
  return told.map((row) => ({
    symbol: row.symbolId === null ? "" : desk.known(row.symbolId).symbol,
    incomeType: row.incomeType,
    income: money(row.amountE8),
    asset: row.asset,
    info: row.tradeId ?? row.incomeType,
    time: row.timeMs,
    tranId: row.tranId,
    tradeId: row.tradeId ?? "",
  }));
}

/** Ascending by id; `fromId` begins there, without bounds the last ones. */
function userTrades(desk: AccountDesk, { parameters, nowMs }: ApiRequest): readonly object[] {
  const { id } = desk.symbol(parameters.needed("symbol"));
  const limit = parameters.limit(TRADES_LIMIT, LIMIT_MAX);
  const orderId = parameters.id("orderId");
  const fromId = parameters.id("fromId");
  const { startMs, endMs } = spanOf(parameters, nowMs);
  const isFromId = fromId !== null;
  const rows = desk.exchange
    .trades(id, isFromId ? 0 : startMs)
    .filter((trade) => (isFromId ? BigInt(trade.tradeId) >= BigInt(fromId) : trade.timeMs <= endMs))
    .filter((trade) => orderId === null || trade.orderId === orderId);
  const isBounded = isFromId || parameters.names.includes("startTime");
  return (isBounded ? rows.slice(0, limit) : rows.slice(-limit)).map((trade) => tradeRow(desk, trade));
}

function forceOrders(desk: AccountDesk, { parameters, nowMs }: ApiRequest): readonly object[] {
  const symbol = named(desk, parameters);
  const type = parameters.text("autoCloseType");
  const prefixes = type === "LIQUIDATION" ? FORCED.slice(0, 1) : type === "ADL" ? FORCED.slice(1, 2) : FORCED;
  const { startMs, endMs } = spanOf(parameters, nowMs);
  return desk.history
    .orders()
    .filter(({ clientOrderId }) => prefixes.some((prefix) => clientOrderId.startsWith(prefix)))
    .filter((order) => symbol === null || order.symbolId === symbol.id)
    .filter(({ createdMs }) => createdMs >= startMs && createdMs <= endMs)
    .slice(-parameters.limit(50, 100))
    .map((order) => orderRow(desk, order));
}
