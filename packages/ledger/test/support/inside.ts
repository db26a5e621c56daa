/** Parts of the ledger that a world in one thread is made of: journal and store without the thread between them. */
export { fromCanonical } from "../../src/journal/canonical.ts";
export { type JournalRow, OWN_KINDS } from "../../src/journal/journal-row.ts";
export {
  JOURNAL_BATCH_ROWS_MAX,
  type JournalBatch,
  LedgerJournal,
} from "../../src/journal/ledger-journal.ts";
export { LedgerStore } from "../../src/store.ts";
