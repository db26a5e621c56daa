/** Upper ends of the buckets of durations, ms; what is longer counts in a last one without an end. */
export const DURATION_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 1_500, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** Durations by bucket, whoever counts them: `counts[i]` lie above bound i - 1 and up to bound i, the rest above all. */
export interface DurationCounts {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMs: number;
  readonly msMax: number;
}

/** Durations by bucket: how many there were, their sum and the longest. */
export class DurationHistogram implements DurationCounts {
  readonly boundsMs: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sumMs = 0;
  #msMax = 0;

  constructor(boundsMs: readonly number[] = DURATION_BOUNDS_MS) {
    this.boundsMs = boundsMs;
    this.#counts = boundsMs.map(() => 0);
  }

  /** Takes a duration, ms; one below 0 (a clock was set) counts as 0. */
  add(ms: number): void {
    const duration = Math.max(0, ms);
    const at = this.boundsMs.findIndex((bound) => duration <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count++;
    this.#sumMs += duration;
    this.#msMax = Math.max(this.#msMax, duration);
  }

  /** Of each bucket alone, in the order of the bounds. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  get msMax(): number {
    return this.#msMax;
  }
}
