/** The error of one forecast is taken to spread at least as that of p = 0.45 or 0.55 does. */
const ERROR_SPREAD_MIN = 0.05;

/** The last outcomes with the confidence that was given to each. */
export class BrierWindow {
  readonly #errors: Float64Array;
  #count = 0;
  #next = 0;

  constructor(outcomes: number) {
    this.#errors = new Float64Array(outcomes);
  }

  get count(): number {
    return this.#count;
  }

  /** Takes an outcome: the squared distance of the confidence from 1 (a win) or 0. */
  add(confidence: number, isWin: boolean): void {
    this.#errors[this.#next] = (confidence - (isWin ? 1 : 0)) ** 2;
    this.#next = (this.#next + 1) % this.#errors.length;
    this.#count = Math.min(this.#count + 1, this.#errors.length);
  }

  /** The Brier score (G. W. Brier, 1950): the mean of the squared errors; null without outcomes. */
  score(): number | null {
    return this.#count === 0 ? null : this.#mean();
  }

  /**
   * By how many standard errors the window's score is worse than a reference of `referenceRows` outcomes: the
   * difference of two means over sqrt(s^2/n + s^2/m), s being the spread of the window's errors.
   */
  worseBy(reference: number, referenceRows: number): number {
    const mean = this.#mean();
    let squares = 0;
    for (let k = 0; k < this.#count; k++) squares += ((this.#errors[k] as number) - mean) ** 2;
    const spread = Math.max(Math.sqrt(squares / Math.max(this.#count - 1, 1)), ERROR_SPREAD_MIN);
    return (mean - reference) / (spread * Math.sqrt(1 / this.#count + 1 / referenceRows));
  }

  #mean(): number {
    let sum = 0;
    for (let k = 0; k < this.#count; k++) sum += this.#errors[k] as number;
    return sum / this.#count;
  }
}
