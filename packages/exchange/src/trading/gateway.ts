import type { SymbolId } from "@smcq/kernel";
import type { RiskApproved } from "./approved.ts";
import type { Income, VenuePosition } from "./account.ts";
import type { OrderRequest, OrderUpdate, Outcome } from "./orders.ts";

/**
 * The way of orders to a venue. Each call sends once and never again; `onOutcome` hears once what became of it, later
 * than the call or inside it. What an order does afterwards comes through the `AccountStream`.
 */
export interface OrderGateway {
  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void;
  cancel(target: CancelTarget, onOutcome: (outcome: Outcome) => void): void;
  /** Sets the leverage that the symbol's next position opens with. */
  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void;
}

/** The order that is to be taken back; stops live beside the book and are named so. */
export interface CancelTarget {
  readonly symbolId: SymbolId;
  readonly clientOrderId: string;
  readonly isAlgo: boolean;
}

/** What the venue tells of an account by itself. */
export interface AccountListener {
  onOrder(update: OrderUpdate): void;
  onIncome(income: Income): void;
}

/** What the venue says when it is asked. */
export interface AccountData {
  /** Null: there is no such order. */
  order(symbolId: SymbolId, clientOrderId: string): OrderUpdate | null;
  openOrders(): readonly OrderUpdate[];
  positions(): readonly VenuePosition[];
  /** USDT. */
  walletE8(): bigint;
}
