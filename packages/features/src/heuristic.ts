import { FEATURE_COUNT } from "@smcq/kernel";
import { Feature } from "./feature-table.ts";
import type { Scorer } from "./scorer.ts";

/**
 * The heuristic of docs/smc.md section 9 in integer twentieths, 0..20, so that no sum of decimals decides a threshold.
 * `gapSizeAtr` is the nearest gap's size before scaling, `momentumAtr` the momentum before clipping.
 */
export function heuristicTwentieths(
  structure: number,
  isGrab: boolean,
  gapSizeAtr: number,
  obProximity: number,
  momentumAtr: number,
  rsi: number,
): number {
  let twentieths = 10 + 2 * structure;
  if (isGrab) twentieths += 3;
  if (gapSizeAtr > 1) twentieths += 2;
  if (obProximity < 0.5) twentieths += 2;
  if (momentumAtr > 0.3) twentieths += 1;
  if (rsi < 0.3) twentieths += 1;
  if (rsi > 0.7) twentieths -= 1;
  return Math.min(Math.max(twentieths, 0), 20);
}

/** Name of the rule, stored with every signal that it scored. */
export const HEURISTIC_ID = "heuristic-1";

/** Scores a row by its last feature, which in the side view is the side's heuristic: exactly k/20 in float64. */
export class HeuristicScorer implements Scorer {
  readonly id: string = HEURISTIC_ID;

  score(features: Float32Array, count: number, scores: Float64Array): void {
    for (let row = 0; row < count; row++) {
      const rounded = features[row * FEATURE_COUNT + Feature.ConfidenceEnsemble] as number;
      // float32 moved the value off k/20; thresholds on scores are judged on the exact one.
      scores[row] = Math.round(rounded * 20) / 20;
    }
  }
}
