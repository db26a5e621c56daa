import { MINUTE_MS } from "@smcq/kernel";

/** What the limiter says to a request. */
export interface RateVerdict {
  readonly status: 200 | 418 | 429;
  /** Weight used in the window, this request included. */
  readonly usedWeight: number;
  /** When the client may come again, venue ms. */
  readonly untilMs: number;
}

/** Requests in a window after its first 429 until the ban. */
const REFUSALS_BEFORE_BAN = 10;
const BAN_MS_MAX = 3 * 86_400_000;

/** The venue's weight pool of an address: fixed minutes of the venue's clock, 429 above the limit, then 418. */
export class RateLimiter {
  readonly #limit: number;
  #banMs: number;
  #window = -1;
  #usedWeight = 0;
  #refusals = 0;
  #bannedUntilMs = 0;

  constructor(limit: number, banMs: number) {
    this.#limit = limit;
    this.#banMs = banMs;
  }

  /** Takes `weight` at `nowMs`; a ban doubles with each (three days at most). */
  spend(weight: number, nowMs: number): RateVerdict {
    const window = Math.floor(nowMs / MINUTE_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#usedWeight = 0;
      this.#refusals = 0;
    }
    if (nowMs < this.#bannedUntilMs)
      return { status: 418, usedWeight: this.#usedWeight, untilMs: this.#bannedUntilMs };
    this.#usedWeight += weight;
    if (this.#usedWeight <= this.#limit) return { status: 200, usedWeight: this.#usedWeight, untilMs: nowMs };
    this.#refusals++;
    if (this.#refusals <= REFUSALS_BEFORE_BAN)
      return { status: 429, usedWeight: this.#usedWeight, untilMs: (window + 1) * MINUTE_MS };
    this.#bannedUntilMs = Math.ceil(nowMs + this.#banMs);
    this.#banMs = Math.min(this.#banMs * 2, BAN_MS_MAX);
    return { status: 418, usedWeight: this.#usedWeight, untilMs: this.#bannedUntilMs };
  }

  /** Refuses everything until then. */
  ban(untilMs: number): void {
    this.#bannedUntilMs = Math.max(this.#bannedUntilMs, Math.ceil(untilMs));
  }
}
