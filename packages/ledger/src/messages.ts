import type { ModelEvent, RunRecord } from "@smcq/engine";
import type { WireError } from "@smcq/kernel";
import type { JournalBatch } from "./journal/ledger-journal.ts";

/** What the ledger's thread is told. */
export type LedgerRequest =
  | { readonly type: "beginRun"; readonly id: number; readonly run: RunRecord }
  | { readonly type: "resumeRun"; readonly id: number; readonly run: RunRecord }
  | { readonly type: "batch"; readonly runId: string; readonly batchSeq: number; readonly bytes: ArrayBuffer }
  | ({ readonly type: "journal" } & JournalBatch)
  | {
      readonly type: "endRun";
      readonly id: number;
      readonly runId: string;
      readonly endedAtMs: number;
      readonly summaryJson: string;
    }
  | {
      readonly type: "noteModel";
      readonly id: number;
      readonly runId: string;
      readonly event: ModelEvent;
    }
  | { readonly type: "close" };

/** What it answers; one reply to each request, in order, `opened` or `openFailed` first. */
export type LedgerReply =
  | { readonly type: "opened" }
  | { readonly type: "openFailed"; readonly error: WireError }
  | { readonly type: "stored"; readonly batchSeq: number }
  | { readonly type: "refused"; readonly batchSeq: number; readonly error: WireError }
  | { readonly type: "journalStored" }
  | { readonly type: "journalRefused"; readonly error: WireError }
  | { readonly type: "done"; readonly id: number }
  | { readonly type: "failed"; readonly id: number; readonly error: WireError }
  /** The file is not there any more, or another one. */
  | { readonly type: "moved"; readonly error: WireError }
  | { readonly type: "closed" };

/** The two ends of a message channel, as far as the ledger uses them. */
export interface LedgerPort {
  postMessage(message: LedgerReply | LedgerRequest): void;
  on(event: "message", listener: (message: unknown) => void): void;
  close(): void;
}
