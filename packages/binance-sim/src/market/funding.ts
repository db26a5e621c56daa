import { hash4, type MarketSymbol, unit4 } from "@smcq/exchange-sim";
import type { Venue } from "../venue.ts";

const HOUR_MS = 3_600_000;
const SALT = 0x66756e64;
/** Rates are drawn within this of nothing. */
const RATE_MAX = 0.0003;

/**
 * When and at what rate each symbol's longs pay its shorts: every 8 hours, of every eighth symbol every 4, of every
 * thirty-second every hour; the rate is drawn from the seed, -0.03 % to 0.03 %, for each time.
 */
export class FundingTimes {
  readonly #seed: number;

  constructor(venue: Venue) {
    this.#seed = venue.settings.seed;
  }

  hours({ symbolKey }: MarketSymbol): 1 | 4 | 8 {
    const drawn = hash4(SALT, symbolKey, 0, 0) % 32;
    return drawn === 0 ? 1 : drawn % 8 === 1 ? 4 : 8;
  }

  /** The first funding time after `timeMs`. */
  nextMs(symbol: MarketSymbol, timeMs: number): number {
    const everyMs = this.hours(symbol) * HOUR_MS;
    return (Math.floor(timeMs / everyMs) + 1) * everyMs;
  }

  /** The last funding time up to `timeMs`. */
  lastMs(symbol: MarketSymbol, timeMs: number): number {
    const everyMs = this.hours(symbol) * HOUR_MS;
    return Math.floor(timeMs / everyMs) * everyMs;
  }

  /** The rate of a funding time, e8. */
  rateE8({ symbolKey }: MarketSymbol, fundingMs: number): bigint {
    const drawn = unit4(this.#seed ^ SALT, symbolKey, Math.floor(fundingMs / HOUR_MS), 0);
    return BigInt(Math.round((2 * drawn - 1) * RATE_MAX * 1e8));
  }
}
