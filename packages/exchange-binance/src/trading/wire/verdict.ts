import type { Refusal } from "@smcq/exchange";
import { errorCode } from "@smcq/kernel";
import { banUntilMs } from "../../rest/stop-times.ts";
import { ERROR_TABLE, type ErrorAct, type ErrorRow } from "./error-table.ts";

/** Error texts of the venue are short; a firewall's page is not. */
const TEXT_CHARS_MAX = 200;

/** Errors of a connection that never stood: not a byte of the request has left. */
const UNREACHED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What a request that did not succeed means. */
export interface Verdict {
  /** The venue's own code; 0: it said none. */
  readonly code: number;
  /** HTTP status; 0: no reply came. */
  readonly status: number;
  readonly outcome: ErrorRow["outcome"];
  readonly act: ErrorAct;
  /** Where the act has an end that the venue names: its instant, venue ms; else 0. */
  readonly untilMs: number;
  readonly text: string;
}

export interface FailedReply {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number;
  readonly nowMs: number;
}

/** Reads a reply that is no success, by its code where the table has it, else by status and body (docs/binance.md 8.1). */
export function verdictOf(reply: FailedReply): Verdict {
  const { status, text, nowMs, retryAfterMs } = reply;
  const code = codeOf(text);
  const base = { code, status, untilMs: 0, text: `${status} ${messageOf(text)}` };
  // A ban and a full window say so by their status, whatever code comes with it.
  if (status === 418) {
    const untilMs = banUntilMs({ text, retryAfterMs, nowMs });
    return { ...base, outcome: "TOO_MANY_ORDERS", act: "ban", untilMs };
  }
  const row = ERROR_TABLE.get(code);
  if (row?.act === "pause-orders")
    return { ...base, outcome: row.outcome, act: row.act, untilMs: orderWindowEndMs(text, nowMs) };
  if (status === 429 || row?.act === "pause-window") {
    const untilMs = retryAfterMs > 0 ? nowMs + retryAfterMs : 0;
    return { ...base, outcome: "TOO_MANY_ORDERS", act: "pause-window", untilMs };
  }
  if (row !== undefined) return { ...base, outcome: row.outcome, act: row.act };
  if (status === 403) return { ...base, outcome: "TOO_MANY_ORDERS", act: "pause-entries" };
  // The words of the gateway before the matching engine: nothing was executed.
  if (status === 503 && /service unavailable|internal error; unable to process/i.test(text))
    return { ...base, outcome: "TOO_MANY_ORDERS", act: "pause-entries" };
  return { ...base, outcome: "unknown", act: "none" };
}

/** A request whose reply never came, or could not be read: done or not, except where nothing can have left. */
export function verdictOfError(error: unknown): Verdict {
  const name = errorCode(error);
  const outcome = UNREACHED.has(name) ? "NOT_SENT" : "unknown";
  return { code: 0, status: 0, outcome, act: "none", untilMs: 0, text: `no reply: ${name}` };
}

/** A request that we held back ourselves. */
export function heldBack(text: string, outcome: Refusal = "NOT_SENT"): Verdict {
  return { code: 0, status: 0, outcome, act: "none", untilMs: 0, text };
}

/** The venue's own code in an error body; 0: none. */
function codeOf(text: string): number {
  return Number(/"code"\s*:\s*"?(-?\d+)/.exec(text)?.[1] ?? 0);
}

function messageOf(text: string): string {
  const message = /"msg"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  return (message === undefined ? text : `${codeOf(text)}: ${message}`).slice(0, TEXT_CHARS_MAX);
}

/** When the window of order counts ends that the text names: ten seconds, or a minute. */
function orderWindowEndMs(text: string, nowMs: number): number {
  const windowMs = /minute|1m\b/i.test(text) && !/ten_seconds|10 ?s/i.test(text) ? 60_000 : 10_000;
  return (Math.floor(nowMs / windowMs) + 1) * windowMs;
}
