/*
 * What a mirror copies: a port, which the ledger's `LedgerChanges` fits as it is.
 */

/** A value as SQLite has it; every whole number is a bigint. */
export type SourceValue = string | number | bigint | Uint8Array | null;

/** How far a log was copied: its last key (0: nothing) and what says that the row there is still the same. */
export interface Place {
  readonly key: number;
  readonly mark: string;
}

/** Logs: tables that only grow, each by a key of its own. */
export type LogName = "journal" | "signals" | "model_events";
export type Places = Readonly<Record<LogName, Place>>;

export interface SourceRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SourceValue[])[];
}

export interface SourceChange {
  readonly tables: readonly SourceRows[];
  readonly to: Places;
  readonly rowsBehind: number;
}

export interface MirrorSource {
  /** Null: nothing has ever run. */
  ledgerId(): string | null;
  /** Whether the rows at which the places stand are those that stood there. */
  holds(places: Places): boolean;
  /** What has come behind `from`; null: nothing since the last answer, which had told everything. */
  read(from: Places): SourceChange | null;
  close(): void;
}
