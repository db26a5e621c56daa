// A ledger thread over a real file whose disk fails on purpose: `FILE.fault` says how, and is read before each write.
//   CODE          nothing is written, SQLite says CODE; the file cannot be opened either
//   after CODE    everything is written, and SQLite says CODE all the same: a sync that failed
//   slow MS       each write takes so long
import { existsSync, readFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { DatabaseOptions } from "../../src/database.ts";
import type { JournalBatch } from "../../src/journal/ledger-journal.ts";
import { serveLedger } from "../../src/serve.ts";
import { LedgerStore } from "../../src/store.ts";
import type { LedgerThreadData } from "../../src/thread.ts";

const { port, options, isReplacement } = workerData as LedgerThreadData;

function faultNow(): string {
  const file = `${options.file}.fault`;
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function fail(code: string): never {
  throw Object.assign(new Error("on purpose"), { code });
}

class FaultyStore extends LedgerStore {
  override appendJournal(batch: JournalBatch): void {
    const [first = "", more = ""] = faultNow().split(" ");
    if (first.startsWith("SQLITE")) fail(first);
    if (first === "slow") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(more));
    super.appendJournal(batch);
    if (first === "after") fail(more);
  }
}

function open(own: DatabaseOptions): LedgerStore {
  const fault = faultNow();
  if (fault.startsWith("SQLITE")) fail(fault);
  return new FaultyStore(own);
}

serveLedger(port, options, isReplacement, open);
