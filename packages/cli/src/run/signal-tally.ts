import type { Signal } from "@smcq/engine";
import type { SignalTally } from "../output/minute-line.ts";

/** Counts signals between two minute lines. */
export class SignalCounter {
  readonly #scoreMin: number;
  #candidates = 0;
  #aboveScoreMin = 0;
  #bestScore = 0;
  /** Signals since the start. */
  total = 0;

  constructor(scoreMin: number) {
    this.#scoreMin = scoreMin;
  }

  add(signals: readonly Signal[]): void {
    this.total += signals.length;
    this.#candidates += signals.length;
    for (const { score } of signals) {
      if (score > this.#scoreMin) this.#aboveScoreMin++;
      if (score > this.#bestScore) this.#bestScore = score;
    }
  }

  /** What came since the last call. */
  take(): SignalTally {
    const tally = {
      candidates: this.#candidates,
      aboveScoreMin: this.#aboveScoreMin,
      bestScore: this.#bestScore,
    };
    this.#candidates = 0;
    this.#aboveScoreMin = 0;
    this.#bestScore = 0;
    return tally;
  }
}
