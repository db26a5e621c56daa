import type { IncomingMessage, ServerResponse } from "node:http";
import { errorMessage } from "@smcq/kernel";
import type { Outages } from "../outages.ts";
import { countFault, countUnexpected, type SimStats } from "../stats.ts";
import type { Venue } from "../venue.ts";
import { KlinesReply, klinesWeight, readKlinesRequest, readLimit } from "./klines.ts";
import { RateLimiter, type RateVerdict } from "./rate-limit.ts";
import { VenueError } from "./venue-error.ts";

const ADVICE = "Please use the websocket for live updates to avoid";

/** The venue's REST half: time, ping, exchangeInfo, klines; weights, 429 and 418; faults NW06, NW08, NW10. */
export class RestApi {
  readonly #venue: Venue;
  readonly #stats: SimStats;
  readonly #outages: Outages;
  readonly #limiter: RateLimiter;
  readonly #klines: KlinesReply;
  readonly #waiting = new Set<ServerResponse>();

  constructor(venue: Venue, stats: SimStats, outages: Outages) {
    this.#venue = venue;
    this.#stats = stats;
    this.#outages = outages;
    this.#limiter = new RateLimiter(venue.settings.weightLimit, venue.settings.banMs);
    this.#klines = new KlinesReply(venue);
  }

  /** Answers a request. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://venue");
    if (url.pathname === "/sim/stats") {
      send(response, 200, JSON.stringify(this.#stats), {});
      return;
    }
    this.#stats.requests++;
    if (this.#outages.isRestDead()) {
      this.#die(response);
      return;
    }
    const delayMs = this.#outages.latencyMs(this.#stats.requests);
    if (delayMs > 0) this.#venue.time.clock.after(delayMs, () => this.#answer(request, url, response));
    else this.#answer(request, url, response);
  }

  // Dead means three things in turn: a reset, a gateway's 503, and no answer at all.
  #die(response: ServerResponse): void {
    countFault(this.#stats, this.#outages.restOutage);
    const way = this.#stats.requests % 3;
    if (way === 0) response.destroy();
    else if (way === 1) send(response, 503, "Service Unavailable", { "content-type": "text/plain" });
    else {
      this.#waiting.add(response);
      response.once("close", () => this.#waiting.delete(response));
    }
  }

  #answer(request: IncomingMessage, url: URL, response: ServerResponse): void {
    if (response.destroyed) return;
    const weight = url.pathname === "/fapi/v1/klines" ? klinesWeight(readLimit(url.searchParams)) : 1;
    const nowMs = this.#venue.time.clock.nowMs();
    const verdict = this.#limiter.spend(weight, nowMs);
    this.#stats.usedWeightMax = Math.max(this.#stats.usedWeightMax, verdict.usedWeight);
    const headers = { "x-mbx-used-weight-1m": String(verdict.usedWeight) };
    try {
      if (verdict.status !== 200) {
        this.#refuse(response, verdict, headers, nowMs);
        return;
      }
      send(response, 200, this.#body(request.method ?? "", url, nowMs), headers);
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      if (error.status === 404)
        countUnexpected(this.#stats, `${request.method ?? ""} ${url.pathname}${url.search}`);
      send(response, error.status, JSON.stringify({ code: error.venueCode, msg: error.message }), headers);
    }
  }

  #refuse(
    response: ServerResponse,
    verdict: RateVerdict,
    headers: Readonly<Record<string, string>>,
    nowMs: number,
  ): void {
    const address = "IP(127.0.0.1)";
    const isBan = verdict.status === 418;
    if (isBan) this.#stats.replies418++;
    else this.#stats.replies429++;
    const msg = isBan
      ? `Way too many requests; ${address} banned until ${verdict.untilMs}. ${ADVICE} bans.`
      : `Too many requests; current limit of ${address} is ${this.#venue.settings.weightLimit} requests per minute. ${ADVICE} polling the API.`;
    const retry = this.#venue.settings.hasRetryAfter
      ? { "retry-after": String(Math.ceil((verdict.untilMs - nowMs) / 1000)) }
      : {};
    send(response, verdict.status, JSON.stringify({ code: -1003, msg }), { ...headers, ...retry });
  }

  #body(method: string, url: URL, nowMs: number): string | Buffer {
    if (method !== "GET")
      throw new VenueError(-5000, `Path ${url.pathname}, Method ${method} is invalid`, 404);
    switch (url.pathname) {
      case "/fapi/v1/ping":
        return "{}";
      case "/fapi/v1/time":
        return JSON.stringify({ serverTime: nowMs });
      case "/fapi/v1/exchangeInfo":
        return this.#venue.document();
      case "/fapi/v1/klines":
        return this.#klines.body(readKlinesRequest(this.#venue, readQuery(url)), nowMs);
      default:
        throw new VenueError(-5000, `Path ${url.pathname}, Method ${method} is invalid`, 404);
    }
  }

  /** Ends replies that a dead venue never gave. */
  close(): void {
    for (const response of this.#waiting) response.destroy();
    this.#waiting.clear();
  }
}

function readQuery(url: URL): URLSearchParams {
  try {
    decodeURIComponent(url.search);
  } catch (error) {
    throw new VenueError(-1100, `Illegal characters found in a parameter. ${errorMessage(error)}`);
  }
  return url.searchParams;
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
