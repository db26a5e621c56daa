import { FEATURE_COUNT, FeatureVector, recompute } from "@smcq/features";
import { BAR_FIELDS, type Bar } from "@smcq/kernel";
import { SmcDetector } from "@smcq/smc";

/** Bars that a rescanning engine looks at for each close. */
export const WINDOW_BARS = 100;

/** Finds the features and the score of a window's last bar from nothing but the window. */
export interface WindowScorer {
  /** `bars` holds `count` bars of `BAR_FIELDS` numbers; fills `features` and returns the score. */
  score(bars: Float64Array, count: number, features: Float32Array): number;
}

/** As one writes it first: an object a bar, the stateless functions over the whole window. */
export class ObjectWindow implements WindowScorer {
  score(bars: Float64Array, count: number, features: Float32Array): number {
    const window: Bar[] = [];
    for (let at = 0; at < count * BAR_FIELDS; at += BAR_FIELDS) {
      const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
        at,
        at + BAR_FIELDS,
      );
      window.push({ openTimeMs, open, high, low, close, volume });
    }
    const found = recompute(window).features ?? [];
    features.set(found);
    return Math.round((found[FEATURE_COUNT - 1] ?? 0) * 20) / 20;
  }
}

/** The stronger rival: the product's own detector and typed arrays, but fed the whole window for each close. */
export class TypedWindow implements WindowScorer {
  readonly #detector = new SmcDetector(new ArrayBuffer(SmcDetector.BYTES));
  readonly #vector = new FeatureVector();

  constructor() {
    this.#detector.attach(0);
  }

  score(bars: Float64Array, count: number, features: Float32Array): number {
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
    return Math.round((features[FEATURE_COUNT - 1] as number) * 20) / 20;
  }
}
