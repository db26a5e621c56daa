import { MINUTE_MS } from "@smcq/kernel";
import type { KlineFrame } from "./kline-frame.ts";

/** A final may come this much before its bar's end by our clock or by its own event time: no two clocks are one. */
const CLOSE_SLACK_MS = 1_000;

/**
 * False for event and bar times that cannot be (MD15): off the minute, more than `futureMs` ahead of the venue's clock
 * `nowMs`, before the bar's open, or, for a final, before its end. They never move a symbol forward.
 */
export function isTimely(frame: KlineFrame, nowMs: number, futureMs: number): boolean {
  const { openTimeMs: openMs, eventTimeMs: eventMs } = frame;
  if (openMs % MINUTE_MS !== 0 || eventMs > nowMs + futureMs) return false;
  if (!frame.isFinal) return eventMs >= openMs;
  const overMs = openMs + MINUTE_MS - CLOSE_SLACK_MS;
  return eventMs >= overMs && nowMs >= overMs;
}
