import { SmcqError } from "@smcq/kernel";
import { BusErrorCode } from "../errors.ts";

/** How much faster or slower than real time a host's monotonic clock may go (docs/lease.md). */
export const CLOCK_DRIFT_RATIO_MAX = 0.01;
/** Share of `leaseMs` that the holder ends before its end, and that others wait after it. */
export const LEASE_MARGIN_RATIO = 0.1;
const LEASE_MS_MIN = 300;
/** Longest lease, ms. */
export const LEASE_MS_MAX = 600_000;
const RENEWALS_A_LEASE = 6;
const ANSWERS_A_LEASE = 3;

/** The times of a lease, all counted by a host's own monotonic clock, ms. */
export interface LeaseTerms {
  /** How long one renewal holds, from when it was sent. */
  readonly leaseMs: number;
  /** The holder ends this much before, others wait this much after. */
  readonly marginMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
  /** Limit of one question to the server. */
  readonly answerMs: number;
  /** How long after its end what the holder has done may still take effect elsewhere: nobody acts before that. */
  readonly tailMs: number;
}

/**
 * Terms of a lease of `leaseMs` (300 to 600,000) whose effects last `tailMs` longer (0 to 18 leases, so that the margin
 * outweighs two clocks that drift apart). Throws BUS_LEASE for others.
 */
export function leaseTerms(leaseMs: number, tailMs = 0): LeaseTerms {
  if (!Number.isInteger(leaseMs) || leaseMs < LEASE_MS_MIN || leaseMs > LEASE_MS_MAX)
    throw new SmcqError(
      BusErrorCode.Lease,
      `a lease of ${leaseMs} ms is none: wanted ${LEASE_MS_MIN} to ${LEASE_MS_MAX}`,
    );
  const tailMsMax = tailMsMaxOf(leaseMs);
  if (!Number.isInteger(tailMs) || tailMs < 0 || tailMs > tailMsMax)
    throw new SmcqError(
      BusErrorCode.Lease,
      `${tailMs} ms after a lease of ${leaseMs} ms are out of range: wanted 0 to ${tailMsMax}`,
    );
  return {
    leaseMs,
    marginMs: leaseMs * LEASE_MARGIN_RATIO,
    renewMs: leaseMs / RENEWALS_A_LEASE,
    answerMs: leaseMs / ANSWERS_A_LEASE,
    tailMs,
  };
}

/** The terms by which others are waited for, whose lease or tail may be longer than ours. */
export function longerTerms(
  own: LeaseTerms,
  { leaseMs, tailMs }: Pick<LeaseTerms, "leaseMs" | "tailMs">,
): LeaseTerms {
  const longestMs = Math.max(own.leaseMs, leaseMs);
  return {
    ...own,
    leaseMs: longestMs,
    marginMs: longestMs * LEASE_MARGIN_RATIO,
    tailMs: Math.max(own.tailMs, tailMs),
  };
}

/**
 * Up to here, two clocks at the ends of their drift leave the holder's last effect before the other's first one:
 * (lease + margin + tail) / (1 + drift) >= (lease - margin) / (1 - drift) + tail.
 */
function tailMsMaxOf(leaseMs: number): number {
  const fast = 1 / (1 + CLOCK_DRIFT_RATIO_MAX);
  const slow = 1 / (1 - CLOCK_DRIFT_RATIO_MAX);
  const spare = (1 + LEASE_MARGIN_RATIO) * fast - (1 - LEASE_MARGIN_RATIO) * slow;
  return Math.floor((leaseMs * spare) / (1 - fast));
}

/** Until when the holder holds by a renewal that it sent at `sentMs`, its own monotonic clock; acts only before it. */
export function holdEndMs(sentMs: number, terms: LeaseTerms): number {
  return sentMs + terms.leaseMs - terms.marginMs;
}

/** From when another may take a lease that it has seen unchanged since `seenMs`, its own monotonic clock. */
export function takeFromMs(seenMs: number, terms: LeaseTerms): number {
  return seenMs + terms.leaseMs + terms.marginMs;
}

/**
 * From when another may act who has seen at `seenMs` (its own monotonic clock) that the lease was given up, where what was done
 * before may take effect for `tailMs`: both margins, as `tailMs` is two clocks' time too.
 */
export function givenFromMs(
  { seenMs, tailMs }: { readonly seenMs: number; readonly tailMs: number },
  { marginMs }: LeaseTerms,
): number {
  return tailMs === 0 ? seenMs : seenMs + tailMs + 2 * marginMs;
}

/** From when it may act: what the holder before had done can take no effect any more. */
export function actFromMs(seenMs: number, terms: LeaseTerms): number {
  return takeFromMs(seenMs, terms) + terms.tailMs;
}
