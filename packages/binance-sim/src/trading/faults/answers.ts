import type { Endpoint } from "../../http/endpoint.ts";
import type { AccountDesk } from "../account-desk.ts";
import { positionRiskV3 } from "../rest/account-words.ts";
import { money } from "../words.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Strikes } from "./strikes.ts";

type Row = Readonly<Record<string, unknown>>;

const TRANSFER_LATE_MS = 5_000;

/** What the account's answers say instead of the truth. */
export class FalseAnswers {
  readonly #desk: AccountDesk;
  readonly #strikes: Strikes;
  /** EX38: orders that are told as expired. */
  readonly #denied: Deadlines;
  #frozen: { readonly rows: unknown; readonly untilMs: number } | null = null;
  /** AC15: the share of the balance that is told, percent. */
  #poor: { readonly percent: bigint; readonly untilMs: number } | null = null;

  constructor(desk: AccountDesk, strikes: Strikes, denied: Deadlines) {
    this.#desk = desk;
    this.#strikes = strikes;
    this.#denied = denied;
  }

  /** A new plan: the truth is told. */
  restart(): void {
    this.#frozen = null;
    this.#poor = null;
  }

  /** Positions are told as they are now (PR16). */
  freeze(untilMs: number): void {
    this.#frozen = { rows: positionRiskV3(this.#desk, null), untilMs };
  }

  /** A balance is told as so much of it. */
  impoverish(percent: bigint, untilMs: number): void {
    this.#poor = { percent, untilMs };
  }

  change({ name }: Endpoint, value: unknown): unknown {
    switch (name) {
      case "GET /fapi/v3/positionRisk":
        return this.#positions(value);
      case "GET /fapi/v3/balance":
        return this.#balance(value as readonly Row[]);
      case "GET /fapi/v1/openAlgoOrders":
        return this.#algos(value as readonly Row[]);
      case "GET /fapi/v1/order":
        return this.#order(value as Row);
      case "GET /fapi/v1/userTrades":
        return this.#reversed(this.#readable(value as readonly Row[]));
      case "GET /fapi/v1/income":
        return this.#reversed(this.#booked(value as readonly Row[]));
      default:
        return value;
    }
  }

  #positions(value: unknown): unknown {
    const { nowMs } = this.#desk;
    if (this.#frozen !== null && nowMs < this.#frozen.untilMs) return this.#frozen.rows;
    const kind = this.#strikes.value("PR13", "kind");
    if (kind === 3 || !this.#strikes.next("PR13")) return value;
    const rows = value as readonly Row[];
    if ((kind || 1 + this.#strikes.pick("PR13", 2)) === 1) return [...rows, unknownPosition(nowMs)];
    return rows.map((row) => Object.assign({}, row, { entryPrice: "0" }));
  }

  #balance(rows: readonly Row[]): readonly Row[] {
    const { exchange, nowMs } = this.#desk;
    if (this.#poor === null || nowMs >= this.#poor.untilMs) return rows;
    const told = money((exchange.walletE8() * this.#poor.percent) / 100n);
    return rows.map((row) =>
      row["asset"] === "USDT" ? { ...row, balance: told, crossWalletBalance: told } : row,
    );
  }

  #algos(rows: readonly Row[]): readonly Row[] {
    const kind = this.#strikes.value("PR13", "kind");
    const [traded] = this.#desk.listed();
    if (kind === 1 || kind === 2 || traded === undefined || !this.#strikes.next("PR13")) return rows;
    return [...rows, unknownAlgo(traded.symbol, this.#desk.nowMs)];
  }

  #order(row: Row): Row {
    if (!this.#denied.holds(String(row["orderId"]), this.#desk.nowMs)) return row;
    return { ...row, status: "EXPIRED", executedQty: "0", cumQuote: "0", avgPrice: "0" };
  }

  /** Without what is too young to be told yet. */
  #readable(rows: readonly Row[]): readonly Row[] {
    const { nowMs } = this.#desk;
    const told = (lagMs: number): readonly Row[] =>
      rows.filter((row) => Number(row["time"]) <= nowMs - lagMs);
    if (this.#strikes.isOn("AC18")) return told(this.#strikes.value("AC18", "lag"));
    const known = told(this.#strikes.value("PR11", "lag"));
    return known.length < rows.length && this.#strikes.next("PR11") ? known : rows;
  }

  #booked(rows: readonly Row[]): readonly Row[] {
    const { nowMs } = this.#desk;
    const lateMs: Readonly<Record<string, number>> = {
      FUNDING_FEE: this.#strikes.value("AC17", "late"),
      TRANSFER: this.#strikes.isOn("AC15") ? TRANSFER_LATE_MS : 0,
    };
    return rows.filter((row) => Number(row["time"]) <= nowMs - (lateMs[String(row["incomeType"])] ?? 0));
  }

  #reversed(rows: readonly Row[]): readonly Row[] {
    return this.#strikes.isOn("AC19") ? rows.toReversed() : rows;
  }
}

function unknownPosition(updateTime: number): Row {
  return {
    symbol: "UNLISTEDUSDT",
    positionSide: "BOTH",
    positionAmt: "1.0",
    entryPrice: "1.0",
    breakEvenPrice: "1.0",
    markPrice: "1.00000000",
    unRealizedProfit: "0.00000000",
    liquidationPrice: "0",
    isolatedMargin: "0.00000000",
    notional: "1.00000000",
    marginAsset: "USDT",
    isolatedWallet: "0.00000000",
    initialMargin: "0.05000000",
    maintMargin: "0.00500000",
    positionInitialMargin: "0.05000000",
    openOrderInitialMargin: "0",
    adl: 1,
    bidNotional: "0",
    askNotional: "0",
    updateTime,
  };
}

/** Of a type that nobody knows, and with "" for the order that it has not become. */
function unknownAlgo(symbol: string, createTime: number): Row {
  return {
    algoId: 1n,
    clientAlgoId: "web_unknown",
    algoType: "CONDITIONAL",
    orderType: "VENUE_NEW_TYPE",
    symbol,
    side: "SELL",
    positionSide: "BOTH",
    timeInForce: "GTC",
    quantity: "0",
    algoStatus: "NEW",
    triggerPrice: "0",
    price: "0",
    icebergQuantity: null,
    selfTradePreventionMode: "EXPIRE_MAKER",
    workingType: "CONTRACT_PRICE",
    priceMatch: "NONE",
    closePosition: false,
    priceProtect: false,
    reduceOnly: false,
    activatePrice: "",
    callbackRate: "",
    createTime,
    updateTime: createTime,
    triggerTime: 0,
    goodTillDate: 0,
    actualOrderId: "",
    actualPrice: "0",
    actualQty: "0",
    actualType: "",
    tpOrderType: "",
  };
}
