import type { ModelEvent, RunRecord, Signal } from "@smcq/engine";
import {
  RestartLimit,
  SmcqError,
  THREAD_RESTARTS,
  afterAwake,
  assert,
  assertNever,
  backOffMs,
  errorMessage,
  fromWireError,
} from "@smcq/kernel";
import type { CancelTimer, MonoNs, WireError } from "@smcq/kernel";
import { encodeBatch } from "./batch.ts";
import type {
  ControlRequest,
  LedgerClient,
  LedgerOptions,
  LedgerStats,
  PendingBatch,
  PendingControl,
  RunEndSummary,
} from "./client-types.ts";
import { LedgerErrorCode, isRetryable } from "./errors.ts";
import { LedgerJournal } from "./journal/ledger-journal.ts";
import type { JournalBatch, LedgerJournalOptions } from "./journal/ledger-journal.ts";
import type { LedgerReply } from "./messages.ts";
import { LedgerMeter } from "./meter.ts";
import { startLedgerThread } from "./thread.ts";
import type { LedgerThread } from "./thread.ts";

const DEFAULTS = { retriesMax: 8, retryMsMin: 250, retryMsMax: 30_000, drainMsMax: 10_000 } as const;

/*
 * One batch is with the thread at a time, the others wait here: so the order holds, and a batch whose thread died is
 * still here to be sent again (the store knows what it already has).
 *
 *   append ─► queue (<= queueMax signals) ─► thread ─► stored
 *     │ full: refused, counted         ▲        │ refused, retryable: back-off, again, at most retriesMax
 *     ▼                                └────────┤ thread ended: started anew, at most 3 in 10 minutes
 *   overflowed                                  └ else: lost, counted and told
 */
class ThreadedLedger implements LedgerClient {
  readonly #settings: Record<keyof typeof DEFAULTS, number> & LedgerOptions;
  readonly #meter: LedgerMeter;
  #thread: LedgerThread | null = null;
  #isThreadReady = false;
  #onOpened: { resolve: () => void; reject: (error: SmcqError) => void } | null = null;
  #onThreadGone: (() => void) | null = null;

  readonly #batches: PendingBatch[] = [];
  readonly #controls: PendingControl[] = [];
  readonly #restarts: RestartLimit;
  #drainWaiters: (() => void)[] = [];
  #isBatchSent = false;
  #sentAtNs = 0 as MonoNs;
  #cancelRetry: CancelTimer | null = null;
  #cancelRestart: CancelTimer | null = null;

  #runId: string | null = null;
  /** The open run's, if it has one. */
  #journal: LedgerJournal | null = null;
  #batchSeq = 0;
  #controlId = 0;
  #closing: Promise<void> | null = null;

  constructor(options: LedgerOptions) {
    this.#settings = { ...DEFAULTS, ...options };
    this.#restarts = new RestartLimit(THREAD_RESTARTS, options.clock);
    this.#meter = new LedgerMeter(options.queueMax, options.onEvent);
  }

  open(): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.#onOpened = { resolve, reject };
    });
    this.#startThread();
    return opened;
  }

  async beginRun(run: RunRecord): Promise<void> {
    assert(this.#runId === null, "Invariant: a run begins when no other run is open");
    await this.#control({ type: "beginRun", id: ++this.#controlId, run });
    this.#runId = run.runId;
  }

  async resumeRun(run: RunRecord, lastBatch: number): Promise<void> {
    assert(this.#runId === null, "Invariant: a run goes on when no other run is open");
    await this.#control({ type: "resumeRun", id: ++this.#controlId, run });
    this.#runId = run.runId;
    this.#batchSeq = lastBatch;
  }

  append(signals: readonly Signal[]): void {
    const signalCount = signals.length;
    if (signalCount === 0) return;
    this.#meter.appended(signalCount);
    if (this.#runId === null || this.#closing !== null || this.#meter.state === "dead")
      return this.#meter.lost(
        signalCount,
        LedgerErrorCode.NotOpen,
        "signals came while the ledger stored none",
      );
    if (this.#meter.pending + signalCount > this.#settings.queueMax)
      return this.#meter.overflowed(signalCount);
    const bytes = encodeBatch(signals);
    this.#batches.push({ runId: this.#runId, batchSeq: ++this.#batchSeq, signalCount, bytes, attempts: 0 });
    this.#meter.queued(signalCount);
    this.#pump();
  }

  openJournal(options: LedgerJournalOptions): LedgerJournal {
    const runId = this.#runId;
    assert(runId !== null && this.#journal === null, "Invariant: an open run has one journal at most");
    const post = (batch: JournalBatch): void => this.#thread?.post({ type: "journal", ...batch });
    const { clock } = this.#settings;
    this.#journal = new LedgerJournal(options, { runId, clock, post }, this.#isThreadReady);
    if (this.#meter.state === "dead") this.#journal.onDead();
    return this.#journal;
  }

  async noteModel(event: ModelEvent): Promise<void> {
    if (this.#runId === null) return;
    await this.#control({ type: "noteModel", id: ++this.#controlId, runId: this.#runId, event });
  }

  stats(): LedgerStats {
    return this.#meter.stats(this.#batches.length);
  }

  async endRun(runId: string, endedAtMs: number, summary: RunEndSummary): Promise<void> {
    assert(this.#runId === runId, "Invariant: the run that ends is the open one");
    this.#runId = null;
    if (!(await this.#drained())) {
      const [pending, rows] = [this.#meter.pending, this.#journal?.stats.waiting ?? 0];
      const text = `${pending} signals and ${rows} rows of the journal are not stored yet`;
      throw new SmcqError(LedgerErrorCode.DrainTimeout, text, { context: { pending, rows } });
    }
    this.#journal?.close();
    this.#journal = null;
    const summaryJson = JSON.stringify(summary);
    await this.#control({ type: "endRun", id: ++this.#controlId, runId, endedAtMs, summaryJson });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!(await this.#drained()))
      this.#loseAll(
        LedgerErrorCode.DrainTimeout,
        `not stored within ${this.#settings.drainMsMax} ms of closing`,
      );
    this.#cancelRetry?.();
    this.#cancelRestart?.();
    const thread = this.#thread;
    if (thread !== null) {
      const gone = new Promise<void>((resolve) => {
        this.#onThreadGone = resolve;
      });
      thread.post({ type: "close" });
      if (!(await this.#within(gone)))
        throw new SmcqError(
          LedgerErrorCode.DrainTimeout,
          "the ledger's thread has not ended (it is never terminated)",
        );
    }
    this.#rejectControls(new SmcqError(LedgerErrorCode.NotOpen, "the ledger was closed"));
    this.#meter.closed();
  }

  #startThread(): void {
    this.#cancelRestart = null;
    this.#isThreadReady = false;
    this.#isBatchSent = false;
    const { busyMsMax, file, fileBytesMax, migrations, threadEntry } = this.#settings;
    const options = {
      file,
      ...(busyMsMax === undefined ? {} : { busyMsMax }),
      ...(fileBytesMax === undefined ? {} : { fileBytesMax }),
      ...(migrations === undefined ? {} : { migrations }),
    };
    const handlers = {
      onReply: (reply: LedgerReply): void => this.#onReply(reply),
      onExit: (error: unknown): void => this.#onExit(error),
    };
    const isReplacement = this.#onOpened === null;
    this.#thread = startLedgerThread({ options, isReplacement, entry: threadEntry }, handlers);
  }

  #onReply(reply: LedgerReply): void {
    switch (reply.type) {
      case "opened":
        this.#isThreadReady = true;
        this.#onOpened?.resolve();
        this.#onOpened = null;
        for (const { request } of this.#controls) this.#thread?.post(request);
        this.#journal?.onThread(true);
        this.#pump();
        break;
      case "openFailed":
        this.#onOpenFailed(fromWireError(reply.error));
        break;
      case "stored":
        this.#onStored(reply.batchSeq);
        break;
      case "refused":
        if (this.#isMoved(reply.error)) break;
        this.#onRefused(reply.batchSeq, fromWireError(reply.error));
        break;
      case "journalStored":
        this.#meter.stored(0);
        this.#journal?.onStored();
        break;
      case "journalRefused":
        if (this.#isMoved(reply.error)) break;
        this.#meter.failed(fromWireError(reply.error));
        this.#journal?.onRefused();
        break;
      case "done":
        this.#takeControl(reply.id)?.resolve();
        break;
      case "failed":
        if (this.#isMoved(reply.error)) break;
        this.#takeControl(reply.id)?.reject(fromWireError(reply.error));
        break;
      case "moved":
        this.#isMoved(reply.error);
        break;
      case "closed":
        break;
      default:
        assertNever(reply);
    }
  }

  #control(request: ControlRequest): Promise<void> {
    if (this.#closing !== null || this.#meter.state === "dead")
      return Promise.reject(new SmcqError(LedgerErrorCode.NotOpen, `the ledger is ${this.#meter.state}`));
    const answered = new Promise<void>((resolve, reject) => {
      this.#controls.push({ request, resolve, reject });
    });
    if (this.#isThreadReady) this.#thread?.post(request);
    return answered;
  }

  #takeControl(id: number): PendingControl | undefined {
    const at = this.#controls.findIndex((control) => control.request.id === id);
    return at < 0 ? undefined : this.#controls.splice(at, 1)[0];
  }

  #rejectControls(error: SmcqError): void {
    for (const { reject } of this.#controls.splice(0)) reject(error);
  }

  #pump(): void {
    const head = this.#batches[0];
    if (head === undefined || this.#isBatchSent || !this.#isThreadReady || this.#cancelRetry !== null) return;
    this.#isBatchSent = true;
    this.#sentAtNs = this.#settings.clock.monoNs();
    // Cloned, not transferred: the bytes are still here when the thread dies with them.
    const { runId, batchSeq, bytes } = head;
    this.#thread?.post({ type: "batch", runId, batchSeq, bytes });
  }

  // Null after a drain deadline: the batch was counted as lost already, its late answer changes nothing.
  #answeredHead(batchSeq: number): PendingBatch | null {
    this.#isBatchSent = false;
    this.#meter.answered((this.#settings.clock.monoNs() - this.#sentAtNs) / 1_000);
    const head = this.#batches[0];
    if (head === undefined) return null;
    assert(head.batchSeq === batchSeq, "Invariant: replies come in the order of the batches");
    return head;
  }

  #dropHead(head: PendingBatch): void {
    this.#batches.shift();
    this.#meter.unqueued(head.signalCount);
    if (this.#batches.length === 0) this.#wakeDrained();
    this.#pump();
  }

  #onStored(batchSeq: number): void {
    const head = this.#answeredHead(batchSeq);
    if (head === null) return;
    this.#meter.stored(head.signalCount);
    this.#dropHead(head);
  }

  #onRefused(batchSeq: number, error: SmcqError): void {
    const head = this.#answeredHead(batchSeq);
    if (head === null) return;
    this.#meter.failed(error);
    if (isRetryable(error.code) && head.attempts < this.#settings.retriesMax) return this.#retryLater(head);
    this.#meter.lost(head.signalCount, error.code, error.message);
    this.#dropHead(head);
  }

  #retryLater(head: PendingBatch): void {
    const { clock, retryMsMin, retryMsMax } = this.#settings;
    const delayMs = backOffMs(++head.attempts, { firstMs: retryMsMin, msMax: retryMsMax });
    this.#meter.retried();
    this.#cancelRetry = clock.after(delayMs, () => {
      this.#cancelRetry = null;
      this.#pump();
    });
  }

  #onOpenFailed(error: SmcqError): void {
    // A reopening that fails is told; the thread's exit then leads to the next try.
    if (this.#onOpened === null) return this.#meter.failed(error);
    this.#thread = null;
    this.#meter.neverOpened(error.code);
    this.#onOpened.reject(error);
    this.#onOpened = null;
  }

  #onExit(error: unknown): void {
    const isExpected = this.#onThreadGone !== null;
    this.#thread = null;
    this.#isThreadReady = false;
    this.#journal?.onThread(false);
    this.#onThreadGone?.();
    if (isExpected || this.#meter.state === "dead") return;
    const message = error === undefined ? "the ledger's thread ended" : errorMessage(error);
    if (this.#onOpened === null) this.#restart(message);
    else this.#onOpenFailed(new SmcqError(LedgerErrorCode.ThreadDead, message, { cause: error }));
  }

  #restart(message: string): void {
    const { clock, retryMsMin } = this.#settings;
    this.#meter.failed(new SmcqError(LedgerErrorCode.ThreadDead, message));
    if (!this.#restarts.tryRestart()) return this.#die(message);
    this.#meter.threadRestarted(message);
    this.#cancelRestart = clock.after(retryMsMin, () => this.#startThread());
  }

  /** True when the file is gone: then nothing of what was asked is, or will be, stored. */
  #isMoved({ code, message }: WireError): boolean {
    if (code !== LedgerErrorCode.Moved) return false;
    this.#cancelRetry?.();
    if (this.#meter.state !== "dead" && this.#meter.state !== "closed") this.#die(message, code);
    return true;
  }

  #die(message: string, code: string = LedgerErrorCode.ThreadDead): void {
    this.#meter.died(message, code);
    this.#journal?.onDead();
    this.#loseAll(code, message);
    this.#rejectControls(new SmcqError(code, message));
  }

  #loseAll(code: string, message: string): void {
    const { pending } = this.#meter;
    const rowCount = this.#journal?.stats.waiting ?? 0;
    if (this.#closing !== null && rowCount > 0)
      this.#settings.onEvent({ type: "journalLost", rowCount, code, message });
    this.#batches.length = 0;
    this.#meter.unqueued(pending);
    if (pending > 0) this.#meter.lost(pending, code, message);
    this.#wakeDrained();
  }

  #wakeDrained(): void {
    for (const wake of this.#drainWaiters.splice(0)) wake();
  }

  /** False when something still waits at the deadline. */
  #drained(): Promise<boolean> {
    const journal = this.#journal;
    const waits: Promise<void>[] = [];
    if (this.#batches.length > 0)
      waits.push(new Promise<void>((resolve) => this.#drainWaiters.push(resolve)));
    if (journal !== null && !journal.isIdle)
      waits.push(new Promise<void>((resolve) => journal.onIdle(resolve)));
    if (waits.length === 0) return Promise.resolve(true);
    return this.#within(Promise.all(waits));
  }

  #within(event: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = afterAwake(this.#settings.clock, this.#settings.drainMsMax, () => resolve(false));
      void event.then(() => {
        cancel();
        resolve(true);
      });
    });
  }
}

/** Starts the ledger's thread and resolves when the file is open, checked and migrated; rejects with `LEDGER_*`. */
export async function openLedger(options: LedgerOptions): Promise<LedgerClient> {
  const ledger = new ThreadedLedger(options);
  await ledger.open();
  return ledger;
}
