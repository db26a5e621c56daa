import type { PROJECTION_TABLES } from "../projections/projector.ts";

/** A value as SQL has it; every whole number is a bigint. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** Tables that only grow, each by a key of its own that rises. */
export const LOG_TABLES = ["journal", "signals", "model_events"] as const;
export type LogTable = (typeof LOG_TABLES)[number];

/** Small tables that are read whole each time. */
export const SMALL_TABLES = ["runs", "run_resumes", "symbols", "scorers"] as const;

export type LedgerTable = LogTable | (typeof SMALL_TABLES)[number] | (typeof PROJECTION_TABLES)[number];

/** How far a log was read: its last key (0: nothing) and what says that the row there is still the same. */
export interface LogPlace {
  readonly key: number;
  readonly mark: string;
}

export type LedgerPlace = Readonly<Record<LogTable, LogPlace>>;

/** Rows of a table as they stand at one moment, the values in the order of `columns`. */
export interface TableRows {
  readonly table: LedgerTable;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/** What has come behind a place, as of one moment. */
export interface LedgerChange {
  /** New rows of the logs; of the tables made of the journal those rows that its new rows have made or changed; the small tables whole. */
  readonly tables: readonly TableRows[];
  readonly to: LedgerPlace;
  /** Rows of the logs that are still behind `to`. */
  readonly rowsBehind: number;
}
