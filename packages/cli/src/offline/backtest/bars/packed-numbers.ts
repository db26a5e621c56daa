import { MINUTE_MS } from "@smcq/kernel";
import type { PackedBars } from "../scan-series.ts";
import type { BarNumbers } from "./bar-numbers.ts";

/** Prices of a bar: open, high, low, close. */
export const PRICES = 4;
/** Bars of which the first one's open is what their prices are counted from. */
export const BASE_BARS = 16;

/** Packed bars as the numbers that they were. */
export class PackedNumbers implements BarNumbers {
  readonly #bars: PackedBars;

  constructor(bars: PackedBars) {
    this.#bars = bars;
  }

  value(bar: number, field: number): number {
    const { minutes, prices, bases, scale, volumes } = this.#bars;
    if (field === 0)
      return (typeof minutes === "number" ? minutes + bar : (minutes[bar] as number)) * MINUTE_MS;
    if (field > PRICES) return volumes === null ? Number.NaN : (volumes[bar] as number);
    const own = prices[bar * PRICES + field - 1] as number;
    return (bases === null ? own : own + (bases[Math.floor(bar / BASE_BARS)] as number)) / scale;
  }
}
