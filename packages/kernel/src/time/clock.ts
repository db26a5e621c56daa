import { assert } from "../assert.ts";
import type { EpochMs, MonoNs } from "../brand.ts";

/** Stops a pending timer; calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/**
 * The one door to time. `nowMs` is the market's time (it may jump or run faster than the wall), `monoNs` is for
 * latencies only, `after` counts on the market's time.
 */
export interface Clock {
  nowMs(): EpochMs;
  monoNs(): MonoNs;
  /**
   * Calls `fn` once, at least `delayMs` of this clock later, never at once; 0 and less is "soon". Refuses NaN. `unref`
   * timers do not keep the process alive.
   */
  after(delayMs: number, fn: () => void, options?: { readonly unref?: boolean }): CancelTimer;
}

/** How to build the same clock in another thread or process. */
export type ClockSpec =
  | { readonly type: "system" }
  | {
      readonly type: "scaled";
      /** Venue milliseconds that pass in one wall millisecond. */
      readonly speed: number;
      /** The venue's time at `anchorWallMs` of the machine's wall clock. */
      readonly anchorVenueMs: number;
      readonly anchorWallMs: number;
    };

/** Refuses a delay that no clock can count: a timer of NaN ms fires at once on one clock and never on another. */
export function assertDelay(delayMs: number): void {
  assert(!Number.isNaN(delayMs), "Invariant: a timer's delay is a number");
}
