import type { SymbolId } from "@smcq/kernel";

/** A payment that is no trade's: booked as the venue states it. */
export interface Income {
  readonly incomeId: string;
  readonly type: "funding" | "transfer" | "liquidation-fee" | "other";
  readonly symbolId: SymbolId | null;
  /** USDT; positive is ours. */
  readonly amountE8: bigint;
  readonly timeMs: number;
}

/** What an account pays for a trade in a symbol, as shares of its notional. */
export interface FeeRates {
  readonly takerRatio: number;
  readonly makerRatio: number;
}

/** A position as the venue states it. */
export interface VenuePosition {
  readonly symbolId: SymbolId;
  /** Steps; negative is short. */
  readonly qtySteps: number;
  readonly leverage: number;
}
