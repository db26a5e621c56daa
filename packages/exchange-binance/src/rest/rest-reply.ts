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
  /** As the headers say; absent: they do not. */
  readonly contentType?: string | undefined;
  /** Where a redirection leads. */
  readonly location?: string | undefined;
  readonly nowMs: number;
}

/** What came instead of an answer, in a few words: status, kind, where it leads, how it begins. */
export function describeReply({
  status,
  contentType,
  location,
  text,
}: Omit<RawReply, "path" | "nowMs">): string {
  const kind = contentType === undefined ? "no content type" : (contentType.split(";")[0] ?? "").trim();
  const leads = location === undefined ? "" : `, leads to ${location.slice(0, TEXT_CHARS_KEPT)}`;
  const begin = text.slice(0, TEXT_CHARS_KEPT).replaceAll(/\s+/g, " ").trim();
  return `${status} (${kind})${leads}${begin === "" ? ", with nothing in it" : `: ${begin}`}`;
}

/** A reply of the venue after its status was read: the text, or an error with what to do about it. */
export class RestReply {
  readonly isOk: boolean;
  readonly text: string;
  /** What it is, for who cannot read it. */
  readonly described: string;
  readonly isRetryable: boolean;
  readonly stop: "none" | "window" | "ban";
  readonly banUntilMs: number;
  readonly retryAfterMs: number;
  readonly #error: SmcqError | undefined;

  private constructor(fields: {
    text?: string;
    described?: string;
    error?: SmcqError;
    isRetryable?: boolean;
    stop?: "none" | "window" | "ban";
    banUntilMs?: number;
    retryAfterMs?: number;
  }) {
    this.isOk = fields.error === undefined;
    this.text = fields.text ?? "";
    this.described = fields.described ?? "";
    this.#error = fields.error;
    this.isRetryable = fields.isRetryable ?? false;
    this.stop = fields.stop ?? "none";
    this.banUntilMs = fields.banUntilMs ?? 0;
    this.retryAfterMs = fields.retryAfterMs ?? 0;
  }

  static ok(text: string, described: string): RestReply {
    return new RestReply({ text, described });
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
  if (raw.status >= 200 && raw.status < 300) return RestReply.ok(raw.text, describeReply(raw));
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
  const isJson = raw.contentType?.includes("json") === true && raw.location === undefined;
  const said = isJson ? raw.text.slice(0, TEXT_CHARS_KEPT) : describeReply(raw);
  return RestReply.failed(
    isJson
      ? errorOf(BinanceErrorCode.Refused, said)
      : new SmcqError(BinanceErrorCode.Refused, `GET ${raw.path} answered ${said}${hintOf(raw)}`, {
          context,
        }),
    false,
  );
}

/** What a page that is not the venue's may be. */
function hintOf({ status, location }: RawReply): string {
  if (location !== undefined || (status >= 300 && status < 400) || status === 511)
    return ". Something on the way answers in the venue's place (a network's sign-in page?), or feed.restBaseUrl is another host's";
  if (status === 404) return ". Nothing is there: look at feed.restBaseUrl";
  return "";
}
