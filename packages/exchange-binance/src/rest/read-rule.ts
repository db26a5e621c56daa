import { backOffMs } from "@smcq/kernel";
import type { BackOffPolicy, Rng } from "@smcq/kernel";

/** Tries of one read, the first included: whatever is only read may be asked for again. */
export const READ_TRIES_MAX = 4;
const RETRY: BackOffPolicy = { firstMs: 500, msMax: 8_000 };
const RETRY_JITTER_RATIO = 0.5;

/**
 * The one rule of all reads: what did not come, or came and cannot be read (no JSON, a cut document, another shape), is
 * asked for again, later and later (less a share by chance, with `rng`); what the venue refused by its own words is not.
 */
export function readRetryMs(tryCount: number, rng?: Pick<Rng, "next">): number {
  return backOffMs(tryCount, RETRY, rng === undefined ? undefined : { rng, ratio: RETRY_JITTER_RATIO });
}
