import type { Parameters } from "../../http/parameters.ts";
import { VenueError } from "../../http/venue-error.ts";

const SPAN_MS = 7 * 86_400_000;

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Bounds of a history, both included: the last seven days where no start is given, until now where no end is. */
export function boundsOf(parameters: Parameters, nowMs: number): Span {
  const start = parameters.integer("startTime");
  const end = parameters.integer("endTime");
  if (start !== null && end !== null && start > end)
    throw new VenueError(-1023, "Start time is greater than end time.");
  const endMs = end ?? nowMs;
  return { startMs: start ?? endMs - SPAN_MS, endMs };
}

/** The same for a history of seven days at most: a longer one is refused, and a start alone tells of its seven days. */
export function spanOf(parameters: Parameters, nowMs: number): Span {
  const { startMs, endMs } = boundsOf(parameters, nowMs);
  if (parameters.integer("endTime") === null) return { startMs, endMs: startMs + SPAN_MS };
  if (endMs - startMs > SPAN_MS) throw new VenueError(-4165, "Invalid time interval.");
  return { startMs, endMs };
}
