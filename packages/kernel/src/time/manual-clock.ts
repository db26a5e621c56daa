import { assert } from "../assert.ts";
import type { EpochMs, MonoNs } from "../brand.ts";
import type { CancelTimer, Clock } from "./clock.ts";

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that moves only when told; timers fire in order of their time, then of their creation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #nextOrder = 0;
  #pending: Pending[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): EpochMs {
    return this.#nowMs as EpochMs;
  }

  monoNs(): MonoNs {
    return (this.#nowMs * 1e6) as MonoNs;
  }

  after(delayMs: number, fn: () => void): CancelTimer {
    const entry: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#nextOrder++, fn };
    this.#pending.push(entry);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
  }

  /** How many timers wait. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Moves time to `toMs` and fires every timer due on the way, timers set by timers included. */
  advanceTo(toMs: number): void {
    assert(toMs >= this.#nowMs, `Invariant: time does not go back (${this.#nowMs} -> ${toMs})`);
    for (;;) {
      const due = this.#pending
        .filter((entry) => entry.atMs <= toMs)
        .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#pending = this.#pending.filter((entry) => entry !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
    }
    this.#nowMs = toMs;
  }

  /** Moves time forward by `ms`. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }
}
