import type { CancelTimer, Clock } from "@smcq/kernel";

/** One timer for many slots: each slot has at most one due time, the earliest one arms the clock. */
export class DueTimer {
  readonly #clock: Clock;
  readonly #defer: (fn: () => void) => void;
  readonly #onDue: (slot: number, nowMs: number) => void;
  readonly #dueMs: Float64Array;
  #armedMs = Number.POSITIVE_INFINITY;
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(options: {
    readonly slots: number;
    readonly clock: Clock;
    /** Runs `fn` after the I/O that is already there: a late timer must not overtake frames that wait to be read. */
    readonly defer: (fn: () => void) => void;
    readonly onDue: (slot: number, nowMs: number) => void;
  }) {
    this.#clock = options.clock;
    this.#defer = options.defer;
    this.#onDue = options.onDue;
    this.#dueMs = new Float64Array(options.slots).fill(Number.POSITIVE_INFINITY);
  }

  /** True when the slot waits for nothing. */
  isIdle(slot: number): boolean {
    return this.#dueMs[slot] === Number.POSITIVE_INFINITY;
  }

  /** Makes the slot due at `atMs`, unless it is due earlier. */
  schedule(slot: number, atMs: number): void {
    if (atMs >= (this.#dueMs[slot] as number)) return;
    this.#dueMs[slot] = atMs;
    if (atMs < this.#armedMs) this.#arm(atMs);
  }

  clear(slot: number): void {
    this.#dueMs[slot] = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #arm(atMs: number): void {
    this.#cancel?.();
    if (this.#isStopped) return;
    this.#armedMs = atMs;
    const delayMs = Math.max(0, atMs - this.#clock.nowMs());
    this.#cancel = this.#clock.after(delayMs, () => this.#defer(() => this.#run()), { unref: true });
  }

  #run(): void {
    if (this.#isStopped) return;
    this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    const dueMs = this.#dueMs;
    for (let slot = 0; slot < dueMs.length; slot++) {
      if ((dueMs[slot] as number) > nowMs) continue;
      dueMs[slot] = Number.POSITIVE_INFINITY;
      this.#onDue(slot, nowMs);
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < dueMs.length; slot++) nextMs = Math.min(nextMs, dueMs[slot] as number);
    if (nextMs < this.#armedMs) this.#arm(nextMs);
  }
}
