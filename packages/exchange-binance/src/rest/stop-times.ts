import { parseDateMs } from "@smcq/kernel";

/** The longest ban that the venue documents (docs/binance.md 4.4): nothing keeps us away for longer. */
export const BAN_MS_MAX: number = 3 * 24 * 3_600_000;
/** A ban without a time in its text is taken as this long: the venue's shortest. */
const BAN_MS_DEFAULT = 120_000;

/**
 * What a Retry-After header asks for, ms: seconds, or an HTTP date against `nowMs` on the venue's clock. 0 for what is
 * neither (text, negative, NaN, a date that is over); never more than the venue's longest ban.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  const text = header?.trim() ?? "";
  if (text === "") return 0;
  const isSeconds = /^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text);
  const waitMs = isSeconds ? Number(text) * 1_000 : /[a-z]{3}/i.test(text) ? parseDateMs(text) - nowMs : 0;
  return waitMs > 0 ? Math.min(waitMs, BAN_MS_MAX) : 0;
}

/** The instant until which the text says we are banned ("IP banned until 1790771371858"), or undefined. */
export function parseBanUntilMs(text: string): number | undefined {
  const found = /until\s+(\d{13})(?!\d)/i.exec(text)?.[1] ?? /\b(\d{13})\b/.exec(text)?.[1];
  if (found !== undefined) return Number(found);
  const seconds = /until\s+(\d{10})(?!\d)/i.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/**
 * Until when a 418 bans us, on the venue's clock: by its text, else by its Retry-After, else two minutes. A time that is
 * over says nothing; none reaches further than the venue's longest ban.
 */
export function banUntilMs(reply: {
  readonly text: string;
  readonly retryAfterMs: number;
  readonly nowMs: number;
}): number {
  const { nowMs } = reply;
  const saidMs = parseBanUntilMs(reply.text) ?? 0;
  if (saidMs > nowMs) return Math.min(saidMs, nowMs + BAN_MS_MAX);
  return nowMs + (reply.retryAfterMs > 0 ? Math.min(reply.retryAfterMs, BAN_MS_MAX) : BAN_MS_DEFAULT);
}
