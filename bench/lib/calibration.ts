import { SystemClock } from "@smcq/kernel";

const clock = new SystemClock();

/** A kernel run this much slower than the best says that the machine was in its slow state. */
const SLOW_RATIO_MAX = 1.15;
/** Kernel runs of one look; their best counts, so that a single interrupt does not condemn a round. */
const RUNS_PER_LOOK = 4;
const WARM_RUNS = 40;
const CELLS = 8_192;
const PASSES = 24;

const cells = Float64Array.from({ length: CELLS }, (_, index) => 1 + index / CELLS);
let sink = 0;

/** One run of a fixed amount of float and integer work in the first-level cache, about a millisecond. */
function kernelNs(): number {
  const startNs = clock.monoNs();
  let sum = 0;
  let hash = 0x811c9dc5;
  for (let pass = 0; pass < PASSES; pass++)
    for (let at = 0; at < CELLS; at++) {
      sum += (cells[at] as number) * 0.5 + pass;
      hash = Math.imul(hash ^ at, 0x01000193);
    }
  sink += sum + hash;
  return clock.monoNs() - startNs;
}

/**
 * Watches the machine's speed (docs/performance.md 5): the kernel runs before and after each measurement; a measurement
 * that it finds outside 15 % of the best is repeated and counted.
 */
export class Calibration {
  #bestNs = Infinity;
  #worstNs = 0;
  /** Measurements thrown away because the machine was slow around them. */
  repeated = 0;
  /** Measurements kept although it was slow, because the tries were used up. */
  kept = 0;

  constructor() {
    for (let run = 0; run < WARM_RUNS; run++) this.#bestNs = Math.min(this.#bestNs, kernelNs());
  }

  #look(): number {
    let bestNs = Infinity;
    for (let run = 0; run < RUNS_PER_LOOK; run++) bestNs = Math.min(bestNs, kernelNs());
    this.#bestNs = Math.min(this.#bestNs, bestNs);
    this.#worstNs = Math.max(this.#worstNs, bestNs);
    return bestNs;
  }

  /** Runs `measure` between two looks at the machine; again, at most `triesMax` times, when it was slow. */
  async around<T>(measure: () => T | Promise<T>, triesMax = 6): Promise<T> {
    for (let tries = 1; ; tries++) {
      const beforeNs = this.#look();
      const value = await measure();
      const afterNs = this.#look();
      if (Math.max(beforeNs, afterNs) <= this.#bestNs * SLOW_RATIO_MAX) return value;
      if (tries >= triesMax) {
        this.kept++;
        return value;
      }
      this.repeated++;
    }
  }

  /** The kernel's best and worst look, us, and what became of slow measurements. */
  summary(): CalibrationSummary {
    return {
      kernelBestUs: this.#bestNs / 1e3,
      kernelWorstUs: this.#worstNs / 1e3,
      repeated: this.repeated,
      keptThoughSlow: this.kept,
      checksum: sink % 1_000,
    };
  }
}

export interface CalibrationSummary {
  readonly kernelBestUs: number;
  readonly kernelWorstUs: number;
  readonly repeated: number;
  readonly keptThoughSlow: number;
  /** Keeps the kernel's work from being optimised away. */
  readonly checksum: number;
}
