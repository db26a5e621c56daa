import type {
  AccountAnswer,
  AccountQuery,
  CancelTarget,
  OrderRequest,
  Outcome,
  RiskApproved,
} from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";

/** Fields of a bar (`BAR_FIELDS`) that a venue looks at. */
export const BarField = { Open: 1, High: 2, Low: 3, Close: 4, Volume: 5 } as const;
export type BarField = (typeof BarField)[keyof typeof BarField];

/** The stored bars of a run, by symbol number. */
export interface Bars {
  /** The symbol's bar that opens at `timeMs`; -1: it has none. */
  at(symbolId: SymbolId, timeMs: number): number;
  /** The symbol's last bar that opens before `timeMs`; -1: there is none. */
  before(symbolId: SymbolId, timeMs: number): number;
  valueE8(symbolId: SymbolId, bar: number, field: BarField): bigint;
  isLast(symbolId: SymbolId, bar: number): boolean;
}

/** A funding time of a symbol. */
export interface FundingDue {
  readonly symbolId: SymbolId;
  readonly timeMs: number;
  /** Share of the notional that longs pay to shorts; negative: shorts pay. */
  readonly rateE8: bigint;
}

/** What a venue needs of the run that it is part of. */
export interface BacktestRun {
  readonly bars: Bars;
  /** Symbols with a trade of the core, by number. */
  readonly heldIds: () => readonly SymbolId[];
  /** Time goes on to `timeMs`, and what is due by then is due. */
  readonly moveTo: (timeMs: number) => void;
  /** Lets the core hear everything that has been said. */
  readonly drain: () => void;
  /** The core learns that a symbol has no more bars. */
  readonly dataEnded: (symbolId: SymbolId) => void;
}

/** The venue of a backtest, in one of the fidelities of docs/trading.md 7. */
export interface BacktestVenue {
  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void;
  cancel(target: CancelTarget): void;
  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void;
  ask(query: AccountQuery, onAnswer: (answer: AccountAnswer) => void): void;
  /** Lets the minute that opens at `timeMs` pass, what falls due with its open first. */
  pass(timeMs: number, funding: readonly FundingDue[]): void;
  /** All data have ended: what is still on its way arrives. */
  finish(): void;
  /** USDT e8, as the venue states it. */
  walletE8(): bigint;
}
