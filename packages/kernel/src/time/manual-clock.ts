import { assert } from "../assert.ts";
import type { EpochMs, MonoNs } from "../brand.ts";
import { assertDelay, type CancelTimer, type Clock } from "./clock.ts";

interface Pending {
  readonly atMs: number;
  readonly fn: () => void;
}

/** A clock that moves only when told; timers fire in order of their time, then of their creation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #pending: Pending[] = [];
  #isAdvancing = false;

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
    assertDelay(delayMs);
    const entry: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), fn };
    this.#pending.push(entry);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
  }

  /** How many timers wait. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** When the next timer is due; null: none waits. */
  get nextDueMs(): number | null {
    let next: number | null = null;
    for (const { atMs } of this.#pending) if (next === null || atMs < next) next = atMs;
    return next;
  }

  /**
   * Moves time to `toMs` and fires every timer due on the way, timers set by timers included. A timer must not move
   * time itself; one that throws leaves the clock at its own time.
   */
  advanceTo(toMs: number): void {
    assert(toMs >= this.#nowMs, `Invariant: time does not go back (${this.#nowMs} -> ${toMs})`);
    assert(!this.#isAdvancing, "Invariant: time is moved from outside its timers");
    this.#isAdvancing = true;
    try {
      for (let due = this.#takeDue(toMs); due !== undefined; due = this.#takeDue(toMs)) {
        this.#nowMs = Math.max(this.#nowMs, due.atMs);
        due.fn();
      }
      this.#nowMs = toMs;
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Takes the earliest timer due up to `toMs`; of several at one time the one created first. */
  #takeDue(toMs: number): Pending | undefined {
    let first: Pending | undefined;
    // Creation order: a later entry wins only when its time is earlier.
    for (const entry of this.#pending)
      if (entry.atMs <= toMs && (first === undefined || entry.atMs < first.atMs)) first = entry;
    if (first !== undefined) this.#pending.splice(this.#pending.indexOf(first), 1);
    return first;
  }

  /** Moves time forward by `ms`. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }
}
