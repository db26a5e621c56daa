import type { DecisionRecord, EngineInput, EngineOptions, TradeRecord } from "@smcq/engine";

type Order = Extract<EngineInput, { type: "order-update" }>["update"];
type OtherFee = NonNullable<NonNullable<Order["fill"]>["otherFee"]>;
type Income = Extract<EngineInput, { type: "income" }>["income"];

/** A run with a journal. */
export interface JournaledRun {
  readonly runKey: number;
  readonly runId: string;
  readonly modeName: string;
  readonly scorerId: string;
  readonly outcome: "running" | "ended" | "aborted";
  /** Times of the first and the last event, venue ms; null: there was none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Holes in its journal. */
  readonly holes: number;
  /** What its core was made with. */
  readonly options: EngineOptions;
  /** Who carried its orders out; null: it does not say. */
  readonly orders: string | null;
}

/** What a tick and a step of a symbol are, with the decimals that they need. */
export interface Units {
  readonly tickE8: bigint;
  readonly stepE8: bigint;
  readonly priceDecimals: number;
  readonly qtyDecimals: number;
}

/** Figures that a row keeps as NULL when they are no numbers. */
type Doubtful = "score" | "entryPrice" | "exitPrice" | "r" | "riskRatio";

export type StoredTrade = Omit<TradeRecord, Doubtful> & {
  readonly [figure in Doubtful]: number | null;
} & {
  readonly runId: string;
  readonly units: Units;
  /** The event that told its last fill: what was decided before did not know of its end. */
  readonly endSeq: number;
};

export type StoredDecision = Omit<DecisionRecord, "score"> & {
  readonly runId: string;
  /** The event that it was made in, and its place among that event's commands. */
  readonly seq: number;
  readonly nth: number;
  readonly score: number | null;
};

/** Decisions with one outcome. */
export interface OutcomeCount {
  readonly outcome: string;
  readonly count: number;
}

/** Equity at the last minute that had closed. USDT e8. */
export interface EquityAt {
  readonly closeMs: number;
  readonly equityE8: bigint;
}

/** Signals of a minute that were refused with one code. */
export interface RefusalCount {
  readonly runId: string;
  readonly minuteMs: number;
  readonly code: string;
  readonly count: number;
}

/** A scored candidate, without its features. */
export interface SignalAt {
  readonly symbol: string;
  readonly side: 1 | -1;
  readonly setup: number;
  /** Of the bar whose close raised it. */
  readonly openTimeMs: number;
  readonly score: number;
  readonly scorerId: string;
  readonly isRestConfirmed: boolean;
}

/** An order that left, of either table. */
export interface StoredOrder {
  readonly clientOrderId: string;
  readonly role: string;
  readonly side: 1 | -1;
  readonly type: string;
  readonly qtySteps: number;
  /** Of a limit order, or what sets a stop off; null: it takes. */
  readonly priceTicks: number | null;
  readonly sentMs: number;
  readonly cancelMs: number | null;
  readonly outcome: "sent" | "acked" | "refused" | "unknown";
  readonly refusal: string | null;
  readonly status: Order["status"] | null;
  readonly filledSteps: number;
}

export interface StoredFill {
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly side: 1 | -1;
  readonly priceTicks: number;
  readonly qtySteps: number;
  readonly feeE8: bigint;
  readonly realisedE8: bigint;
  readonly isMaker: boolean;
  readonly timeMs: number;
  /** The event that told it. */
  readonly seq: number;
  /** What the commission was really taken in; null: USDT. */
  readonly otherFee: OtherFee | null;
}

export interface StoredIncome {
  readonly incomeId: string;
  readonly type: Income["type"];
  readonly symbol: string | null;
  readonly amountE8: bigint;
  readonly timeMs: number;
}

export interface StoredIncident {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly symbol: string | null;
  readonly detail: unknown;
}

/** Money that the venue's words have brought, up to an event. USDT e8. */
export interface Booked {
  /** Price results of what was closed, without fees. */
  readonly realisedE8: bigint;
  /** Whatever they were paid in, and of them what other assets' balances paid. */
  readonly feesE8: bigint;
  readonly feesElsewhereE8: bigint;
  readonly fundingE8: bigint;
  readonly transfersE8: bigint;
  readonly liquidationE8: bigint;
  readonly otherE8: bigint;
}

/** The wallet as the core itself told it at a closed minute, with everything that it had heard until then. */
export interface ToldWallet {
  readonly seq: number;
  readonly closeMs: number;
  readonly walletE8: bigint;
  readonly equityE8: bigint;
}

/** Money of a symbol: what fills and funding brought, and how much of it closed trades account for. */
export interface SymbolMoney {
  readonly symbol: string;
  readonly bookedE8: bigint;
  readonly tradesE8: bigint;
}

/** What is held when the journal ends. */
export interface OpenPosition {
  readonly symbol: string;
  /** Negative is short. */
  readonly qtySteps: number;
  readonly entryNotionalE8: bigint;
  readonly openedMs: number;
  readonly units: Units;
}

/** Which rows are asked for; null: it does not matter. */
export interface RecordFilter {
  readonly runKey: number | null;
  readonly symbol: string | null;
  /** From here on, venue ms. */
  readonly sinceMs: number | null;
  /** Before that. */
  readonly untilMs: number | null;
  /** The reason of a trade, the outcome of a decision, the code of a refusal. */
  readonly kind: string | null;
  /** Of more the last ones are given. */
  readonly limit: number;
}

export interface RecordPage<T> {
  /** In the order in which they happened. */
  readonly rows: readonly T[];
  /** All that the filter lets through. */
  readonly total: number;
}
