import type { Command, EventStamp } from "../events.ts";

/**
 * The next time at which anything is due, collected over the stages of an event: one wake is under way at a time, the
 * earliest. A venue in memory needs none: whatever it does, it tells.
 */
export class Alarm {
  readonly #isOn: boolean;
  #dueMs = Number.POSITIVE_INFINITY;
  #wakeMs = 0;
  #wakeNs = 0;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** Whoever was to wake is gone. */
  forget(): void {
    this.#wakeMs = 0;
    this.#wakeNs = 0;
  }

  /** Something is due then. What lies behind is due no more: it was looked at in this event. */
  at(dueMs: number, { nowMs }: EventStamp): void {
    if (dueMs > nowMs) this.#dueMs = Math.min(this.#dueMs, dueMs);
  }

  /** Asks for a turn at the earliest time of this event, unless one comes by then. */
  set(stamp: EventStamp, commands: Command[]): void {
    const dueMs = this.#dueMs;
    this.#dueMs = Number.POSITIVE_INFINITY;
    // A wake comes by the monotonic clock: where the other one is set back, it comes too early, and is asked for again.
    const isComing = this.#wakeMs > stamp.nowMs && this.#wakeNs > stamp.nowNs;
    const isAsked = isComing && this.#wakeMs <= dueMs;
    if (!this.#isOn || dueMs === Number.POSITIVE_INFINITY || isAsked) return;
    this.#wakeMs = dueMs;
    this.#wakeNs = stamp.nowNs + (dueMs - stamp.nowMs) * 1e6;
    commands.push({ type: "wake", atNs: this.#wakeNs });
  }
}
