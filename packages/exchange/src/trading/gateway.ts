import type { SymbolId } from "@smcq/kernel";
import type { MarginType } from "./account.ts";
import type { RiskApproved } from "./approved.ts";
import type { OrderRequest, Outcome } from "./orders.ts";

/**
 * The way of orders to a venue. Each call sends once and never again; `onOutcome` hears once what became of it, later
 * than the call or inside it. What an order does afterwards comes through the `AccountStream`, before or after that.
 */
export interface OrderGateway {
  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void;
  cancel(target: CancelTarget, onOutcome: (outcome: Outcome) => void): void;
  /** Sets the leverage that the symbol's next position opens with. */
  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void;
  /** What the symbol has already is acked; refused while something is held or rests there. */
  setMarginType(symbolId: SymbolId, marginType: MarginType, onOutcome: (outcome: Outcome) => void): void;
}

/** The order that is to be taken back; stops live beside the book and are named so. */
export interface CancelTarget {
  readonly symbolId: SymbolId;
  readonly clientOrderId: string;
  readonly isAlgo: boolean;
}
