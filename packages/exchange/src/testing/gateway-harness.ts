import type { SymbolId } from "@smcq/kernel";
import type { AccountData, AccountStream } from "../trading/account.ts";
import type { OrderGateway } from "../trading/gateway.ts";
import type { TradingRules } from "../trading/trading-rules.ts";

/** What a venue can be made to do to an account by itself. */
export type VenueAct =
  /** A funding time: longs pay this share of the notional at the mark; negative: shorts do. */
  | { readonly type: "funding"; readonly symbolId: SymbolId; readonly ratio: number }
  /** USDT e8 that come, or go (negative). */
  | { readonly type: "transfer"; readonly amountE8: bigint }
  /** The venue closes what is held of a symbol. */
  | { readonly type: "deleverage"; readonly symbolId: SymbolId };

/** A symbol of the harness, flat and with nothing waiting. */
export interface HarnessSymbol {
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly rules: TradingRules;
}

/** A gateway wired to a venue whose market and acts are the suite's to make; one harness serves one case. */
export interface GatewayHarness {
  readonly gateway: OrderGateway;
  readonly stream: AccountStream;
  readonly data: AccountData;
  /**
   * At least two, that trade at a price of 1,000 ticks or more; cross margin, leverage 10. An order of ten times the least
   * size the venue takes at once as a whole, and the account can pay fifty of those.
   */
  readonly symbols: readonly HarnessSymbol[];
  readonly startWalletE8: bigint;
  /** Venue ms. */
  nowMs(): number;
  /** Last price of a symbol, ticks; the mark is the same. */
  lastTicks(symbolId: SymbolId): number;
  /** Moves last price and mark of a symbol in one jump; resolves when the venue has done it. */
  move(symbolId: SymbolId, ticks: number): void | Promise<void>;
  act(act: VenueAct): void | Promise<void>;
  /** Resolves when nothing is on its way any more, in either direction. */
  settle(): Promise<void>;
  /** Frees what the harness holds. */
  dispose(): void | Promise<void>;
}
