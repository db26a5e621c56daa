import { SmcqError } from "@smcq/kernel";
import { ConfigErrorCode } from "./errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Returns the milliseconds of `500ms`, `90s`, `1.5m`, `2h` or `1d`; refuses anything else, a bare number included. */
export function parseDurationMs(text: string): number {
  const match = DURATION.exec(text.trim());
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unitMs === undefined)
    throw new SmcqError(
      ConfigErrorCode.Invalid,
      `not a duration: ${JSON.stringify(text)} (wanted e.g. 90s, 10m, 2h)`,
      {
        context: { faults: [`duration ${JSON.stringify(text)}: a number with ms, s, m, h or d, e.g. 90s`] },
      },
    );
  return Math.round(Number(match[1]) * unitMs);
}
