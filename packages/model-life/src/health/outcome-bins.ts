/** Bins of equal width that scores are counted in. */
export const OUTCOME_BINS = 20;
/** A score is counted in the bin that it is written in: 0.15 * 20 is a hair below 3. */
const EDGE = 1e-9;

/** Scores in lower <= score < upper (the last bin: <= upper), and how many of them won. */
export interface OutcomeBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly wins: number;
}

/** How often scores came true, by bins of the score: what a reliability diagram is drawn of. */
export class OutcomeBins {
  readonly #counts = new Uint32Array(OUTCOME_BINS);
  readonly #wins = new Uint32Array(OUTCOME_BINS);

  /** Takes the outcome of a score; one that is no probability is left out. */
  add(score: number, isWin: boolean): void {
    if (!(score >= 0 && score <= 1)) return;
    const bin = Math.min(OUTCOME_BINS - 1, Math.floor(score * OUTCOME_BINS + EDGE));
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
    this.#wins[bin] = (this.#wins[bin] as number) + Number(isWin);
  }

  /** Every bin, from 0 to 1. */
  bins(): readonly OutcomeBin[] {
    return Array.from(this.#counts, (count, bin) => ({
      lower: bin / OUTCOME_BINS,
      upper: (bin + 1) / OUTCOME_BINS,
      count,
      wins: this.#wins[bin] as number,
    }));
  }
}
