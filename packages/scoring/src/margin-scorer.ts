import type { Scorer } from "@smcq/features";

/** A scorer whose margins can be had before the calibration. */
export interface MarginScorer extends Scorer {
  /** Raw margins of `count` rows of the model's float32 features into `margins`. */
  margins(features: Float32Array, count: number, margins: Float64Array): void;
}
