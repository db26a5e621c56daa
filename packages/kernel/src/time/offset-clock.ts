import type { EpochMs, MonoNs } from "../brand.ts";
import type { CancelTimer, Clock } from "./clock.ts";

/** How far the venue's clock is ahead of ours, as it was last measured; whoever keeps a copy of it follows it. */
export class MeasuredOffset {
  readonly #followers: ((offsetMs: number) => void)[] = [];
  #offsetMs = 0;

  /** Venue minus local time, ms; 0 before the first measurement. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Takes a new measurement and tells it. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    for (const follow of this.#followers) follow(offsetMs);
  }

  /** `follow` hears of the offset now and after each measurement. */
  follow(follow: (offsetMs: number) => void): void {
    this.#followers.push(follow);
    follow(this.#offsetMs);
  }
}

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
