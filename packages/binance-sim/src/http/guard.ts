import type { Endpoint } from "./endpoint.ts";
import type { Parameters } from "./parameters.ts";
import type { BookedRequest } from "./request-book.ts";

/** What is answered instead of the truth. */
export interface FalseReply {
  readonly status: number;
  readonly body: string;
}

/** What becomes of a call that was let in. */
export interface Fate {
  /** Not carried out, and this is said; null: carried out. */
  readonly refusal: FalseReply | null;
  /** 0: carried out at once. Above: so much later (venue ms), nobody hears how. -1: never. */
  readonly lateMs: number;
  /** The truth, something else, no answer at all, or a connection that is cut. */
  readonly reply: "true" | "none" | "cut" | FalseReply;
  readonly replyLateMs: number;
}

export const TRUE_FATE: Fate = Object.freeze({ refusal: null, lateMs: 0, reply: "true", replyLateMs: 0 });

/** What stands between a request and its endpoint. Each may throw a `VenueError`. */
export interface Guard {
  /** Key, time and signature. */
  admit(
    raw: { readonly query: string; readonly body: string; readonly apiKey: string | null },
    endpoint: Endpoint,
    parameters: Parameters,
    nowMs: number,
  ): void;
  /** Counts orders; returns the headers that tell of them. */
  count(endpoint: Endpoint, nowMs: number): Readonly<Record<string, string>>;
  fate(endpoint: Endpoint, parameters: Parameters, nowMs: number): Fate;
  /** Carries a call out. */
  run(endpoint: Endpoint, parameters: Parameters, work: () => unknown): unknown;
  book(request: BookedRequest): void;
}

/** A venue without accounts: everything that it knows is public. */
export const NO_GUARD: Guard = Object.freeze({
  admit: () => {},
  count: () => ({}),
  fate: () => TRUE_FATE,
  run: (_endpoint: Endpoint, _parameters: Parameters, work: () => unknown) => work(),
  book: () => {},
});
