export { LOG_TABLES, SMALL_TABLES } from "./changes/change-types.ts";
export type {
  LedgerChange,
  LedgerPlace,
  LedgerTable,
  LogPlace,
  LogTable,
  SqlValue,
  TableRows,
} from "./changes/change-types.ts";
export { LedgerChanges } from "./changes/ledger-changes.ts";
export { openLedger } from "./client.ts";
export { copyLedger, examineLedger, LEDGER_SCHEMA } from "./changes/copy-ledger.ts";
export type { LedgerCopy } from "./changes/copy-ledger.ts";
export { ledgerFile } from "./database.ts";
export type { LedgerClient, LedgerEvent, LedgerOptions, LedgerStats, RunEndSummary } from "./client-types.ts";
export { BUSY_MS_MAX } from "./database.ts";
export type { DatabaseOptions } from "./database.ts";
export { LedgerErrorCode } from "./errors.ts";
export { JournalReader } from "./journal/journal-reader.ts";
export type { AccountRun, ReplayRow } from "./journal/journal-reader.ts";
export { JournalTail } from "./journal/journal-tail.ts";
export type { TailEnd, TailModelEvent, TailRow } from "./journal/journal-tail.ts";
export { lastRowOf, RowPlaces } from "./journal/row-places.ts";
export type { RowPlace } from "./journal/row-places.ts";
export { rowOf } from "./journal/journal-row.ts";
export type { JournalRow } from "./journal/journal-row.ts";
export { JOURNAL_ROWS_MAX } from "./journal/ledger-journal.ts";
export type {
  JournalLimits,
  JournalStats,
  LedgerJournal,
  LedgerJournalOptions,
} from "./journal/ledger-journal.ts";
export type { RowsTold } from "./journal/stored-rows.ts";
export { verifyJournal } from "./journal/verify.ts";
export type { BrokenRow, Verification } from "./journal/verify.ts";
export { MIGRATIONS } from "./migrations.ts";
export type { Migration } from "./migrations.ts";
export { PROJECTION_TABLES } from "./projections/projector.ts";
export { compareTables, rewriteTables } from "./projections/rebuild.ts";
export type { Rebuild, TableDifference } from "./projections/rebuild.ts";
export { LedgerStore } from "./store.ts";
export { LedgerReader } from "./reader.ts";
export type { MinuteCount, RunSummary, StoredSignal } from "./reader.ts";
export { RecordReader } from "./records/record-reader.ts";
export type {
  Booked,
  EquityAt,
  JournaledRun,
  OpenPosition,
  OutcomeCount,
  RecordFilter,
  RecordPage,
  RefusalCount,
  SignalAt,
  StoredDecision,
  StoredFill,
  StoredIncident,
  StoredIncome,
  StoredOrder,
  StoredTrade,
  SymbolMoney,
  ToldWallet,
  Units,
} from "./records/record-types.ts";
export { researchFile } from "./research/open-research.ts";
export { KNOWN_MAX, ResearchBook } from "./research/research-book.ts";
export type { HoldOut, Trial, TriedBefore } from "./research/research-book.ts";
export { acquireRunLock } from "./run-lock.ts";
export type { RunLock } from "./run-lock.ts";
