import { Rng } from "@smcq/kernel";
import { type LightGbmModel, ZERO_BAND } from "../lightgbm/lightgbm-model.ts";
import { rawMargins } from "../lightgbm/raw-margins.ts";
import type { GoldenRows } from "./golden-file.ts";

const PLAUSIBLE_ROWS = 256;
const ADVERSARIAL_ROWS = 768;
/** Of the values of an adversarial row, so many come from the neighbourhood of a threshold, the others are special. */
const THRESHOLD_RATIO = 0.75;
const FLOAT32_MAX = 3.4028234663852886e38;
// Denormals: 2^-149 is the smallest; 2^-126 is the smallest normal float32.
const SPECIAL: readonly number[] = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  FLOAT32_MAX,
  -FLOAT32_MAX,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  -(2 ** -126),
  ZERO_BAND,
  -ZERO_BAND,
  nextFloat32(ZERO_BAND, 1),
  nextFloat32(-ZERO_BAND, -1),
];

/** The float32 next to `value` upwards (1) or downwards (-1); `value` itself when it is not finite. */
export function nextFloat32(value: number, direction: 1 | -1): number {
  const floats = new Float32Array([value]);
  if (!Number.isFinite(floats[0])) return floats[0] as number;
  const bits = new Int32Array(floats.buffer);
  if (floats[0] === 0) return direction * 2 ** -149;
  // The bits of float32 rise with its magnitude.
  bits[0] = (bits[0] as number) + ((floats[0] as number) > 0 === direction > 0 ? 1 : -1);
  return floats[0] as number;
}

/** What the rows of one feature are drawn from. */
class FeatureValues {
  readonly #rng: Rng;
  readonly #lower: number;
  readonly #upper: number;
  readonly #neighbours: number[] = [];
  #next = 0;

  constructor(thresholds: readonly number[], rng: Rng) {
    this.#rng = rng;
    const finite = thresholds.filter((threshold) => Math.abs(threshold) <= FLOAT32_MAX);
    this.#lower = finite.reduce((lower, threshold) => Math.min(lower, threshold), Infinity);
    this.#upper = finite.reduce((upper, threshold) => Math.max(upper, threshold), -Infinity);
    for (const threshold of finite) {
      const nearest = Math.fround(threshold);
      this.#neighbours.push(nextFloat32(nearest, -1), nearest, nextFloat32(nearest, 1));
    }
    for (let k = this.#neighbours.length - 1; k > 0; k--) {
      const other = rng.int(k + 1);
      [this.#neighbours[k], this.#neighbours[other]] = [
        this.#neighbours[other] ?? 0,
        this.#neighbours[k] ?? 0,
      ];
    }
  }

  /** Within the thresholds and a little beyond them. */
  plausible(): number {
    if (this.#lower > this.#upper) return this.#rng.next() * 2 - 1;
    const margin = Math.max((this.#upper - this.#lower) * 0.1, 0.01);
    return this.#lower - margin + this.#rng.next() * (this.#upper - this.#lower + 2 * margin);
  }

  /** Each threshold's neighbours in turn, so that none is left out, mixed with special values. */
  adversarial(): number {
    if (this.#neighbours.length > 0 && this.#rng.chance(THRESHOLD_RATIO))
      return this.#neighbours[this.#next++ % this.#neighbours.length] as number;
    return SPECIAL[this.#rng.int(SPECIAL.length)] as number;
  }
}

/**
 * Rows for a model with their margins by the reference traversal of its text: plausible ones and ones at the
 * float32 neighbours of its thresholds, NaN, infinities, signed zeros, denormals and the zero band. The same model
 * and seed give the same rows.
 */
export function makeGolden(model: LightGbmModel, seed: number): GoldenRows {
  const rng = new Rng(seed).fork("golden");
  const featureCount = model.featureNames.length;
  const values = thresholdsOf(model).map((thresholds) => new FeatureValues(thresholds, rng));
  const count = PLAUSIBLE_ROWS + ADVERSARIAL_ROWS;
  const features = new Float32Array(count * featureCount);
  for (let row = 0; row < count; row++)
    for (const [feature, source] of values.entries())
      features[row * featureCount + feature] =
        row < PLAUSIBLE_ROWS ? source.plausible() : source.adversarial();
  return { count, featureCount, features, margins: rawMargins(model, features, count) };
}

/** The distinct thresholds of each feature, ascending. */
function thresholdsOf(model: LightGbmModel): number[][] {
  const byFeature = model.featureNames.map(() => new Set<number>());
  for (const tree of model.trees)
    for (const [node, feature] of tree.splitFeature.entries())
      byFeature[feature]?.add(tree.threshold[node] as number);
  return byFeature.map((thresholds) => [...thresholds].toSorted((a, b) => a - b));
}
