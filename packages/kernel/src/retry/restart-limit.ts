import type { Clock } from "../time/clock.ts";

/** How often something may be restarted: at most `restartsMax` times in `windowMs`. */
export interface RestartPolicy {
  readonly restartsMax: number;
  readonly windowMs: number;
}

/** Restarts of one shard or of the scan pool (docs/decisions.md 4). */
export const THREAD_RESTARTS: RestartPolicy = { restartsMax: 3, windowMs: 600_000 };

/** Counts restarts inside a sliding window. */
export class RestartLimit {
  readonly #policy: RestartPolicy;
  readonly #clock: Clock;
  #atMs: number[] = [];
  total = 0;

  constructor(policy: RestartPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /** True when one more restart is allowed now; it is then counted. */
  tryRestart(): boolean {
    const nowMs = this.#clock.monoNs() / 1e6;
    this.#atMs = this.#atMs.filter((atMs) => nowMs - atMs < this.#policy.windowMs);
    if (this.#atMs.length >= this.#policy.restartsMax) return false;
    this.#atMs.push(nowMs);
    this.total++;
    return true;
  }

  /** Restarts inside the present window. */
  get recent(): number {
    return this.#atMs.length;
  }
}
