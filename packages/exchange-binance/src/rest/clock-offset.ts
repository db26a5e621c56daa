import { type Clock, SmcqError } from "@smcq/kernel";
import { BinanceErrorCode } from "../errors.ts";

/** Samples of one synchronisation; the one with the shortest round trip counts. */
const SAMPLES = 5;
/** Samples that lie so far apart, ms, are of two clocks: ours was set between them. */
const SET_MS_MIN = 1_000;

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

  /**
   * Takes new samples and replaces the offset. Samples from before our clock was set count no more; the error of the venue's call is
   * passed on, and the clock's being set in every one of them is one (`BINANCE_CLOCK_UNFIT`).
   */
  async synchronise(serverTime: () => Promise<number>, samples: number = SAMPLES): Promise<void> {
    let best: Sample | null = null;
    for (let index = 0; index < samples; index++) {
      const sentMs = this.#clock.nowMs();
      const serverMs = await serverTime();
      const sample = { leastMs: serverMs - this.#clock.nowMs(), mostMs: serverMs - sentMs };
      if (sample.mostMs < sample.leastMs) best = null;
      else if (best === null || !isOfOneClock(best, sample) || tripOf(sample) < tripOf(best)) best = sample;
    }
    if (best === null)
      throw new SmcqError(
        BinanceErrorCode.ClockUnfit,
        "our clock was set while it was held against the venue's",
      );
    this.#roundTripMs = tripOf(best);
    this.#offsetMs = Math.round((best.leastMs + best.mostMs) / 2);
    for (const follow of this.#followers) follow();
  }
}

/** What one call says of the offset: it lies between the two, ms. */
interface Sample {
  readonly leastMs: number;
  readonly mostMs: number;
}

function tripOf({ leastMs, mostMs }: Sample): number {
  return mostMs - leastMs;
}

/** One offset can be in both. */
function isOfOneClock(one: Sample, other: Sample): boolean {
  const gapMs = Math.max(one.leastMs, other.leastMs) - Math.min(one.mostMs, other.mostMs);
  return gapMs < SET_MS_MIN;
}
