import type { Clock } from "@smcq/kernel";

/** Samples of one synchronisation; the one with the shortest round trip counts. */
const SAMPLES = 5;

/**
 * The venue's clock minus ours, from `GET /fapi/v1/time`: of several samples the one with the shortest round trip,
 * whose error is at most half of that trip.
 */
export class ClockOffset {
  readonly #clock: Clock;
  #offsetMs = 0;
  #roundTripMs = Number.POSITIVE_INFINITY;
  readonly #followers: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Venue minus local time, ms; 0 before the first synchronisation. */
  offsetMs(): number {
    return this.#offsetMs;
  }

  /** The venue's time in ms, estimated. */
  venueNowMs(): number {
    return this.#clock.nowMs() + this.#offsetMs;
  }

  /** Round trip of the sample in use, ms; infinite before the first one. */
  roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** `follow` hears after each synchronisation, and now where there was one. */
  follow(follow: () => void): void {
    this.#followers.push(follow);
    if (this.#roundTripMs < Number.POSITIVE_INFINITY) follow();
  }

  /** Takes new samples and replaces the offset; the error of the venue's call is passed on. */
  async synchronise(serverTime: () => Promise<number>, samples: number = SAMPLES): Promise<void> {
    let bestMs = Number.POSITIVE_INFINITY;
    let offsetMs = 0;
    for (let index = 0; index < samples; index++) {
      const sentMs = this.#clock.nowMs();
      const serverMs = await serverTime();
      const receivedMs = this.#clock.nowMs();
      const tripMs = receivedMs - sentMs;
      if (tripMs >= bestMs) continue;
      bestMs = tripMs;
      offsetMs = serverMs - (sentMs + receivedMs) / 2;
    }
    this.#roundTripMs = bestMs;
    this.#offsetMs = Math.round(offsetMs);
    for (const follow of this.#followers) follow();
  }
}
