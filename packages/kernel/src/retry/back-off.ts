import { assert } from "../assert.ts";
import type { Rng } from "../random/rng.ts";

/** Waits between tries: the first one, doubled for each failure in a row, never more than `msMax`. */
export interface BackOffPolicy {
  readonly firstMs: number;
  readonly msMax: number;
}

/** How much of a wait is left to chance, so that many who failed at once do not come back at once. */
export interface BackOffJitter {
  readonly rng: Pick<Rng, "next">;
  /** Share of the wait that is drawn: 1 is "full jitter" (0 to all of it), 0.5 is "equal jitter" (half to all). */
  readonly ratio: number;
}

/**
 * Ms to wait after `failures` in a row (1 is the first, 0 counts as 1), whole or, with `jitter`, shortened by chance
 * (one draw). Refuses a first wait that is not positive and a ratio outside 0..1.
 */
export function backOffMs(failures: number, policy: BackOffPolicy, jitter?: BackOffJitter): number {
  assert(failures >= 0 && policy.firstMs > 0, "Invariant: a back-off counts from 0 and starts above 0 ms");
  const fullMs = Math.min(policy.msMax, policy.firstMs * 2 ** Math.max(0, failures - 1));
  if (jitter === undefined) return fullMs;
  const { rng, ratio } = jitter;
  assert(ratio >= 0 && ratio <= 1, "Invariant: jitter takes a share of the wait");
  return fullMs * (1 - ratio + rng.next() * ratio);
}
