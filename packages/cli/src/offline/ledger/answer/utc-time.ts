import { SmcqError } from "@smcq/kernel";
import { utcMs, utcText } from "@smcq/scoring";

const MINUTE_MS = 60_000;
/** A day, a minute or a second of UTC, as people and our own tables write it. */
const UTC_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d{1,3})?)?)?(?:Z| ?UTC)?$/;

/** The allowed forms, for messages. */
export const TIME_FORM = "UTC, 2026-01-02T03:04Z or 2026-01-02 03:04";

/** Milliseconds since 1970 of a UTC time; refuses with USAGE_TIME any other text and days that are not. */
export function parseUtc(name: string, text: string): number {
  const [, day, minute = "00:00", second = "00"] = UTC_TIME.exec(text.trim()) ?? [];
  const ms = utcMs(`${day}T${minute}:${second}Z`);
  if (Number.isSafeInteger(ms)) return ms;
  throw new SmcqError("USAGE_TIME", `${name} ${JSON.stringify(text.slice(0, 64))}: must be ${TIME_FORM}`);
}

/** The minute that a UTC time lies in; a day alone is none. */
export function parseMinute(name: string, text: string): number {
  if (/^\d{4}-\d\d-\d\d$/.test(text.trim()))
    throw new SmcqError("USAGE_TIME", `${name} ${text.trim()}: a minute is missing; must be ${TIME_FORM}`);
  return Math.floor(parseUtc(name, text) / MINUTE_MS) * MINUTE_MS;
}

/** `2026-01-02T03:04:05.006Z`: what programs read. */
export function isoText(timeMs: number): string {
  const ms = Math.floor(timeMs) - Math.floor(timeMs / 1_000) * 1_000;
  return utcText(timeMs).replace("Z", `.${String(ms).padStart(3, "0")}Z`);
}
