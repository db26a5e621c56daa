/** Added to every count, so that an empty bin has a finite logarithm. */
const SMOOTHING = 0.5;
const EMPTY = 0xff;

/** The last `rows` values of one quantity, counted in the bins of its reference; a step is O(edges). */
export class BinWindow {
  readonly #edges: readonly number[];
  readonly #reference: readonly number[];
  readonly #bins: Uint8Array;
  readonly #counts: Uint32Array;
  #next = 0;

  /** `reference` are the counts of the training rows, one more than `edges`. */
  constructor(edges: readonly number[], reference: readonly number[], rows: number) {
    this.#edges = edges;
    this.#reference = reference;
    // One more bin, behind the others, for what is no finite number.
    this.#counts = new Uint32Array(reference.length + 1);
    this.#bins = new Uint8Array(rows).fill(EMPTY);
  }

  add(value: number): void {
    const leaving = this.#bins[this.#next] as number;
    if (leaving !== EMPTY) this.#counts[leaving] = (this.#counts[leaving] as number) - 1;
    const bin = this.#binOf(value);
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
    this.#bins[this.#next] = bin;
    this.#next = (this.#next + 1) % this.#bins.length;
  }

  #binOf(value: number): number {
    if (!Number.isFinite(value)) return this.#reference.length;
    let bin = 0;
    while (bin < this.#edges.length && value > (this.#edges[bin] as number)) bin++;
    return bin;
  }

  /** The population stability index of the window's finite values against the reference. */
  psi(): number {
    return populationStabilityIndex(this.#reference, this.#counts.subarray(0, this.#reference.length));
  }
}

/**
 * PSI = sum over bins of (q - p) * ln(q / p), p and q being the shares of the reference and of the window; the
 * symmetric divergence of Jeffreys (1946) under its name in credit scoring (B. Yurdakul, "Statistical Properties of
 * Population Stability Index", 2018: between samples of one population its mean is about (bins - 1) * (1/n + 1/m)).
 * Every count is taken for a half more than it is, so that empty bins do not make it infinite.
 */
export function populationStabilityIndex(reference: ArrayLike<number>, window: ArrayLike<number>): number {
  const referenceRows = smoothedSum(reference);
  const windowRows = smoothedSum(window);
  let psi = 0;
  for (let bin = 0; bin < reference.length; bin++) {
    const p = ((reference[bin] as number) + SMOOTHING) / referenceRows;
    const q = ((window[bin] as number) + SMOOTHING) / windowRows;
    psi += (q - p) * Math.log(q / p);
  }
  return psi;
}

function smoothedSum(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let bin = 0; bin < counts.length; bin++) sum += (counts[bin] as number) + SMOOTHING;
  return sum;
}
