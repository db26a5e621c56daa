import type { QtySteps, SymbolId } from "@smcq/kernel";
import type { Fill, OrderRequest, OrderUpdate } from "./orders.ts";

/** A payment that is no trade's: booked as the venue states it. */
export interface Income {
  readonly incomeId: string;
  readonly type: "funding" | "transfer" | "liquidation-fee" | "other";
  readonly symbolId: SymbolId | null;
  /** USDT; positive is ours. */
  readonly amountE8: bigint;
  readonly timeMs: number;
}

/** A line of the venue's own account book: what `Income` tells, and the two lines that every trade has. */
export interface IncomeRow extends Omit<Income, "type"> {
  readonly type: Income["type"] | "realised" | "commission";
  /** The trade that a `realised` or `commission` line is about. */
  readonly tradeId: string | null;
  /** Of a `commission` that was taken in it, and `amountE8` is its worth; absent: USDT. */
  readonly otherAsset?: string;
}

/** What an account pays for a trade in a symbol, as shares of its notional. */
export interface FeeRates {
  readonly takerRatio: number;
  readonly makerRatio: number;
}

/** `isolated`: a position can lose the margin that was set aside for it. `cross`: the whole wallet. */
export type MarginType = "isolated" | "cross";

/** A position as the venue states it; what is flat has none. */
export interface VenuePosition {
  readonly symbolId: SymbolId;
  /** Steps; negative is short. */
  readonly qtySteps: number;
  /** Average price of what is held, price units e8. */
  readonly entryPriceE8: bigint;
  /** Price units e8; null: not told, or none. */
  readonly liquidationPriceE8: bigint | null;
}

/** How an account trades a symbol. */
export interface SymbolSettings {
  readonly symbolId: SymbolId;
  readonly leverage: number;
  readonly marginType: MarginType;
  /** The largest position that the venue allows at this leverage, USDT e8. */
  readonly notionalMaxE8: bigint;
}

/**
 * How near an account's ways of trading are to what the venue bans (its ratios of unfilled, small and cancelled orders:
 * `GET /fapi/v1/apiTradingStatus`, docs/binance.md 4). While one is locked, orders that open are refused.
 */
export interface TradingLimit {
  /** Null: of the whole account. */
  readonly symbolId: SymbolId | null;
  /** The venue's own name, e.g. `UFR`. */
  readonly indicator: string;
  readonly value: number;
  /** From here on the venue may lock. */
  readonly triggerValue: number;
  readonly isLocked: boolean;
  /** When a lock is planned to end, venue ms; null: not told. */
  readonly untilMs: number | null;
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An order that waits at the venue, in the book or beside it; whose it is tells its client id alone. */
export interface OpenOrder {
  readonly request: Without<OrderRequest, "role" | "symbol">;
  readonly orderId: string;
  readonly cumQtySteps: QtySteps;
}

/** What the venue tells of an account by itself. */
export interface AccountListener {
  /** Also of orders that are not ours: a person's, a liquidation's (`autoclose-`), a deleveraging's (`adl_autoclose`). */
  onOrder(update: OrderUpdate): void;
  onIncome(income: Income): void;
  /** The leverage of a symbol is another one now, whoever set it. */
  onLeverage(symbolId: SymbolId, leverage: number): void;
  /**
   * False: words may get lost from now on. True: they come again, and what came between has to be asked for.
   */
  onStream(isLive: boolean): void;
}

/** The account's own words, in the order in which the venue says them; the same word may be said twice. */
export interface AccountStream {
  /** One listener hears everything from now on, `onStream(true)` first; null: nobody does. */
  listen(listener: AccountListener | null): void;
}

/** What a venue can be asked about an account. Times are venue ms, bounds inclusive. */
export type AccountQuery =
  | {
      readonly type: "order";
      readonly symbolId: SymbolId;
      readonly clientOrderId: string;
      readonly isAlgo: boolean;
    }
  | { readonly type: "open-orders" }
  | { readonly type: "positions" }
  | { readonly type: "wallet" }
  | { readonly type: "limits" }
  | { readonly type: "settings"; readonly symbolId: SymbolId }
  | { readonly type: "trades"; readonly symbolId: SymbolId; readonly sinceMs: number }
  | { readonly type: "income"; readonly sinceMs: number };

/**
 * What it answers. `failed`: nothing is known, whatever the reason. An answer may be older than what the stream has told
 * already; `askedMs` is when the question left.
 */
export type AccountAnswer = { readonly query: AccountQuery; readonly askedMs: number } & (
  | {
      readonly type: "order";
      /** Null: the venue knows no such order, yet. `fill` is never told here; ask for the trades. */
      readonly update: OrderUpdate | null;
    }
  | { readonly type: "open-orders"; readonly orders: readonly OpenOrder[] }
  | { readonly type: "positions"; readonly positions: readonly VenuePosition[] }
  | { readonly type: "wallet"; readonly walletE8: bigint }
  | { readonly type: "limits"; readonly limits: readonly TradingLimit[] }
  | { readonly type: "settings"; readonly settings: SymbolSettings }
  | { readonly type: "trades"; readonly fills: readonly Fill[] }
  | { readonly type: "income"; readonly rows: readonly IncomeRow[] }
  | {
      readonly type: "failed";
      readonly text: string;
      /** The venue takes no word of this key: the next question will fare no better. Absent: another reason. */
      readonly refusal?: "KEY_REFUSED";
    }
);

/** The venue's side of the account, for whoever asks. Each question has exactly one answer, later than it or inside it. */
export interface AccountData {
  ask(query: AccountQuery, onAnswer: (answer: AccountAnswer) => void): void;
}
