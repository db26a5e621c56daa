import type { AccountData, AccountStream, OrderGateway, TickerFeed } from "@smcq/exchange";
import type { SendingRight } from "@smcq/exchange-binance/trading";
import type { Clock, Logger } from "@smcq/kernel";
import type { DeskMarket } from "./ring-market.ts";
import type { SymbolBook } from "./symbol-book.ts";

/** Who carries orders out, for records and display. */
export type OrdersName = "sim-gateway" | "binance-sim" | "binance-demo" | "binance";

/** An account that a run may trade on, before the run has a market. */
export interface TradingAccount {
  readonly orders: OrdersName;
  /** What it held when it was opened, USDT e8. */
  readonly walletE8: bigint;
  /** When the venue had told it, venue ms; absent: nothing moves it before the run. */
  readonly walletMs?: number;
  /** Whose account it is, the same in every process and for every key of it; null: it ends with the process. */
  readonly fingerprint: string | null;
  open(run: AccountRun): DeskAccount;
  /** Ends what it needs of the world, opened for a run or not. Idempotent. */
  close(): Promise<void>;
}

/** What a run has for its account. */
export interface AccountRun {
  readonly market: DeskMarket;
  readonly symbols: SymbolBook;
  readonly tickers: Pick<TickerFeed, "follow">;
}

/** What an account needs of the run. */
export interface AccountDeps {
  /** The venue's time. */
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** What an account needs before the run has a market. */
export interface AccountWish extends AccountDeps {
  /** Symbols that the run will watch. */
  readonly watched: readonly string[];
  /** Where several hosts share it: whether this one may send, and whose orders are of those that had it before. */
  readonly duty?: AccountDuty;
}

/** What an account has to know of the hosts that share it. */
export interface AccountDuty {
  readonly right: SendingRight;
  /** Whether an engine of this id had the account before. */
  isPredecessor(engineId: string): boolean;
  /** Resolves when nothing of whoever had it before can take effect any more: nothing that changes it is sent before. */
  untilMayAct(): Promise<void>;
}

/** The account that a run trades on, whatever is behind it. */
export interface DeskAccount {
  readonly gateway: OrderGateway & AccountStream & AccountData;
  /** The account is followed, by what its gateway needs beside its listener. */
  start(): void;
  /** Nothing is sent or heard any more. */
  stop(): Promise<void>;
}
