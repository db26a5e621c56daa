import { predictConfidence } from "../calibration.ts";
import type { Lane, ModelEntry } from "../model-memory.ts";
import type { MarginScorer } from "../margin-scorer.ts";

/** `score(image, rows, scratch, margins, count)` of assembly/leaf-mask.ts; all but the count are addresses. */
export type ScoreRows = (
  image: number,
  rows: number,
  scratch: number,
  margins: number,
  count: number,
) => void;

/** Scores by the tables in shared memory, in this thread's lane: no object is made per call. */
export class LeafMaskScorer implements MarginScorer {
  readonly id: string;
  readonly width: number;
  readonly #entry: ModelEntry;
  readonly #lane: Lane;
  readonly #scoreRows: ScoreRows;

  constructor(entry: ModelEntry, lane: Lane, scoreRows: ScoreRows) {
    this.id = entry.id;
    this.width = entry.featureCount;
    this.#entry = entry;
    this.#lane = lane;
    this.#scoreRows = scoreRows;
  }

  score(features: Float32Array, count: number, scores: Float64Array): void {
    this.margins(features, count, scores);
    const { calibration } = this.#entry;
    for (let row = 0; row < count; row++) scores[row] = predictConfidence(scores[row] as number, calibration);
  }

  margins(features: Float32Array, count: number, margins: Float64Array): void {
    const { rows, margins: laneMargins, rowsAt, scratchAt, marginsAt } = this.#lane;
    const { featureCount, laneRows } = this.#entry;
    for (let from = 0; from < count; from += laneRows) {
      const part = Math.min(count - from, laneRows);
      // Element by element: a view for `set` would be an object a call.
      const first = from * featureCount;
      for (let at = 0; at < part * featureCount; at++) rows[at] = features[first + at] as number;
      this.#scoreRows(this.#entry.tableAt, rowsAt, scratchAt, marginsAt, part);
      for (let row = 0; row < part; row++) margins[from + row] = laneMargins[row] as number;
    }
  }
}
