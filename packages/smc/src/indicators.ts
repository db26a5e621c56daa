import { SMC_PARAMETERS } from "./parameters.ts";
import { CLOSE_RING, F64, VOLUME_RING } from "./state-layout.ts";
import type { StateViews } from "./state-layout.ts";

// Wilder's length of both ATR and RSI, and the weight of the past.
const SMOOTHING_BARS = SMC_PARAMETERS.atrBars;
const PAST_BARS = SMOOTHING_BARS - 1;
const VOLUME_BARS = SMC_PARAMETERS.volumeBars;
const FLAT_RATIO = 1e-14;
// A volume over a vanishing ATR counts as this at most, so that a sum of twenty stays finite.
const VOLUME_PER_ATR_MAX = 1e300;

const ATR = F64.atr;
const TRUE_RANGE_SUM = F64.trueRangeSum;
const GAIN = F64.gain;
const LOSS = F64.loss;
const CLOSES = F64.closes;
const CLOSE_MASK = CLOSE_RING - 1;
const VOLUMES = F64.volumes;
const VOLUME_MASK = VOLUME_RING - 1;

/** ATR-14 and RSI-14 after Wilder (docs/smc.md sections 1 and 2), and the volumes in ATR of the last bars. */
export class Indicators {
  readonly #f64: Float64Array;
  #f = 0;

  constructor(views: StateViews) {
    this.#f64 = views.f64;
  }

  attach(f64Base: number): void {
    this.#f = f64Base;
  }

  reset(): void {
    this.#f64[this.#f + ATR] = 0;
    this.#f64[this.#f + TRUE_RANGE_SUM] = 0;
    this.#f64[this.#f + GAIN] = 0;
    this.#f64[this.#f + LOSS] = 0;
  }

  /** ATR in price units; 0 while it is missing (bars 0..13). */
  get atr(): number {
    return this.#f64[this.#f + ATR] as number;
  }

  /** Close of `bar`, one of the last 16. */
  close(bar: number): number {
    return this.#f64[this.#f + CLOSES + (bar & CLOSE_MASK)] as number;
  }

  /** RSI in 0..1 after a bar that closed at `close`; 0.5 when nothing moved. */
  rsi(close: number): number {
    const gain = this.#f64[this.#f + GAIN] as number;
    const sum = gain + (this.#f64[this.#f + LOSS] as number);
    return sum <= FLAT_RATIO * close ? 0.5 : gain / sum;
  }

  /** Takes the bar; returns the ATR after it (0 while missing). */
  advance(bar: number, high: number, low: number, close: number, volume: number): number {
    const f64 = this.#f64;
    const f = this.#f;
    let atr = 0;
    if (bar > 0) {
      const before = f64[f + CLOSES + ((bar - 1) & CLOSE_MASK)] as number;
      const range = Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
      const change = close - before;
      // (|x| + x) / 2 is x or 0 exactly; a branch on the direction of the close cannot be predicted.
      const gained = (Math.abs(change) + change) / 2;
      const lost = (Math.abs(change) - change) / 2;
      if (bar > SMOOTHING_BARS) {
        atr = (PAST_BARS * (f64[f + ATR] as number) + range) / SMOOTHING_BARS;
        f64[f + GAIN] = (PAST_BARS * (f64[f + GAIN] as number) + gained) / SMOOTHING_BARS;
        f64[f + LOSS] = (PAST_BARS * (f64[f + LOSS] as number) + lost) / SMOOTHING_BARS;
      } else atr = this.#seed(bar, range, gained, lost);
    }
    f64[f + ATR] = atr;
    f64[f + CLOSES + (bar & CLOSE_MASK)] = close;
    f64[f + VOLUMES + (bar & VOLUME_MASK)] = atr > 0 ? Math.min(volume / atr, VOLUME_PER_ATR_MAX) : 0;
    return atr;
  }

  /** The first 14 changes are averaged; the ATR is missing until then. */
  #seed(bar: number, range: number, gained: number, lost: number): number {
    const f64 = this.#f64;
    const f = this.#f;
    const isLast = bar === SMOOTHING_BARS;
    const sum = (f64[f + TRUE_RANGE_SUM] as number) + range;
    const gain = (f64[f + GAIN] as number) + gained;
    const loss = (f64[f + LOSS] as number) + lost;
    f64[f + TRUE_RANGE_SUM] = sum;
    f64[f + GAIN] = isLast ? gain / SMOOTHING_BARS : gain;
    f64[f + LOSS] = isLast ? loss / SMOOTHING_BARS : loss;
    return isLast ? sum / SMOOTHING_BARS : 0;
  }

  /** Volume over ATR of `bar`, one of the last 32. */
  volumeInAtr(bar: number): number {
    return this.#f64[this.#f + VOLUMES + (bar & VOLUME_MASK)] as number;
  }

  /** Mean volume over ATR of the 20 bars before `bar`. */
  volumeInAtrMean(bar: number): number {
    const f64 = this.#f64;
    const ring = this.#f + VOLUMES;
    const mask = VOLUME_MASK;
    // One by one, oldest first: another order would move the last bit of the feature.
    let sum = 0;
    for (let back = VOLUME_BARS; back >= 1; back--) sum += f64[ring + ((bar - back) & mask)] as number;
    return sum / VOLUME_BARS;
  }
}
