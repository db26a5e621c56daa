import { rankOf, type Severity } from "../kinds.ts";

/** Critical alerts that get a message of their own in a minute of a channel; what goes beyond is in the digest, first. */
export const CRITICAL_SINGLES_MAX = 5;
/** Digests of a channel are so far apart at least, ms. */
export const DIGEST_MS = 60_000;
/** Rates are counted over so long, ms. */
export const RATE_MS = 60_000;
/** What was kept back for so long (quiet hours, a channel that was away) is told as a digest, ms. */
export const KEPT_BACK_MS = 300_000;

/** An alert that waits for a channel, as far as the order matters. */
export interface WaitingAlert {
  readonly alertId: number;
  readonly severity: Severity;
  /** When it was put into the outbox first, wall ms. */
  readonly firstMs: number;
}

/** What a channel was given in the last minute. */
export interface RecentMessages {
  readonly criticals: number;
  readonly others: number;
  /** When the last digest was made, wall ms; null: none in the last minute. */
  readonly digestMs: number | null;
}

export interface PlanLimits {
  /** Messages that are not critical, a minute; a digest is one. */
  readonly perMinuteMax: number;
}

/** Alerts that become one message. */
export interface PlannedMessage {
  readonly type: "single" | "digest";
  /** The most severe first. */
  readonly alertIds: readonly number[];
}

/**
 * What of the waiting alerts becomes which message now; the rest waits. Critical ones go alone, up to
 * `CRITICAL_SINGLES_MAX` a minute, and whatever is too much goes into a digest. In quiet hours nothing else goes at all.
 */
export function planMessages(
  waiting: readonly WaitingAlert[],
  recent: RecentMessages,
  { perMinuteMax, isQuiet, nowMs }: PlanLimits & { readonly isQuiet: boolean; readonly nowMs: number },
): readonly PlannedMessage[] {
  const criticals = waiting.filter(({ severity }) => severity === "critical");
  const others = isQuiet ? [] : waiting.filter(({ severity }) => severity !== "critical");
  const aloneMax = Math.max(0, CRITICAL_SINGLES_MAX - recent.criticals);
  const singles = criticals.slice(0, aloneMax).map(single);
  const crowd = criticals.slice(aloneMax);
  const isKeptBack = others.length > 1 && others.some(({ firstMs }) => nowMs - firstMs >= KEPT_BACK_MS);
  const free = perMinuteMax - recent.others;
  if (crowd.length === 0 && !isKeptBack && others.length <= free) return [...singles, ...others.map(single)];
  const isDigestDue = recent.digestMs === null || nowMs - recent.digestMs >= DIGEST_MS;
  const all = [...crowd, ...others].toSorted(
    (a, b) => rankOf(b.severity) - rankOf(a.severity) || a.alertId - b.alertId,
  );
  if (!isDigestDue || all.length === 0) return singles;
  // One that is too much counts as a digest too: else each would be one too much.
  return [...singles, { type: "digest", alertIds: all.map(({ alertId }) => alertId) }];
}

function single({ alertId }: WaitingAlert): PlannedMessage {
  return { type: "single", alertIds: [alertId] };
}
