import type { ModelEvent, RunRecord, Signal } from "@smcq/engine";
import type { Clock, SmcqError } from "@smcq/kernel";
import type { DatabaseOptions } from "./database.ts";
import type { LedgerJournal, LedgerJournalOptions } from "./journal/ledger-journal.ts";
import type { LedgerRequest } from "./messages.ts";

/** What a run leaves behind: flat, plain data. */
export type RunEndSummary = Readonly<Record<string, string | number | boolean | null>>;

/** What the ledger tells its owner; nothing is lost without one of these. */
export type LedgerEvent =
  /** A batch could not be stored and will be tried again; told once a spell. */
  | { readonly type: "failing"; readonly code: string; readonly message: string }
  | { readonly type: "recovered"; readonly retries: number }
  /** Signals refused because `queueMax` already wait; told once a spell, counted in `stats().overflowed`. */
  | { readonly type: "overflow"; readonly signalCount: number; readonly queueMax: number }
  /** Signals given up; a human must act. */
  | { readonly type: "lost"; readonly signalCount: number; readonly code: string; readonly message: string }
  /** Rows of the journal that were not stored when the ledger was closed. */
  | {
      readonly type: "journalLost";
      readonly rowCount: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: "threadRestarted"; readonly restarts: number; readonly message: string }
  /** Nothing is stored any more. */
  | { readonly type: "dead"; readonly code: string; readonly message: string };

/** `lost` and `overflowed` together are the signals that were given and are not in the file. */
export interface LedgerStats {
  readonly state: "open" | "failing" | "dead" | "closed";
  /** Signals given to `append`. */
  readonly appended: number;
  readonly stored: number;
  readonly pending: number;
  readonly pendingBatches: number;
  /** Most signals that ever waited. */
  readonly pendingPeak: number;
  readonly overflowed: number;
  readonly lost: number;
  readonly retries: number;
  readonly threadRestarts: number;
  readonly lastErrorCode: string | null;
  /** Longest time from handing a batch to the thread to its reply, us. */
  readonly roundTripUsMax: number;
}

export interface LedgerOptions extends DatabaseOptions {
  /** Signals that may wait; a batch that does not fit is refused whole. */
  readonly queueMax: number;
  /** Wall time: retries and deadlines. */
  readonly clock: Clock;
  readonly onEvent: (event: LedgerEvent) => void;
  /** Attempts after the first before a batch is given up. */
  readonly retriesMax?: number;
  /** Wait before the first retry, doubled each time up to `retryMsMax`. */
  readonly retryMsMin?: number;
  readonly retryMsMax?: number;
  /** Longest wait of `endRun` and `close` for pending signals, and of `close` for the thread. */
  readonly drainMsMax?: number;
  /** Another thread entry, for tests that make the thread fail. */
  readonly threadEntry?: URL;
}

/** The ledger as the coordinator sees it: nothing here waits for a disk but what returns a promise. */
export interface LedgerClient {
  /** Stores the run durably. Rejects with `LEDGER_*`; a run that is not stored must not start. */
  beginRun(run: RunRecord): Promise<void>;
  /**
   * Opens a stored run again, durably: another process has left it. Of `run` the id says which, the rest is what this process was
   * started with; `lastBatch` is the last batch of signals that the file has of it.
   */
  resumeRun(run: RunRecord, lastBatch: number): Promise<void>;
  /** Takes the signals of the open run after they were emitted; one transaction a call. Never throws for the world. */
  append(signals: readonly Signal[]): void;
  /** Begins the open run's journal: for its `EngineLoop`, before the loop's first event. One a run. */
  openJournal(options: LedgerJournalOptions): LedgerJournal;
  /** Stores what happened to the open run's model; resolves at once when no run is open. Rejects with `LEDGER_*`. */
  noteModel(event: ModelEvent): Promise<void>;
  stats(): LedgerStats;
  /** Waits for pending signals and rows, then stores the run's end durably. */
  endRun(runId: string, endedAtMs: number, summary: RunEndSummary): Promise<void>;
  /** Drains, closes the file and waits until the thread has ended by itself. Idempotent. */
  close(): Promise<void>;
}

/** Signals that wait for the thread. */
export interface PendingBatch {
  readonly runId: string;
  readonly batchSeq: number;
  readonly signalCount: number;
  readonly bytes: ArrayBuffer;
  attempts: number;
}

/** What the thread answers by its id. */
export type ControlRequest = Extract<LedgerRequest, { readonly id: number }>;

/** A request whose answer is awaited. */
export interface PendingControl {
  readonly request: ControlRequest;
  readonly resolve: () => void;
  readonly reject: (error: SmcqError) => void;
}
