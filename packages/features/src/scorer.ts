/** Turns feature rows into P(win | this side). */
export interface Scorer {
  /** Stable name of the model or rule, stored with every signal. */
  readonly id: string;
  /**
   * Scores `count` rows of 12 float32 features (row-major, side view) into `scores` (float64, 0..1). A row says
   * everything of its side, so the side itself is no argument.
   */
  score(features: Float32Array, count: number, scores: Float64Array): void;
}
