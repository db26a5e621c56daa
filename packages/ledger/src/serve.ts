import { assertNever, type CancelTimer, repeat, SystemClock, toWireError } from "@smcq/kernel";
import type { DatabaseOptions } from "./database.ts";
import { LedgerErrorCode, isRetryable, ledgerError } from "./errors.ts";
import { FileWatch } from "./guard/file-watch.ts";
import type { LedgerPort, LedgerReply, LedgerRequest } from "./messages.ts";
import { LedgerStore } from "./store.ts";

// After these the handle itself is suspect (SQLite keeps an I/O error's state per connection): open the file anew.
const REOPEN_AFTER: ReadonlySet<string> = new Set([
  LedgerErrorCode.DiskFull,
  LedgerErrorCode.Io,
  LedgerErrorCode.Unwritable,
]);

/** Commits after which the write-ahead log is folded back, as soon as nobody asks for anything. */
const CHECKPOINT_COMMITS = 100;
/** Nobody has asked for so long, wall ms. */
const QUIET_MS = 250;
/**
 * Tables of what an entry waited for are made so long behind its answer, wall ms: a thread that works on keeps the one that
 * it woke off the processor (0.5 ms more until the entry leaves).
 */
const TABLES_MS = 5;
/** How often an idle ledger's file is looked for, wall ms; a busy one's is with each write. */
const LOOK_MS = 10_000;

class LedgerServer {
  readonly #clock = new SystemClock();
  readonly #file: string;
  readonly #open: () => LedgerStore;
  readonly #port: LedgerPort;
  #store: LedgerStore | null;
  #commits = 0;
  /** The log has the room that it will need, or gets none. */
  #hasRoom = false;
  #cancelQuiet: CancelTimer | null = null;
  #cancelTables: CancelTimer | null = null;
  /** The run whose tables are to be made; null: they are. */
  #tablesOf: string | null = null;
  /** Of the first store; null: there was none yet. */
  #watch: FileWatch | null;

  constructor(port: LedgerPort, file: string, open: () => LedgerStore, store: LedgerStore | null) {
    this.#file = file;
    this.#watch = store === null ? null : new FileWatch(file);
    this.#open = open;
    this.#port = port;
    this.#store = store;
  }

  handle(request: LedgerRequest): void {
    this.#cancelQuiet?.();
    this.#cancelQuiet = null;
    // The run's next rows make them themselves.
    if (request.type !== "journal") this.#makeTables();
    this.#serve(request);
    this.#commits++;
    this.#awaitQuiet();
  }

  /** What is to be done for the log waits until nobody asks for anything. */
  #awaitQuiet(): void {
    if (this.#store === null || (this.#hasRoom && this.#commits < CHECKPOINT_COMMITS)) return;
    this.#cancelQuiet = this.#clock.after(QUIET_MS, () => this.#tend(), { unref: true });
  }

  #serve(request: LedgerRequest): void {
    switch (request.type) {
      case "beginRun":
        this.#control(request.id, (store) => store.beginRun(request.run));
        break;
      case "resumeRun":
        this.#control(request.id, (store) => store.resumeRun(request.run));
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

  #journal({ type: _type, ...batch }: Extract<LedgerRequest, { type: "journal" }>): void {
    try {
      this.#use((store) => store.appendJournal(batch));
      this.#reply({ type: "journalStored" });
    } catch (error) {
      this.#reply({ type: "journalRefused", error: toWireError(error) });
      return;
    }
    this.#cancelTables?.();
    this.#cancelTables = null;
    this.#tablesOf = batch.isAwaited ? batch.runId : null;
    if (batch.isAwaited)
      this.#cancelTables = this.#clock.after(TABLES_MS, () => this.#makeTables(), { unref: true });
  }

  /** What fails now fails again with the run's next rows, which is told. */
  #makeTables(): void {
    const runId = this.#tablesOf;
    if (runId === null) return;
    this.#tablesOf = null;
    this.#cancelTables?.();
    this.#cancelTables = null;
    try {
      this.#use((store) => store.makeTables(runId));
    } catch {
      return;
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

  /**
   * Folds the log back, or makes a piece of its room, while no intent waits for its row; what fails now fails again at a
   * commit, which is told.
   */
  #tend(): void {
    try {
      this.#use((store) => {
        if (this.#commits < CHECKPOINT_COMMITS) this.#hasRoom = !store.growLog();
        else {
          store.checkpoint();
          this.#commits = 0;
        }
      });
    } catch {
      return;
    }
    this.#awaitQuiet();
  }

  #use(work: (store: LedgerStore) => void): void {
    try {
      this.#watch?.requireSame();
      this.#store ??= this.#open();
      this.#watch ??= new FileWatch(this.#file);
      work(this.#store);
    } catch (error) {
      const known = ledgerError(error, "ledger", { file: this.#file });
      if (REOPEN_AFTER.has(known.code)) {
        this.#store?.close();
        this.#store = null;
        this.#hasRoom = false;
        this.#watch?.forgetLog();
      }
      throw known;
    }
  }

  /** Looks whether the file is still there, where nothing is written. */
  look(): void {
    try {
      this.#watch?.requireSame();
    } catch (error) {
      this.#reply({ type: "moved", error: toWireError(error) });
    }
  }

  #reply(reply: LedgerReply): void {
    this.#port.postMessage(reply);
  }
}

/** Opens the store that a thread serves; another one where a disk is to fail on purpose. */
export type OpenStore = (options: DatabaseOptions) => LedgerStore;

/**
 * Serves the ledger on a port until `close` comes. A file that cannot be opened is reported and ends it; but a thread
 * that replaces a dead one opens a busy or full file with its first batch, whose retries have a limit of their own.
 */
export function serveLedger(
  port: LedgerPort,
  options: DatabaseOptions,
  isReplacement = false,
  openStore: OpenStore = (own) => new LedgerStore(own),
): void {
  const open = (): LedgerStore => openStore({ ...options, mustExist: isReplacement || isOpened });
  let isOpened = false;
  let store: LedgerStore | null = null;
  try {
    store = open();
    isOpened = true;
  } catch (error) {
    const known = ledgerError(error, "cannot open the ledger", { file: options.file });
    if (!isReplacement || !isRetryable(known.code)) {
      port.postMessage({ type: "openFailed", error: toWireError(known) });
      port.close();
      return;
    }
  }
  const server = new LedgerServer(port, options.file, open, store);
  port.on("message", (message) => server.handle(message as LedgerRequest));
  // It keeps no thread alive.
  repeat(new SystemClock(), LOOK_MS, () => server.look());
  port.postMessage({ type: "opened" });
}
