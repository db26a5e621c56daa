import type { IncomingMessage, ServerResponse } from "node:http";
import type { Outages } from "../outages.ts";
import { countFault, countUnexpected, type SimStats } from "../stats.ts";
import type { Venue } from "../venue.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Fate, type Guard, NO_GUARD, TRUE_FATE } from "./guard.ts";
import { Parameters, unread } from "./parameters.ts";
import { replyHead } from "./request-book.ts";
import { RateLimiter, type RateVerdict } from "./rate-limit.ts";
import { VenueError } from "./venue-error.ts";
import { wireJson } from "./wire-json.ts";

const ADVICE = "Please use the websocket for live updates to avoid";
/** A longer body is no request of this API. */
const BODY_BYTES_MAX = 65_536;
const SIGNED_PARAMETERS: readonly string[] = ["timestamp", "recvWindow", "signature"];

/** A request on its way to an answer. */
interface Call {
  readonly response: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | null;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** The venue's REST half: weights, 429 and 418, keys, parameters, and what goes wrong on the way (NW06, NW08, NW10, EX). */
export class RestApi {
  readonly #venue: Venue;
  readonly #stats: SimStats;
  readonly #outages: Outages;
  readonly #limiter: RateLimiter;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #guard: Guard;
  /** What the simulator tells of itself: no part of the venue's protocol. */
  readonly #pages: ReadonlyMap<string, () => unknown>;
  readonly #waiting = new Set<ServerResponse>();

  constructor(
    parts: { readonly venue: Venue; readonly stats: SimStats; readonly outages: Outages },
    endpoints: readonly Endpoint[],
    guard: Guard = NO_GUARD,
    pages: Readonly<Record<string, () => unknown>> = {},
  ) {
    const { venue, stats, outages } = parts;
    this.#venue = venue;
    this.#stats = stats;
    this.#outages = outages;
    this.#limiter = new RateLimiter(venue.settings.weightLimit, venue.settings.banMs);
    this.#endpoints = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#guard = guard;
    this.#pages = new Map(Object.entries({ "/sim/stats": () => stats, ...pages }));
  }

  /** Answers a request. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const [path = "/", query = ""] = split(request.url ?? "/");
    const page = this.#pages.get(path);
    if (page !== undefined) {
      send(response, { status: 200, body: JSON.stringify(page()), headers: {} });
      return;
    }
    const method = request.method ?? "";
    const key = request.headers["x-mbx-apikey"];
    const apiKey = typeof key === "string" ? key : null;
    readBody(request, (body) => this.#begin({ response, method, path, query, body, apiKey }));
  }

  #begin(call: Call): void {
    this.#stats.requests++;
    if (this.#outages.isRestDead()) {
      this.#die(call);
      return;
    }
    const delayMs = this.#outages.latencyMs(this.#stats.requests);
    if (delayMs > 0) this.#venue.time.clock.after(delayMs, () => this.#answer(call));
    else this.#answer(call);
  }

  // Dead means three things in turn: a reset, a gateway's 503, and no answer at all.
  #die(call: Call): void {
    countFault(this.#stats, this.#outages.restOutage);
    const way = this.#stats.requests % 3;
    if (way === 0) this.#cut(call);
    else if (way === 1)
      this.#reply(call, {
        status: 503,
        body: "Service Unavailable",
        headers: { "content-type": "text/plain" },
      });
    else this.#stall(call);
  }

  #cut(call: Call): void {
    this.#book(call, 0, "");
    call.response.destroy();
  }

  #stall(call: Call): void {
    this.#book(call, 0, "");
    this.#waiting.add(call.response);
    call.response.once("close", () => this.#waiting.delete(call.response));
  }

  #answer(call: Call): void {
    if (call.response.destroyed) return;
    const nowMs = this.#venue.time.clock.nowMs();
    const endpoint = this.#endpoints.get(`${call.method} ${call.path}`);
    const parameters = attempt(() => Parameters.read(call.query, call.body));
    const weight = parameters instanceof VenueError ? 1 : (endpoint?.weight(parameters) ?? 1);
    const verdict = this.#limiter.spend(weight, nowMs);
    this.#stats.usedWeightMax = Math.max(this.#stats.usedWeightMax, verdict.usedWeight);
    const headers = { "x-mbx-used-weight-1m": String(verdict.usedWeight) };
    if (verdict.status !== 200) {
      this.#reply(call, this.#refusal(verdict, headers, nowMs));
      return;
    }
    if (parameters instanceof VenueError) this.#reply(call, failure(parameters, headers));
    else this.#carryOut(call, { endpoint, parameters, headers, nowMs });
  }

  #carryOut(
    call: Call,
    asked: {
      readonly endpoint: Endpoint | undefined;
      readonly parameters: Parameters;
      readonly headers: Readonly<Record<string, string>>;
      readonly nowMs: number;
    },
  ): void {
    const { endpoint, parameters, nowMs } = asked;
    let { headers } = asked;
    let fate: Fate = TRUE_FATE;
    const answer = attempt((): Answer => {
      const known = this.#admit(call, endpoint, parameters, nowMs);
      headers = { ...headers, ...this.#guard.count(known, nowMs) };
      fate = this.#guard.fate(known, parameters, nowMs);
      if (fate.refusal !== null) return { ...fate.refusal, headers };
      if (fate.lateMs !== 0) return { status: 200, body: "", headers };
      return { status: 200, body: this.#body(known, parameters, nowMs), headers };
    });
    if (fate.lateMs > 0 && endpoint !== undefined)
      this.#venue.time.clock.after(
        fate.lateMs,
        () => void attempt(() => this.#body(endpoint, parameters, 0)),
      );
    if (fate.reply === "cut") this.#cut(call);
    else if (fate.reply === "none") this.#stall(call);
    else {
      const told = fate.reply === "true" ? null : { ...fate.reply, headers };
      const reply = told ?? (answer instanceof VenueError ? failure(answer, headers) : answer);
      if (fate.replyLateMs === 0) this.#reply(call, reply);
      else this.#venue.time.clock.after(fate.replyLateMs, () => this.#reply(call, reply));
    }
  }

  /** Lets a call in that the venue knows, by a key that it knows, with parameters that it reads. */
  #admit(call: Call, endpoint: Endpoint | undefined, parameters: Parameters, nowMs: number): Endpoint {
    const { method, path, query } = call;
    if (endpoint === undefined) {
      countUnexpected(this.#stats, `${method} ${path}${query === "" ? "" : `?${query}`}`);
      throw new VenueError(-5000, `Path ${path}, Method ${method} is invalid`, 404);
    }
    this.#guard.admit(call, endpoint, parameters, nowMs);
    const read = endpoint.access === "signed" ? SIGNED_PARAMETERS : [];
    const known = parameters.names.filter(
      (name) => endpoint.parameters.includes(name) || read.includes(name),
    );
    const sent = parameters.names.length;
    if (known.length === sent) return endpoint;
    const unknown = parameters.names.filter((name) => !known.includes(name));
    countUnexpected(this.#stats, `${method} ${path} with ${unknown.join(", ")}`);
    throw unread(known.length, sent);
  }

  #body(endpoint: Endpoint, parameters: Parameters, givenMs: number): string | Buffer {
    const nowMs = givenMs > 0 ? givenMs : this.#venue.time.clock.nowMs();
    const value = this.#guard.run(endpoint, parameters, () => endpoint.handle({ parameters, nowMs }));
    return Buffer.isBuffer(value) ? value : wireJson(value);
  }

  #refusal(verdict: RateVerdict, headers: Readonly<Record<string, string>>, nowMs: number): Answer {
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
    return {
      status: verdict.status,
      body: JSON.stringify({ code: -1003, msg }),
      headers: { ...headers, ...retry },
    };
  }

  /** Bans the address for so long, as too many requests would (EX20). */
  ban(untilMs: number): void {
    this.#limiter.ban(untilMs);
  }

  #reply(call: Call, answer: Answer): void {
    this.#book(call, answer.status, replyHead(answer.body));
    if (!call.response.destroyed) send(call.response, answer);
  }

  #book({ method, path, query, body, apiKey }: Call, status: number, reply: string): void {
    const timeMs = this.#venue.time.clock.nowMs();
    this.#guard.book({ timeMs, method, path, query, body, apiKey, status, reply });
  }

  /** Ends replies that a dead venue never gave. */
  close(): void {
    for (const response of this.#waiting) response.destroy();
    this.#waiting.clear();
  }
}

function split(url: string): readonly string[] {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
}

function attempt<T>(work: () => T): T | VenueError {
  try {
    return work();
  } catch (error) {
    if (error instanceof VenueError) return error;
    throw error;
  }
}

function failure(error: VenueError, headers: Readonly<Record<string, string>>): Answer {
  return {
    status: error.status,
    body: JSON.stringify({ code: error.venueCode, msg: error.message }),
    headers,
  };
}

function readBody(request: IncomingMessage, onBody: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) request.destroy();
    else chunks.push(chunk);
  });
  request.on("error", () => request.destroy());
  request.on("end", () => onBody(Buffer.concat(chunks).toString("latin1")));
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
