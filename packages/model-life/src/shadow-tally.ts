import type { ScoredSignal } from "./scored-signal.ts";

/** What a new version said beside the present one. */
export interface ShadowResult extends Readonly<Record<string, number>> {
  readonly scored: number;
  /** Rows that it gave no probability for. */
  readonly failed: number;
  readonly meanDifference: number;
  readonly differenceMax: number;
}

/** Compares a new version's scores with the present model's, row by row, while it is in its shadow. */
export class ShadowTally {
  readonly #modelId: string;
  readonly #sinceMs: number;
  #scored = 0;
  #failed = 0;
  #sum = 0;
  #max = 0;

  constructor(modelId: string, sinceMs: number) {
    this.#modelId = modelId;
    this.#sinceMs = sinceMs;
  }

  add({ challenger, score, openTimeMs }: ScoredSignal): void {
    if (challenger?.scorerId === this.#modelId) {
      const difference = Math.abs(challenger.score - score);
      this.#scored++;
      this.#sum += difference;
      this.#max = Math.max(this.#max, difference);
    } else if (challenger === null && openTimeMs > this.#sinceMs) {
      // A bar that opened after the shadow began was scored by a task that knew of it: the model gave no probability.
      this.#failed++;
    }
  }

  result(): ShadowResult {
    return {
      scored: this.#scored,
      failed: this.#failed,
      meanDifference: this.#scored === 0 ? 0 : this.#sum / this.#scored,
      differenceMax: this.#max,
    };
  }
}
