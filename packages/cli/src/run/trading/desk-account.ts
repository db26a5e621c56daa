import type { AccountData, AccountStream, OrderGateway, TradingRules } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";

/** Who carries orders out, for records and display. */
export type OrdersName = "sim-gateway" | "binance-sim";

/** The account that a run trades on, whatever is behind it. */
export interface DeskAccount {
  readonly name: OrdersName;
  readonly gateway: OrderGateway & AccountStream & AccountData;
  /** From now on the symbol is traded by these rules; once for each. */
  list(symbolId: SymbolId, rules: TradingRules): void;
  /** The account is followed, by what its gateway needs beside its listener. */
  start(): void;
  /** Nothing is sent or heard any more. */
  stop(): Promise<void>;
}
