import type { EngineInput, EngineOptions, ModelEvent, TradingCommand } from "@smcq/engine";

/** Commands as a row of the journal keeps them: what was approved is told without its seal. */
export type ToldCommand =
  | Exclude<TradingCommand, { type: "submit" }>
  | { readonly type: "submit"; readonly order: object };

/** What a row of the journal tells: a run's beginning, a hole, or an event of the core. */
export type JournaledWord =
  | { readonly type: "begun"; readonly options: EngineOptions }
  | { readonly type: "lost"; readonly fromSeq: number; readonly toSeq: number }
  | EngineInput;

/** A row of the journal: what came, and what the core answered. */
export interface JournaledTurn {
  readonly runId: string;
  readonly seq: number;
  /** Venue ms. */
  readonly nowMs: number;
  readonly word: JournaledWord;
  readonly commands: readonly ToldCommand[];
}

/** A symbol of which the venue says something else than the trades that were told, in steps; negative is short. */
export interface PositionDifference {
  readonly symbol: string;
  readonly venueSteps: number;
  readonly bookSteps: number;
}

/** What a rule may want to know besides the row, of the moment of the row or later. */
export interface JournalSight {
  symbolOf(symbolId: number): string;
  /** An order of this engine, or of one that traded on its account before. */
  isOwn(clientOrderId: string): boolean;
  /** Where an answer of the venue differs from the ledger's positions; null: the books have gone on since that answer. */
  differences(
    positions: readonly { readonly symbolId: number; readonly qtySteps: number }[],
  ): readonly PositionDifference[] | null;
}

/** What happened to a model, as the ledger keeps it. */
export type StoredModelEvent = ModelEvent;
