import type { Scorer, ScorerBook } from "@smcq/features";
import type { SharedModels } from "./model-memory.ts";

/** A scorer whose margins can be had before the calibration. */
export interface MarginScorer extends Scorer {
  /** Raw margins of `count` rows of 12 float32 features into `margins`. */
  margins(features: Float32Array, count: number, margins: Float64Array): void;
}

/** The models in shared memory as this thread scores with them; `lane` is this thread's alone. */
export function attachModels(shared: SharedModels, lane: number): ScorerBook {
  throw new Error(`not built yet: ${shared.lanes} ${lane}`);
}
