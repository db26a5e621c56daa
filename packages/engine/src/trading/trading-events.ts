import type {
  AccountAnswer,
  AccountQuery,
  FeeRates,
  Income,
  OrderRequest,
  OrderUpdate,
  Outcome,
  Refusal,
  RiskApproved,
  TradingRules,
} from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { Receipt } from "@smcq/risk";
import type { EngineOptions } from "../options.ts";
import type { SetupCode } from "../signal.ts";

/** The best bid and ask of a symbol, price units. */
export interface Quote {
  readonly symbolId: SymbolId;
  readonly bid: number;
  readonly ask: number;
}

/** What happened on the side of orders and money. */
export type TradingInput =
  /** A symbol may be traded by these rules from now on. */
  | {
      readonly type: "instrument";
      readonly symbolId: SymbolId;
      readonly symbol: string;
      readonly rules: TradingRules;
      readonly fees: FeeRates;
      /** When the venue delivers it, which is its end, venue ms; absent: it has told of no end. */
      readonly deliveryMs?: number;
    }
  | { readonly type: "quotes"; readonly quotes: readonly Quote[] }
  /** A minute has closed: the last prices of what is held. `closeMs` is its end. */
  | {
      readonly type: "minute";
      readonly closeMs: number;
      readonly marks: readonly { readonly symbolId: SymbolId; readonly priceE8: bigint }[];
    }
  /** What became of sending an order. */
  | { readonly type: "order-outcome"; readonly clientOrderId: string; readonly outcome: Outcome }
  | { readonly type: "order-update"; readonly update: OrderUpdate }
  | { readonly type: "income"; readonly income: Income }
  /** What the venue answered to an `ask`. */
  | { readonly type: "answer"; readonly answer: AccountAnswer }
  /** The leverage of a symbol is another one now, whoever set it. */
  | { readonly type: "leverage"; readonly symbolId: SymbolId; readonly leverage: number }
  /** What became of asking for a leverage. */
  | {
      readonly type: "leverage-outcome";
      readonly symbolId: SymbolId;
      readonly leverage: number;
      readonly outcome: Outcome;
    }
  /** Words of the account come (again), or may get lost from now on. */
  | { readonly type: "account-stream"; readonly isLive: boolean }
  /**
   * The process is another one than before, and has become what its journal says: what was under way with that one may be
   * lost, and what streams and disk said last was said to it. It goes on with its own settings.
   */
  | { readonly type: "restarted"; readonly engine: EngineOptions }
  /** The journal is kept in time (again), or its rows wait for a disk that is full, slow, locked or gone. */
  | { readonly type: "ledger-health"; readonly isSound: boolean }
  /** The venue's time is known (again), or nobody can rely on it from now on. */
  | { readonly type: "clock-health"; readonly isSound: boolean }
  /** This host may (again) trade on the account, or another one may: nothing is sent from now on (docs/lease.md). */
  | { readonly type: "account-lease"; readonly isHeld: boolean }
  /** No bar of the symbol comes any more: what is held of it is closed at the last price. */
  | { readonly type: "data-ended"; readonly symbolId: SymbolId };

/**
 * Why an approved entry came to nothing: the venue refused it, its leverage was not confirmed in time, or it ended without a
 * fill (a resting one that expired, one that the venue never got).
 */
export type EntryFailure = Refusal | "LEVERAGE_UNCONFIRMED" | "UNFILLED";

/** Why a position was left. */
export type ExitReason =
  | "stop"
  | "target"
  | "stagnation"
  | "time"
  | "delist"
  | "daily-loss"
  | "drawdown"
  | "operator"
  | "unguarded"
  /** The venue took it: the margin was used up, or others' losses were to be covered. */
  | "liquidation"
  | "adl"
  /** A person did, or nobody knows who. */
  | "external"
  | "end-of-data";

/** A closed round trip. Money in USDT e8, prices in units of the symbol. */
export interface TradeRecord {
  readonly tradeId: number;
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly side: 1 | -1;
  /** 0: adopted, nobody of ours opened it. */
  readonly setup: SetupCode | 0;
  readonly score: number;
  readonly signalMs: number;
  readonly entryMs: number;
  readonly entryPrice: number;
  readonly qtySteps: number;
  readonly stopTicks: number;
  readonly targetTicks: number;
  readonly exitMs: number;
  readonly exitPrice: number;
  readonly reason: ExitReason;
  readonly feesE8: bigint;
  readonly fundingE8: bigint;
  readonly pnlE8: bigint;
  /** Result in stop distances. */
  readonly r: number;
  readonly riskRatio: number;
  readonly boundBy: string;
  /** How much worse than the price that was decided on the entry was filled, share of that price; null: it did not take. */
  readonly entrySlippage: number | null;
  /** The same of its stop's fill against the stop's price; null: it was not left by its stop. */
  readonly stopSlippage: number | null;
}

/** A decision of a signal above the threshold, with the numbers it was made with. */
export interface DecisionRecord {
  readonly timeMs: number;
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly side: 1 | -1;
  readonly setup: SetupCode;
  readonly score: number;
  readonly receipt: Receipt;
}

export const TRADING_STATES = ["ACTIVE", "REDUCING", "HALTED"] as const;
export type TradingState = (typeof TRADING_STATES)[number];

export const HALT_REASONS = [
  "drawdown",
  "operator",
  "liquidation",
  "protection",
  "key-refused",
  "hedge-mode",
  "second-engine",
] as const;
/** Why nothing is entered until a person resumes (docs/trading.md 9). */
export type HaltReason = (typeof HALT_REASONS)[number];

export const REDUCE_REASONS = [
  "account-stream",
  "outcome-unknown",
  "account-doubtful",
  "protection",
  "unknown-symbol",
  "ledger",
  "stop-slots",
  "liquidation-near",
  "trading-locked",
  "account-lease",
] as const;
/** Why nothing is entered for now. */
export type ReduceReason = (typeof REDUCE_REASONS)[number];

/** What the core wants done on the side of orders and money. */
export type TradingCommand =
  | { readonly type: "submit"; readonly order: RiskApproved<OrderRequest> }
  | {
      readonly type: "cancel";
      readonly symbolId: SymbolId;
      readonly clientOrderId: string;
      readonly isAlgo: boolean;
    }
  /** Ask the venue about the account; the answer comes back as an event. */
  | { readonly type: "ask"; readonly query: AccountQuery }
  | { readonly type: "set-leverage"; readonly symbolId: SymbolId; readonly leverage: number }
  | { readonly type: "decided"; readonly decision: DecisionRecord }
  /** An approved entry is over, and nothing of it has filled. */
  | {
      readonly type: "entry-failed";
      readonly symbolId: SymbolId;
      readonly tradeId: number;
      readonly reason: EntryFailure;
    }
  | { readonly type: "trade-closed"; readonly trade: TradeRecord }
  /** A payment of a closed trade, or a trade that closed it, was told late: its record as it is now. */
  | { readonly type: "trade-corrected"; readonly trade: TradeRecord }
  | {
      readonly type: "equity";
      readonly closeMs: number;
      readonly walletE8: bigint;
      readonly equityE8: bigint;
    }
  | { readonly type: "state"; readonly state: TradingState; readonly reasons: readonly string[] };
