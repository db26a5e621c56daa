import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "@smcq/kernel";
import { onTestFinished } from "vitest";
import { openLedger } from "../src/index.ts";
import type { LedgerClient, LedgerEvent, LedgerOptions } from "../src/index.ts";

export { runRecord, signals } from "./signals.ts";

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "smcq-ledger-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface OpenedLedger {
  readonly ledger: LedgerClient;
  readonly events: LedgerEvent[];
  readonly file: string;
}

/** A ledger with its real thread on a temporary file, closed when the test is over. */
export async function openTestLedger(options: Partial<LedgerOptions> = {}): Promise<OpenedLedger> {
  const events: LedgerEvent[] = [];
  const file = options.file ?? join(temporaryFolder(), "ledger.db");
  const ledger = await openLedger({
    queueMax: 10_000,
    clock: new SystemClock(),
    onEvent: (event) => events.push(event),
    ...options,
    file,
  });
  onTestFinished(() => ledger.close());
  return { ledger, events, file };
}

/** Waits until `isTrue`, at most `deadlineMs`. */
export async function until(isTrue: () => boolean, deadlineMs = 60_000): Promise<void> {
  const clock = new SystemClock();
  const endMs = clock.nowMs() + deadlineMs;
  while (!isTrue()) {
    if (clock.nowMs() > endMs) throw new Error("the condition did not come true in time");
    await new Promise<void>((resolve) => clock.after(2, resolve));
  }
}
