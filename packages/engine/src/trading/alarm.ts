import type { Command, EventStamp } from "../events.ts";

/**
 * The next time at which anything is due, collected over the stages of an event: one wake is under way at a time, the
 * earliest. A venue in memory needs none: whatever it does, it tells.
 */
export class Alarm {
  readonly #isOn: boolean;
  #dueMs = Number.POSITIVE_INFINITY;
  #wakeMs = 0;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** Something is due then. What lies behind is due no more: it was looked at in this event. */
  at(dueMs: number, { nowMs }: EventStamp): void {
    if (dueMs > nowMs) this.#dueMs = Math.min(this.#dueMs, dueMs);
  }

  /** Asks for a turn at the earliest time of this event, unless one comes by then. */
  set(stamp: EventStamp, commands: Command[]): void {
    const dueMs = this.#dueMs;
    this.#dueMs = Number.POSITIVE_INFINITY;
    const isAsked = this.#wakeMs > stamp.nowMs && this.#wakeMs <= dueMs;
    if (!this.#isOn || dueMs === Number.POSITIVE_INFINITY || isAsked) return;
    this.#wakeMs = dueMs;
    commands.push({ type: "wake", atNs: stamp.nowNs + (dueMs - stamp.nowMs) * 1e6 });
  }
}
