import { utcText } from "@smcq/scoring";

/** A second in UTC: 2026-02-01 00:00:00. */
export function secondText(timeMs: number): string {
  return utcText(timeMs).slice(0, 19).replace("T", " ");
}

/** The time of day in UTC with its thousandths: 00:00:00.000. */
export function clockText(timeMs: number): string {
  const ms = String(Math.floor(timeMs) % 1_000).padStart(3, "0");
  return `${utcText(timeMs).slice(11, 19)}.${ms}`;
}

/** The second of the day, with its date where that is another one than `besideMs` has. */
export function besideText(timeMs: number, besideMs: number): string {
  const text = secondText(timeMs);
  return text.slice(0, 10) === secondText(besideMs).slice(0, 10) ? text.slice(11) : text;
}
