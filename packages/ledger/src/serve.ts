import { assertNever, toWireError } from "@smcq/kernel";
import type { DatabaseOptions } from "./database.ts";
import { LedgerErrorCode, isRetryable, ledgerError } from "./errors.ts";
import type { LedgerPort, LedgerReply, LedgerRequest } from "./messages.ts";
import { LedgerStore } from "./store.ts";

// After these the handle itself is suspect (SQLite keeps an I/O error's state per connection): open the file anew.
const REOPEN_AFTER: ReadonlySet<string> = new Set([
  LedgerErrorCode.DiskFull,
  LedgerErrorCode.Io,
  LedgerErrorCode.Unwritable,
]);

class LedgerServer {
  readonly #options: DatabaseOptions;
  readonly #port: LedgerPort;
  #store: LedgerStore | null;

  constructor(port: LedgerPort, options: DatabaseOptions, store: LedgerStore | null) {
    this.#options = options;
    this.#port = port;
    this.#store = store;
  }

  handle(request: LedgerRequest): void {
    switch (request.type) {
      case "beginRun":
        this.#control(request.id, (store) => store.beginRun(request.run));
        break;
      case "endRun":
        this.#control(request.id, (store) =>
          store.endRun(request.runId, request.endedAtMs, request.summaryJson),
        );
        break;
      case "noteModel":
        this.#control(request.id, (store) => store.noteModel(request.runId, request.event));
        break;
      case "batch":
        this.#batch(request);
        break;
      case "journal":
        this.#journal(request);
        break;
      case "close":
        this.#store?.close();
        this.#store = null;
        this.#reply({ type: "closed" });
        // Nothing is referenced any more: the thread ends by itself.
        this.#port.close();
        break;
      default:
        assertNever(request);
    }
  }

  #batch(request: Extract<LedgerRequest, { type: "batch" }>): void {
    const { runId, batchSeq, bytes } = request;
    try {
      this.#use((store) => store.appendBatch(runId, batchSeq, bytes));
      this.#reply({ type: "stored", batchSeq });
    } catch (error) {
      this.#reply({ type: "refused", batchSeq, error: toWireError(error) });
    }
  }

  #journal({ runId, rows, isFull }: Extract<LedgerRequest, { type: "journal" }>): void {
    try {
      this.#use((store) => store.appendJournal(runId, rows, isFull));
      this.#reply({ type: "journalStored" });
    } catch (error) {
      this.#reply({ type: "journalRefused", error: toWireError(error) });
    }
  }

  #control(id: number, work: (store: LedgerStore) => void): void {
    try {
      this.#use(work);
      this.#reply({ type: "done", id });
    } catch (error) {
      this.#reply({ type: "failed", id, error: toWireError(error) });
    }
  }

  #use(work: (store: LedgerStore) => void): void {
    try {
      this.#store ??= new LedgerStore(this.#options);
      work(this.#store);
    } catch (error) {
      const known = ledgerError(error, "ledger", { file: this.#options.file });
      if (REOPEN_AFTER.has(known.code)) {
        this.#store?.close();
        this.#store = null;
      }
      throw known;
    }
  }

  #reply(reply: LedgerReply): void {
    this.#port.postMessage(reply);
  }
}

/**
 * Serves the ledger on a port until `close` comes. A file that cannot be opened is reported and ends it; but a thread
 * that replaces a dead one opens a busy or full file with its first batch, whose retries have a limit of their own.
 */
export function serveLedger(port: LedgerPort, options: DatabaseOptions, isReplacement = false): void {
  let store: LedgerStore | null = null;
  try {
    store = new LedgerStore(options);
  } catch (error) {
    const known = ledgerError(error, "cannot open the ledger", { file: options.file });
    if (!isReplacement || !isRetryable(known.code)) {
      port.postMessage({ type: "openFailed", error: toWireError(known) });
      port.close();
      return;
    }
  }
  const server = new LedgerServer(port, options, store);
  port.on("message", (message) => server.handle(message as LedgerRequest));
  port.postMessage({ type: "opened" });
}
