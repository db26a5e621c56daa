import type { IncomeRow, MarginType } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { Holding } from "../margin-account.ts";
import type { Print, VenueAlgo, VenueEvent, VenueOrder, VenueTrade } from "../orders.ts";

/** How an account stands in a symbol, and where its market is. */
export interface SymbolRow {
  readonly symbolId: SymbolId;
  readonly leverage: number;
  readonly marginType: MarginType;
  readonly holding: Holding | null;
  /** The number of its last trade. */
  readonly trades: bigint;
  readonly print: Print | null;
}

/** What belongs to no symbol: the last id that was given, the last time, the wallet. */
export interface FloorRow {
  readonly ids: bigint;
  readonly nowMs: number;
  readonly walletE8: bigint;
}

/**
 * One thing to be kept of a venue. Taken up again in the order in which they were written they make the same venue; `order`
 * and `algo` are what stands, `told` is what happened and was told of.
 */
export type VenueRow =
  | readonly ["told", Extract<VenueEvent, { type: "order" | "algo" }>]
  | readonly ["order", VenueOrder]
  | readonly ["algo", VenueAlgo]
  | readonly ["trade", VenueTrade]
  | readonly ["income", IncomeRow]
  | readonly ["seats", { readonly orders: readonly SymbolId[]; readonly algos: readonly SymbolId[] }]
  | readonly ["symbol", SymbolRow]
  | readonly ["floor", FloorRow];

/** Where rows go: those between two commits belong together, and count together or not at all. */
export interface VenueJournal {
  add(row: VenueRow): void;
  commit(): void;
}
