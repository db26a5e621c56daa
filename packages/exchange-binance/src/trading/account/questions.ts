import type {
  AccountAnswer,
  AccountQuery,
  Fill,
  IncomeRow,
  SymbolSettings,
  TradingLimit,
} from "@smcq/exchange";
import { errorMessage, numberToE8, parseE8, SmcqError, type SymbolId } from "@smcq/kernel";
import { z } from "zod";
import { BinanceErrorCode } from "../../errors.ts";
import type { QueryParameters } from "../../rest/query.ts";
import { HISTORY_WINDOW_MS, ORDER_LAG_MS_MAX } from "../limits.ts";
import { ALGO_PATH, ORDER_PATH } from "../orders/order-form.ts";
import { type SymbolDirectory, stepsOf, ticksOf, type TradedSymbol } from "../symbols.ts";
import type { SignedRest } from "../wire/signed-rest.ts";
import type { Verdict } from "../wire/verdict.ts";
import type { FeeBook } from "./fee-book.ts";
import { type AssetRow, incomeRows } from "./income-rows.ts";
import type { OrderNames } from "./order-names.ts";
import { allPages } from "./pages.ts";
import type { Deal } from "./words.ts";
import {
  AlgoRecordSchema,
  BalanceRecordSchema,
  BracketRecordSchema,
  TradingStatusSchema,
  OrderRecordSchema,
  PositionRecordSchema,
  SymbolConfigRecordSchema,
  TradeRecordSchema,
} from "./record-schemas.ts";
import {
  openOrderOf,
  openStopOf,
  positionOf,
  type TradeRecord,
  updateOfAlgo,
  updateOfOrder,
} from "./records.ts";

/** The venue's word for an order that it does not know (yet). */
const NO_SUCH_ORDER = -2013;

interface Request {
  readonly path: string;
  readonly parameters?: QueryParameters;
  readonly weight: number;
  readonly isReserved?: boolean;
}

interface TradeRow {
  readonly record: TradeRecord;
  readonly timeMs: number;
}

export interface QuestionsParts {
  readonly rest: SignedRest;
  readonly symbols: SymbolDirectory;
  readonly names: OrderNames;
  readonly fees: FeeBook;
  /** Counts records that were left out: of unknown symbols, or no order that the port knows. */
  readonly onSkipped: (what: string) => void;
}

/** Asks the venue about the account by REST, once each, and puts the answers into the port's words. */
export class AccountQuestions {
  readonly #rest: SignedRest;
  readonly #symbols: SymbolDirectory;
  readonly #names: OrderNames;
  readonly #fees: FeeBook;
  readonly #onSkipped: (what: string) => void;

  constructor({ rest, symbols, names, fees, onSkipped }: QuestionsParts) {
    this.#rest = rest;
    this.#symbols = symbols;
    this.#names = names;
    this.#fees = fees;
    this.#onSkipped = onSkipped;
  }

  /** The one answer; whatever fails is `failed`. `askedMs` is when the question came, before anything left. */
  async ask(query: AccountQuery, askedMs: number): Promise<AccountAnswer> {
    try {
      return await this.#answer(query, askedMs);
    } catch (error) {
      const text = error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error);
      const failed = { type: "failed", query, askedMs, text: this.#rest.scrub(text).slice(0, 500) } as const;
      return isOfKey(error) ? { ...failed, refusal: "KEY_REFUSED" } : failed;
    }
  }

  /** Rows of the account book since an instant, in every asset. */
  income(sinceMs: number): Promise<readonly AssetRow[]> {
    return allPages({
      sinceMs,
      nowMs: this.#rest.nowMs(),
      windowMs: HISTORY_WINDOW_MS,
      idOf: ({ incomeId }) => incomeId,
      fetch: async (bounds) => {
        const request = { path: "/fapi/v1/income", parameters: bounds, weight: 30 };
        return incomeRows(await this.#get(request), this.#symbols);
      },
    });
  }

  /** The client id of a conditional order; null: the venue does not tell. */
  async nameOfAlgo(algoId: string): Promise<string | null> {
    const parameters = { algoId };
    const body = await this.#find({ path: ALGO_PATH, parameters, weight: 1, isReserved: true });
    if (body === null) return null;
    const { clientAlgoId } = AlgoRecordSchema.parse(body);
    this.#names.noteAlgo(algoId, clientAlgoId);
    return clientAlgoId === "" ? null : clientAlgoId;
  }

  async #answer(query: AccountQuery, askedMs: number): Promise<AccountAnswer> {
    switch (query.type) {
      case "order":
        return { type: "order", query, askedMs, update: await this.#order(query) };
      case "open-orders":
        return { type: "open-orders", query, askedMs, orders: await this.#openOrders() };
      case "positions":
        return { type: "positions", query, askedMs, positions: await this.#positions() };
      case "wallet":
        return { type: "wallet", query, askedMs, walletE8: await this.#wallet() };
      case "limits":
        return { type: "limits", query, askedMs, limits: await this.#limits() };
      case "settings":
        return { type: "settings", query, askedMs, settings: await this.#settings(query.symbolId) };
      case "trades": {
        const fills = await this.#trades(this.#symbolOf(query.symbolId), query.sinceMs);
        return { type: "trades", query, askedMs, fills };
      }
      case "income":
        return { type: "income", query, askedMs, rows: await this.#income(query.sinceMs) };
      default:
        return query satisfies never;
    }
  }

  async #order({ symbolId, clientOrderId, isAlgo }: Extract<AccountQuery, { type: "order" }>) {
    const symbol = this.#symbolOf(symbolId);
    const parameters = isAlgo
      ? { clientAlgoId: clientOrderId }
      : { symbol: symbol.symbol, origClientOrderId: clientOrderId };
    const path = isAlgo ? ALGO_PATH : ORDER_PATH;
    const body = await this.#find({ path, parameters, weight: 1, isReserved: true });
    if (body === null) return null;
    if (isAlgo) {
      const record = AlgoRecordSchema.parse(body);
      this.#names.noteAlgo(record.algoId, record.clientAlgoId);
      this.#names.noteOrder(symbolId, record.actualOrderId, record.clientAlgoId);
      return updateOfAlgo(record, symbol);
    }
    const record = OrderRecordSchema.parse(body);
    this.#names.noteOrder(symbolId, record.orderId, record.clientOrderId);
    return updateOfOrder(record, symbol);
  }

  async #openOrders() {
    const [orders, algos] = await Promise.all([
      this.#get({ path: "/fapi/v1/openOrders", weight: 40, isReserved: true }),
      this.#get({ path: "/fapi/v1/openAlgoOrders", weight: 40, isReserved: true }),
    ]);
    const resting = this.#each(orders, OrderRecordSchema, (record, symbol) => {
      const name = this.#names.order(symbol.symbolId, record.orderId) ?? record.clientOrderId;
      const open = openOrderOf({ ...record, clientOrderId: name }, symbol);
      if (open === null) this.#onSkipped(`order of type ${record.type}`);
      return open;
    });
    const stops = this.#each(algos, AlgoRecordSchema, (record, symbol) => {
      this.#names.noteAlgo(record.algoId, record.clientAlgoId);
      const open = openStopOf(record, symbol);
      if (open === null) this.#onSkipped(`conditional order of type ${record.orderType || record.type}`);
      return open;
    });
    return [...resting, ...stops];
  }

  async #positions() {
    const body = await this.#get({ path: "/fapi/v3/positionRisk", weight: 5, isReserved: true });
    return this.#each(body, PositionRecordSchema, positionOf);
  }

  async #wallet(): Promise<bigint> {
    const body = await this.#get({ path: "/fapi/v3/balance", weight: 5, isReserved: true });
    const usdt = z
      .array(BalanceRecordSchema)
      .parse(body)
      .find(({ asset }) => asset === "USDT");
    // An answer without the asset is no empty wallet (AC15).
    if (usdt === undefined) throw new RangeError("the balance has no USDT");
    return parseE8(usdt.balance);
  }

  /** Indicators of symbols that the run does not follow are nobody's; `ACCOUNT` is the whole account's. */
  async #limits(): Promise<readonly TradingLimit[]> {
    const body = await this.#get({ path: "/fapi/v1/apiTradingStatus", weight: 10 });
    return Object.entries(TradingStatusSchema.parse(body).indicators).flatMap(([name, indicators]) => {
      const symbolId = name === "ACCOUNT" ? null : this.#symbols.bySymbol(name)?.symbolId;
      if (symbolId === undefined) return [];
      return indicators.map(({ indicator, isLocked, plannedRecoverTime, value, triggerValue }) => ({
        symbolId,
        indicator,
        value,
        triggerValue,
        isLocked,
        untilMs: isLocked && plannedRecoverTime > 0 ? plannedRecoverTime : null,
      }));
    });
  }

  async #settings(symbolId: SymbolId): Promise<SymbolSettings> {
    const { symbol } = this.#symbolOf(symbolId);
    const parameters = { symbol };
    const [configs, brackets] = await Promise.all([
      this.#get({ path: "/fapi/v1/symbolConfig", parameters, weight: 5, isReserved: true }),
      this.#get({ path: "/fapi/v1/leverageBracket", parameters, weight: 1, isReserved: true }),
    ]);
    const config = listOf(configs, SymbolConfigRecordSchema).find((record) => record.symbol === symbol);
    if (config === undefined) throw new RangeError(`symbolConfig does not tell of ${symbol}`);
    const { leverage } = config;
    const caps =
      listOf(brackets, BracketRecordSchema).find((record) => record.symbol === symbol)?.brackets ?? [];
    const allowed = caps.filter(({ initialLeverage }) => leverage <= initialLeverage);
    const told = /^\d+(\.\d+)?$/.test(config.maxNotionalValue) ? [Number(config.maxNotionalValue)] : [];
    const bracketCap =
      allowed.length === 0 ? [] : [Math.max(...allowed.map(({ notionalCap }) => notionalCap))];
    if (told.length + bracketCap.length === 0)
      throw new RangeError(`nobody tells the largest position of ${symbol}`);
    return {
      symbolId,
      leverage,
      marginType: config.marginType.toUpperCase() === "ISOLATED" ? "isolated" : "cross",
      notionalMaxE8: numberToE8(Math.min(...told, ...bracketCap)),
    };
  }

  async #trades(traded: TradedSymbol, sinceMs: number): Promise<readonly Fill[]> {
    const { symbolId, symbol, rules } = traded;
    const rows = await allPages<TradeRow>({
      sinceMs,
      nowMs: this.#rest.nowMs(),
      windowMs: HISTORY_WINDOW_MS,
      idOf: ({ record }) => record.id,
      fetch: async (bounds) => {
        const parameters = { symbol, ...bounds };
        const request = { path: "/fapi/v1/userTrades", parameters, weight: 5, isReserved: true };
        const body = await this.#get(request);
        const records = z.array(TradeRecordSchema).parse(body);
        return records.map((record) => ({ record, timeMs: record.time }));
      },
    });
    const fills: Fill[] = [];
    for (const { record } of rows) {
      const deal: Deal = {
        tradeId: record.id,
        clientOrderId: await this.#nameOfOrder(record, traded),
        symbolId,
        side: record.side === "BUY" ? 1 : -1,
        priceTicks: ticksOf(record.price, rules),
        qtySteps: stepsOf(record.qty, rules),
        isMaker: record.maker,
        timeMs: record.time,
      };
      const commission = { asset: record.commissionAsset, amountE8: parseE8(record.commission) };
      fills.push({ ...deal, ...this.#fees.costOf(commission, deal) });
    }
    return fills;
  }

  /**
   * Trades name their order by the venue's id alone. One that the venue does not know is somebody else's, once it is older
   * than any lag: a name of ours would be known from its ack or its words.
   */
  async #nameOfOrder(record: TradeRecord, { symbolId, symbol }: TradedSymbol): Promise<string> {
    const { orderId, time } = record;
    const known = this.#names.order(symbolId, orderId);
    if (known !== undefined) return known;
    const request = { path: ORDER_PATH, parameters: { symbol, orderId }, weight: 1, isReserved: true };
    const body = await this.#find(request);
    if (body === null && this.#rest.nowMs() - time > ORDER_LAG_MS_MAX) return `venue-${orderId}`;
    if (body === null)
      throw failedCall(ORDER_PATH, {
        outcome: "UNKNOWN_ORDER",
        text: "the order of a trade is not told yet",
      });
    const { clientOrderId } = OrderRecordSchema.parse(body);
    this.#names.noteOrder(symbolId, orderId, clientOrderId);
    return clientOrderId;
  }

  /** What moved the USDT wallet: rows in another asset moved another one. */
  async #income(sinceMs: number): Promise<readonly IncomeRow[]> {
    const rows = await this.income(sinceMs);
    const own = rows.filter(({ asset }) => asset === "USDT" || asset === "");
    if (own.length < rows.length) this.#onSkipped("income in another asset");
    return own.map(({ incomeId, type, symbolId, amountE8, timeMs, tradeId }) => ({
      incomeId,
      type,
      symbolId,
      amountE8,
      timeMs,
      tradeId,
    }));
  }

  #each<Schema extends z.ZodType<{ symbol: string }>, Value>(
    body: unknown,
    schema: Schema,
    read: (record: z.infer<Schema>, symbol: TradedSymbol) => Value | null,
  ): readonly Value[] {
    const values: Value[] = [];
    for (const record of z.array(schema).parse(body)) {
      const symbol = this.#symbols.bySymbol(record.symbol);
      const value = symbol === null ? null : read(record, symbol);
      if (value !== null) values.push(value);
      else if (symbol === null) this.#onSkipped(`record of an unknown symbol ${record.symbol}`);
    }
    return values;
  }

  #symbolOf(symbolId: SymbolId): TradedSymbol {
    const symbol = this.#symbols.byId(symbolId);
    if (symbol === null) throw new RangeError(`symbol ${symbolId} is unknown`);
    return symbol;
  }

  /** The body of a GET; null: the venue knows no such order. */
  async #find(request: Request): Promise<unknown> {
    const result = await this.#rest.send({ method: "GET", ...request });
    if (result.isOk) return result.body;
    if (result.verdict.code === NO_SUCH_ORDER) return null;
    throw failedCall(request.path, result.verdict);
  }

  async #get(request: Request): Promise<unknown> {
    const result = await this.#rest.send({ method: "GET", ...request });
    if (result.isOk) return result.body;
    throw failedCall(request.path, result.verdict);
  }
}

function failedCall(path: string, { outcome, text }: Pick<Verdict, "outcome" | "text">): SmcqError {
  const code = outcome === "KEY_REFUSED" ? BinanceErrorCode.KeyRefused : BinanceErrorCode.Refused;
  return new SmcqError(code, `GET ${path}: ${text}`, { context: { path } });
}

function isOfKey(error: unknown): boolean {
  return error instanceof SmcqError && error.code === BinanceErrorCode.KeyRefused;
}

/** Some answers are an array, and an object when one symbol was asked for. */
function listOf<Schema extends z.ZodType>(body: unknown, schema: Schema): readonly z.infer<Schema>[] {
  return z.array(schema).parse(Array.isArray(body) ? body : [body]);
}
