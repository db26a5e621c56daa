import { errorMessage, SmcqError } from "@smcq/kernel";
import { scanStored, type StoredScan, type StoredScanTask } from "../offline/scan/scan-stored.ts";

/** An error's class does not cross a thread: its code and text do. */
export type StoredScanOutcome =
  | { readonly type: "scanned"; readonly scan: StoredScan }
  | { readonly type: "refused"; readonly code: string; readonly message: string };

/** A thread's only task. */
export function scanHistory(task: StoredScanTask): StoredScanOutcome {
  try {
    return { type: "scanned", scan: scanStored(task) };
  } catch (error) {
    if (!(error instanceof SmcqError)) throw error;
    return { type: "refused", code: error.code, message: errorMessage(error) };
  }
}
