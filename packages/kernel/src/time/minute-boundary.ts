import { MINUTE_MS } from "../bar.ts";

/** Start of the minute that `ms` lies in. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

/** Open time of the last minute that has been over for `graceMs` at `nowMs`. */
export function lastClosedMinuteMs(nowMs: number, graceMs: number): number {
  return minuteOf(nowMs - graceMs) - MINUTE_MS;
}

/** The first instant after `nowMs` that lies `graceMs` behind a minute's boundary. */
export function nextMinuteMs(nowMs: number, graceMs: number): number {
  return minuteOf(nowMs - graceMs) + MINUTE_MS + graceMs;
}
