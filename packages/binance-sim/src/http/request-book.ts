/** Requests that are remembered; at twice as many the older half is forgotten. */
export const REQUESTS_KEPT_MAX = 5000;
/** Bytes of a reply that are kept. */
export const REPLY_BYTES_MAX = 4000;

/** A request as it came, and what was answered. */
export interface BookedRequest {
  /** Venue ms at which it was judged. */
  readonly timeMs: number;
  readonly method: string;
  readonly path: string;
  /** As sent: nothing is decoded. */
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | null;
  /** 0: nothing was answered, the connection was cut. */
  readonly status: number;
  /** The first `REPLY_BYTES_MAX` bytes. */
  readonly reply: string;
}

/** The beginning of a reply, by itself: a slice of a text would hold on to all of it. */
export function replyHead(body: string | Buffer): string {
  const bytes = typeof body === "string" ? Buffer.from(body.slice(0, REPLY_BYTES_MAX)) : body;
  return bytes.toString("utf8", 0, Math.min(bytes.length, REPLY_BYTES_MAX));
}

/** What the venue was asked, in order: a test reads it to find requests that nobody can explain. */
export class RequestBook {
  readonly #requests: BookedRequest[] = [];

  add(request: BookedRequest): void {
    this.#requests.push(request);
    if (this.#requests.length >= 2 * REQUESTS_KEPT_MAX) this.#requests.splice(0, REQUESTS_KEPT_MAX);
  }

  all(): readonly BookedRequest[] {
    return [...this.#requests];
  }
}
