import type { EpochMs, MonoNs } from "../brand.ts";
import type { CancelTimer, Clock } from "./clock.ts";

/** The venue's clock as we know it: the local one plus an offset that is measured again and again. */
export class OffsetClock implements Clock {
  readonly #base: Clock;
  readonly #offsetMs: () => number;

  /** `offsetMs`: venue minus local time, ms. */
  constructor(base: Clock, offsetMs: () => number) {
    this.#base = base;
    this.#offsetMs = offsetMs;
  }

  nowMs(): EpochMs {
    return Math.floor(this.#base.nowMs() + this.#offsetMs()) as EpochMs;
  }

  monoNs(): MonoNs {
    return this.#base.monoNs();
  }

  after(delayMs: number, fn: () => void, options: { readonly unref?: boolean } = {}): CancelTimer {
    return this.#base.after(delayMs, fn, options);
  }
}
