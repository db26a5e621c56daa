import { SmcqError } from "@smcq/kernel";
import { BinanceErrorCode } from "../errors.ts";
import { banUntilMs, retryAfterMs } from "./stop-times.ts";

/** Error texts of the venue are short; a firewall's page is not. */
const TEXT_CHARS_KEPT = 200;

export interface RawReply {
  readonly path: string;
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
  readonly nowMs: number;
}

/** A reply of the venue after its status was read: the text, or an error with what to do about it. */
export class RestReply {
  readonly isOk: boolean;
  readonly text: string;
  readonly isRetryable: boolean;
  readonly stop: "none" | "window" | "ban";
  readonly banUntilMs: number;
  readonly retryAfterMs: number;
  readonly #error: SmcqError | undefined;

  private constructor(fields: {
    text?: string;
    error?: SmcqError;
    isRetryable?: boolean;
    stop?: "none" | "window" | "ban";
    banUntilMs?: number;
    retryAfterMs?: number;
  }) {
    this.isOk = fields.error === undefined;
    this.text = fields.text ?? "";
    this.#error = fields.error;
    this.isRetryable = fields.isRetryable ?? false;
    this.stop = fields.stop ?? "none";
    this.banUntilMs = fields.banUntilMs ?? 0;
    this.retryAfterMs = fields.retryAfterMs ?? 0;
  }

  static ok(text: string): RestReply {
    return new RestReply({ text });
  }

  static failed(error: SmcqError, isRetryable: boolean): RestReply {
    return new RestReply({ error, isRetryable });
  }

  static stopped(error: SmcqError, stop: { untilMs: number } | { retryAfterMs: number }): RestReply {
    return "untilMs" in stop
      ? new RestReply({ error, isRetryable: true, stop: "ban", banUntilMs: stop.untilMs })
      : new RestReply({ error, isRetryable: true, stop: "window", retryAfterMs: stop.retryAfterMs });
  }

  get error(): SmcqError {
    return this.#error ?? new SmcqError(BinanceErrorCode.BadReply, "a good reply holds no error");
  }
}

/** The venue's own code in an error body (`{"code":-1003,"msg":"…"}`), 0 when there is none. */
function venueCode(text: string): number {
  return Number(/"code"\s*:\s*(-?\d+)/.exec(text)?.[1] ?? 0);
}

/** Sorts a reply by its status (docs/binance.md 4.4): good, stop for the minute, banned, repeatable, refused. */
export function classifyReply(raw: RawReply): RestReply {
  if (raw.status >= 200 && raw.status < 300) return RestReply.ok(raw.text);
  const code = venueCode(raw.text);
  const context = {
    path: raw.path,
    status: raw.status,
    venueCode: code,
    text: raw.text.slice(0, TEXT_CHARS_KEPT),
  };
  const errorOf = (kind: BinanceErrorCode, text: string): SmcqError =>
    new SmcqError(kind, `GET ${raw.path} answered ${raw.status}: ${text}`, { context });
  const waitMs = retryAfterMs(raw.retryAfter, raw.nowMs);
  if (raw.status === 429)
    return RestReply.stopped(errorOf(BinanceErrorCode.TooManyRequests, "too many requests"), {
      retryAfterMs: waitMs,
    });
  if (raw.status === 418) {
    const untilMs = banUntilMs({ text: raw.text, retryAfterMs: waitMs, nowMs: raw.nowMs });
    const error = new SmcqError(BinanceErrorCode.Banned, `GET ${raw.path} answered 418: banned`, {
      context: { ...context, untilMs },
    });
    return RestReply.stopped(error, { untilMs });
  }
  if (raw.status === 403)
    return RestReply.failed(errorOf(BinanceErrorCode.Firewall, "the firewall refuses us"), false);
  if (raw.status === 408 || raw.status >= 500)
    return RestReply.failed(errorOf(BinanceErrorCode.Unavailable, "the venue is unavailable"), true);
  return RestReply.failed(errorOf(BinanceErrorCode.Refused, raw.text.slice(0, TEXT_CHARS_KEPT)), false);
}
