/** Turns feature rows into P(win | this side). */
export interface Scorer {
  /** Stable name of the model or rule, stored with every signal. */
  readonly id: string;
  /** Numbers of a row that it takes; left out: the 12 of feature set v1. */
  readonly width?: number;
  /**
   * Scores `count` rows of `width` float32 features (row-major, side view) into `scores` (float64, 0..1). A row says
   * everything of its side, so the side itself is no argument.
   */
  score(features: Float32Array, count: number, scores: Float64Array): void;
}

/** The models that a scan can score with, by epoch: 0 is the heuristic, every model that is loaded gets the next one. */
export interface ScorerRegistry {
  /** Throws when nothing is loaded under this epoch. */
  scorer(epoch: number): Scorer;
}

/** A registry that answers every epoch with the same scorer. */
export function singleScorer(scorer: Scorer): ScorerRegistry {
  return { scorer: () => scorer };
}
