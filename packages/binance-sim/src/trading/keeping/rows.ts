import type { VenueRow } from "@smcq/exchange-sim";
import type { SymbolId } from "@smcq/kernel";
import type { BnbRow } from "../fee-purse.ts";
import type { HistoryRow } from "../history.ts";

/** A small part of the account that is written as a whole whenever it is another. */
export interface KeptPart {
  readonly name: string;
  state(): unknown;
  /** Takes up what `state` gave once. */
  takeUp(state: unknown): void;
}

/** One thing that is kept of the account beside what `SimExchange` keeps. */
export type DeskRow =
  /** A symbol that the venue listed after its start, and its first minute. */
  | readonly ["new-symbol", string, number]
  /** A symbol that the account could trade from now on. */
  | readonly ["listed", SymbolId, string]
  | readonly ["history", HistoryRow]
  /** A commission in BNB, and what the purse holds after it. */
  | readonly ["bnb", BnbRow, bigint]
  /** A position has paid this funding time. */
  | readonly ["funded", SymbolId, number]
  | readonly ["part", string, unknown];

export type KeptRow = VenueRow | DeskRow;

/** Where rows go: those between two commits belong together, and count together or not at all. */
export interface KeptJournal {
  add(row: KeptRow): void;
  commit(): void;
}

/** The venue's time, and the last tick that moved the account, when something was written; ms. */
export interface Stamp {
  readonly clockMs: number;
  readonly tickedMs: number;
}
