import type { Clock } from "@smcq/kernel";

/** Wrong tokens that are answered as such within the window; more are sent away unheard. */
export const WRONG_TRIES_MAX = 20;
/** Wall ms. */
export const WRONG_TRIES_WINDOW_MS = 60_000;

/**
 * Counts wrong tokens, of everybody together: on loopback, and behind a proxy, everybody has one address. Who has the
 * right one is never kept out by those who have not.
 */
export class AttemptLimit {
  readonly #wallClock: Clock;
  #windowNs: number;
  #wrong = 0;

  constructor(wallClock: Clock) {
    this.#wallClock = wallClock;
    this.#windowNs = wallClock.monoNs();
  }

  /** Notes a wrong token; false: there were too many of late. */
  noteWrong(): boolean {
    const nowNs = this.#wallClock.monoNs();
    if ((nowNs - this.#windowNs) / 1e6 >= WRONG_TRIES_WINDOW_MS) {
      this.#windowNs = nowNs;
      this.#wrong = 0;
    }
    this.#wrong++;
    return this.#wrong <= WRONG_TRIES_MAX;
  }
}
