import { LEASE_MS_MAX } from "./lease-terms.ts";

/** What stands in the bucket under a lease's key. */
export interface LeaseValue {
  /** Grows with each taking; never used twice. */
  readonly epoch: number;
  /** Who holds it, one name for one holding; "": nobody, it was given up. */
  readonly owner: string;
  /** Who that is for a person: role and host. */
  readonly label: string;
  /** Grows with each write of a holding, so that no two values are the same. */
  readonly beat: number;
  /** How long each renewal holds by the holder's own terms, ms: who waits may have others. */
  readonly leaseMs: number;
  /** How long after its end, or from when it was given up, what was done before may still take effect, ms. */
  readonly tailMs: number;
}

const EPOCH_MAX = 36 ** 4 - 1;
const TEXT_BYTES_MAX = 1_024;
/** No holder has a longer one. */
const TAIL_MS_MAX = 18 * LEASE_MS_MAX;

export function writeLeaseValue(value: LeaseValue): string {
  return JSON.stringify(value);
}

/** The value that `text` holds; null when it is none, e.g. what a person put there. */
export function parseLeaseValue(text: string): LeaseValue | null {
  if (text.length > TEXT_BYTES_MAX) return null;
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    // Not ours.
    return null;
  }
  if (typeof given !== "object" || given === null) return null;
  const {
    epoch,
    owner,
    label,
    beat,
    leaseMs = 0,
    tailMs,
  } = given as Partial<Record<keyof LeaseValue, unknown>>;
  if (!isCount(epoch) || epoch > EPOCH_MAX || typeof owner !== "string" || typeof label !== "string")
    return null;
  if (!isCount(beat) || !isCount(leaseMs) || !isCount(tailMs)) return null;
  if (leaseMs > LEASE_MS_MAX || tailMs > TAIL_MS_MAX) return null;
  return { epoch, owner, label, beat, leaseMs, tailMs };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Throws away nothing: the epoch after `epoch`, or null when there is none left (1,679,615 takings). */
export function epochAfter(epoch: number): number | null {
  return epoch >= EPOCH_MAX ? null : epoch + 1;
}
