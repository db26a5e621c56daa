import { FeatureVector, recompute } from "@smcq/features";
import { BAR_FIELDS, type Bar } from "@smcq/kernel";
import { SmcDetector } from "@smcq/smc";

/** Bars that a rescanning engine looks at for each close. */
export const WINDOW_BARS = 100;

/** Finds the features of a window's last bar from nothing but the window. */
export interface WindowLook {
  /** `bars` holds `count` bars of `BAR_FIELDS` numbers; fills `features`. */
  look(bars: Float64Array, count: number, features: Float32Array): void;
}

/** As one writes it first: an object a bar, the stateless functions over the whole window. */
export class ObjectWindow implements WindowLook {
  look(bars: Float64Array, count: number, features: Float32Array): void {
    const window: Bar[] = [];
    for (let at = 0; at < count * BAR_FIELDS; at += BAR_FIELDS) {
      const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
        at,
        at + BAR_FIELDS,
      );
      window.push({ openTimeMs, open, high, low, close, volume });
    }
    features.set(recompute(window).features ?? []);
  }
}

/** The stronger rival: the product's own detector and typed arrays, but fed the whole window for each close. */
export class TypedWindow implements WindowLook {
  readonly #detector = new SmcDetector(new ArrayBuffer(SmcDetector.BYTES));
  readonly #vector = new FeatureVector();

  constructor() {
    this.#detector.attach(0);
  }

  look(bars: Float64Array, count: number, features: Float32Array): void {
    const detector = this.#detector;
    detector.reset();
    for (let at = 0; at < count * BAR_FIELDS; at += BAR_FIELDS)
      detector.push(
        bars[at + 1] as number,
        bars[at + 2] as number,
        bars[at + 3] as number,
        bars[at + 4] as number,
        bars[at + 5] as number,
      );
    this.#vector.compute(detector);
    this.#vector.writeSide(1, features, 0);
  }
}
