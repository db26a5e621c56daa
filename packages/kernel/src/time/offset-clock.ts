import type { EpochMs, MonoNs } from "../brand.ts";
import type { CancelTimer, Clock } from "./clock.ts";

/** How far the venue's clock is ahead of ours, as it was last measured; whoever keeps a copy of it follows it. */
export class MeasuredOffset {
  readonly #followers: ((offsetMs: number) => void)[] = [];
  readonly #judges: ((isSound: boolean) => void)[] = [];
  #offsetMs = 0;
  #isSound = true;

  /** Venue minus local time, ms; 0 before the first measurement. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Takes a new measurement and tells it. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    for (const follow of this.#followers) follow(offsetMs);
  }

  /** Whether the offset may be relied on, as whoever measures it judges. */
  judge(isSound: boolean): void {
    if (isSound === this.#isSound) return;
    this.#isSound = isSound;
    for (const hear of this.#judges) hear(isSound);
  }

  /** `hear` hears each time when the offset is no longer, or again, relied on; now too, where it is not. */
  followHealth(hear: (isSound: boolean) => void): void {
    this.#judges.push(hear);
    if (!this.#isSound) hear(false);
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
