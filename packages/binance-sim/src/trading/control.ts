import { parseE8 } from "@smcq/kernel";
import type { HeldPosition, VenueAlgo, VenueOrder } from "@smcq/exchange-sim";
import type { BookedRequest } from "../http/request-book.ts";
import { orThrow } from "./rest/orders.ts";
import type { TradingHalf } from "./trading-half.ts";

/** A price or an amount of USDT: e8, or decimal text. */
export type Decimal = bigint | string;

/** What a test does to the account and its market, and what it sees of them. */
export interface TradingControl {
  /** Held prices: puts a symbol's market somewhere; what the way there reaches happens now. The mark defaults to the last price. */
  move(symbol: string, last: Decimal, mark?: Decimal): void;
  /** A funding time of a symbol, now: longs pay a positive rate. */
  fund(symbol: string, ratio: Decimal): void;
  /** Money comes, or goes (negative). */
  transfer(amount: Decimal): void;
  /** Auto-deleveraging closes the whole position at the mark. */
  deleverage(symbol: string): void;
  /** The private stream's key ends now. */
  expireListenKey(): void;
  walletE8(): bigint;
  /** What commissions are paid in now. */
  feeAsset(): "USDT" | "BNB";
  positions(): readonly HeldPosition[];
  openOrders(): readonly VenueOrder[];
  openAlgos(): readonly VenueAlgo[];
  /** Every request and its answer, the oldest forgotten (`REQUESTS_KEPT_MAX`). */
  requests(): readonly BookedRequest[];
}

export function createTradingControl(half: TradingHalf): TradingControl {
  const { desk, stream } = half;
  const { exchange } = desk;
  return {
    move: (symbol, last, mark = last) => half.move(symbol, e8Of(last), e8Of(mark)),
    fund(symbol, ratio) {
      const { id } = desk.symbol(symbol);
      desk.act(() => exchange.fund(id, e8Of(ratio), desk.nowMs));
    },
    transfer(amount) {
      desk.act(() => orThrow(exchange.transfer(e8Of(amount), desk.nowMs)));
    },
    deleverage(symbol) {
      const { id } = desk.symbol(symbol);
      const held = exchange.positions().find(({ symbolId }) => symbolId === id)?.qtyE8 ?? 0n;
      desk.act(() => exchange.deleverage(id, held < 0n ? -held : held, desk.nowMs));
    },
    expireListenKey: () => stream.expire(desk.nowMs, true),
    feeAsset: () => (desk.purse.isOpen ? "BNB" : "USDT"),
    walletE8: () => exchange.walletE8(),
    positions: () => exchange.positions(),
    openOrders: () => exchange.openOrders(),
    openAlgos: () => exchange.openAlgos(),
    requests: () => half.requests(),
  };
}

function e8Of(value: Decimal): bigint {
  return typeof value === "bigint" ? value : parseE8(value);
}
