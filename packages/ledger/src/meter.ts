import type { SmcqError } from "@smcq/kernel";
import type { LedgerEvent, LedgerStats } from "./client-types.ts";
import { LedgerErrorCode } from "./errors.ts";

/** Counts what happens to signals on their way to the file and tells the owner; it decides nothing. */
export class LedgerMeter {
  readonly #onEvent: (event: LedgerEvent) => void;
  readonly #queueMax: number;
  #state: LedgerStats["state"] = "open";
  #appended = 0;
  #stored = 0;
  #pending = 0;
  #pendingPeak = 0;
  #overflowed = 0;
  #lost = 0;
  #retries = 0;
  #threadRestarts = 0;
  #roundTripUsMax = 0;
  #lastErrorCode: string | null = null;
  #isOverflowTold = false;
  #spellRetries = 0;

  constructor(queueMax: number, onEvent: (event: LedgerEvent) => void) {
    this.#queueMax = queueMax;
    this.#onEvent = onEvent;
  }

  get state(): LedgerStats["state"] {
    return this.#state;
  }

  get pending(): number {
    return this.#pending;
  }

  stats(pendingBatches: number): LedgerStats {
    return {
      state: this.#state,
      appended: this.#appended,
      stored: this.#stored,
      pending: this.#pending,
      pendingBatches,
      pendingPeak: this.#pendingPeak,
      overflowed: this.#overflowed,
      lost: this.#lost,
      retries: this.#retries,
      threadRestarts: this.#threadRestarts,
      lastErrorCode: this.#lastErrorCode,
      roundTripUsMax: this.#roundTripUsMax,
    };
  }

  appended(signalCount: number): void {
    this.#appended += signalCount;
  }

  queued(signalCount: number): void {
    this.#pending += signalCount;
    this.#pendingPeak = Math.max(this.#pendingPeak, this.#pending);
  }

  unqueued(signalCount: number): void {
    this.#pending -= signalCount;
    // The spell ends well below the limit, else it would be told anew with every batch.
    if (this.#pending <= this.#queueMax / 2) this.#isOverflowTold = false;
  }

  answered(roundTripUs: number): void {
    this.#roundTripUsMax = Math.max(this.#roundTripUsMax, roundTripUs);
  }

  stored(signalCount: number): void {
    this.#stored += signalCount;
    if (this.#state !== "failing") return;
    this.#state = "open";
    this.#onEvent({ type: "recovered", retries: this.#spellRetries });
    this.#spellRetries = 0;
  }

  overflowed(signalCount: number): void {
    this.#overflowed += signalCount;
    if (this.#isOverflowTold) return;
    this.#isOverflowTold = true;
    this.#onEvent({ type: "overflow", signalCount, queueMax: this.#queueMax });
  }

  lost(signalCount: number, code: string, message: string): void {
    this.#lost += signalCount;
    this.#lastErrorCode = code;
    this.#onEvent({ type: "lost", signalCount, code, message });
  }

  failed(error: SmcqError): void {
    this.#lastErrorCode = error.code;
    if (this.#state !== "open") return;
    this.#state = "failing";
    this.#onEvent({ type: "failing", code: error.code, message: error.message });
  }

  retried(): void {
    this.#retries++;
    this.#spellRetries++;
  }

  threadRestarted(message: string): void {
    this.#threadRestarts++;
    this.#onEvent({ type: "threadRestarted", restarts: this.#threadRestarts, message });
  }

  /** A file that is gone takes with it what was stored in it. */
  died(message: string, code: string): void {
    this.#state = "dead";
    this.#lastErrorCode = code;
    if (code === LedgerErrorCode.Moved) {
      this.#lost += this.#stored;
      this.#stored = 0;
    }
    this.#onEvent({ type: "dead", code, message });
  }

  /** The file could not even be opened: the opener is told by a rejection, not by an event. */
  neverOpened(code: string): void {
    this.#state = "dead";
    this.#lastErrorCode = code;
  }

  closed(): void {
    this.#state = "closed";
  }
}
