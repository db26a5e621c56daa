import { type CancelTimer, type Clock, errorMessage, type Logger, repeat, SystemClock } from "@smcq/kernel";
import type { Dispatcher } from "undici";
import type { ClockOffset } from "../../rest/clock-offset.ts";
import { parseJsonSafe } from "../../rest/json-safe.ts";
import { openPool } from "../../rest/open-pool.ts";
import { encodeQuery, encodeValue, type QueryParameters } from "../../rest/query.ts";
import type { RateBudget } from "../../rest/rate-budget.ts";
import { READ_TRIES_MAX, readRetryMs } from "../../rest/read-rule.ts";
import { retryAfterMs } from "../../rest/stop-times.ts";
import type { Credentials } from "../keys/credentials.ts";
import type { Secret } from "../keys/secret.ts";
import { IDLE_PRIORITY, IDLE_WEIGHT_SHARE, RESERVED_PRIORITY, RESERVED_WEIGHT_SHARE } from "../../limits.ts";
import { ANSWER_WALL_MS, HEAL_WALL_MS, OTHER_WINDOW_MS } from "../limits.ts";
import type { SendingRight } from "./sending-right.ts";
import { heldBack, type Verdict, verdictOf, verdictOfError } from "./verdict.ts";

const SHARED_PRIORITY = 5;
/** Long lists of trades are far below. */
const REPLY_BYTES_MAX = 16 * 1_024 * 1_024;
/** Secrets that texts are looked through for. */
const HIDDEN_MAX = 8;
/** Sockets for questions; more of them wait. */
const QUESTION_SOCKETS = 8;
/** Sockets for everything that changes something: so many that none waits for another one's reply. */
const ORDER_SOCKETS = 64;
const WALL_CLOCK = new SystemClock();
/** Tries of what changes something and is refused for its time, the first included. */
const CHANGE_TRIES_MAX = 2;
/** Wall ms until a connection must stand. */
const CONNECT_WALL_MS = 5_000;
/** How long an idle socket is kept: a handshake would come on top of an exit's way. */
const IDLE_WALL_MS = 20_000;
/**
 * Sockets for orders that stand at any time, and how often each is used, wall ms: hours lie between two orders, and the next
 * one pays for no handshake. One whose other end is gone in silence is found by this, and not by an order.
 */
const READY_SOCKETS = 2;
const READY_WALL_MS = 15_000;

/** A request about the account. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly parameters?: QueryParameters;
  /** On the address; 0: it is not counted, and waits for no weight. */
  readonly weight: number;
  /** `signed`: with timestamp and signature; `key`: with the key alone; `public`: with neither. Default `signed`. */
  readonly access?: "signed" | "key" | "public";
  /** It may reach into the weight that is kept for guarding a position. */
  readonly isReserved?: boolean;
  /** Nobody waits for it: it leaves where half of the weight is left. */
  readonly isIdle?: boolean;
  /** It leaves by a socket for orders though it changes nothing. */
  readonly isByOrders?: boolean;
  /** Default 5,000 ms. */
  readonly windowMs?: number;
  /** Wall ms until the reply must have come. Default 10,000. */
  readonly replyWallMs?: number;
  /** False: too late to send it (again). */
  readonly isWanted?: () => boolean;
}

const READY: Call = {
  method: "GET",
  path: "/fapi/v1/ping",
  weight: 1,
  access: "public",
  // Exits leave by these sockets, and where weight is short they are needed most.
  isReserved: true,
  isByOrders: true,
};

/** What became of a call: the parsed body, or what the failure means. */
export type CallResult =
  | { readonly isOk: true; readonly body: unknown }
  | {
      readonly isOk: false;
      readonly verdict: Verdict;
      /** The venue said yes, in a body that nobody can read. */
      readonly isUnreadable?: boolean;
    };

export interface SignedRestOptions {
  /** Scheme, host and port, from `assertRouted`. */
  readonly origin: string;
  readonly credentials: Credentials;
  /** The one budget of all REST of this address. */
  readonly budget: RateBudget;
  readonly offset: ClockOffset;
  readonly serverTime: () => Promise<number>;
  readonly log: Logger;
  /** Asked before whatever changes something is signed; absent: nobody else can have this account. */
  readonly right?: SendingRight;
  /** Hears every failure, for what the gateway does about it; `isQuestion`: of a call that changes nothing of the account's. */
  readonly onVerdict: (verdict: Verdict, isQuestion: boolean) => void;
  /** Hears the venue's own order counts (10 s, minute); NaN where it said none. */
  readonly onOrderCounts: (in10s: number, inMinute: number) => void;
}

/**
 * REST with the account's key. A call is sent once; only one that was refused for its time is sent a second time (a read up
 * to three times more), with the clock measured anew and everything else as it was. What is signed is exactly what is sent.
 */
export class SignedRest {
  readonly #options: SignedRestOptions;
  readonly #questions: Dispatcher;
  /** Of its own, so that no exit waits behind questions that nobody answers. */
  readonly #orders: Dispatcher;
  readonly #hidden: Secret[] = [];
  #healing: Promise<void> | null = null;
  #cancelReady: CancelTimer = () => {};
  /** Calls that keep sockets ready and have not ended. */
  #readying = 0;
  #isClosed = false;

  constructor(options: SignedRestOptions) {
    this.#options = options;
    this.#questions = poolOf(options.origin, QUESTION_SOCKETS);
    this.#orders = poolOf(options.origin, ORDER_SOCKETS);
    this.hide(options.credentials.apiKey);
  }

  /** This secret appears in no text of ours from now on; of many listen keys the oldest is let go, the API key never. */
  hide(secret: Secret): void {
    this.#hidden.push(secret);
    if (this.#hidden.length > HIDDEN_MAX) this.#hidden.splice(1, 1);
  }

  /** `text` without secrets, signatures and listen keys: a page of the firewall repeats the URL that it refuses. */
  scrub(text: string): string {
    const bare = text
      .replaceAll(/signature=[^&\s"'<>]*/gi, "signature=[hidden]")
      .replaceAll(/listenKey(=|"\s*:\s*")[^&\s"'<>]*/gi, "listenKey$1[hidden]");
    return this.#hidden.reduce((shown, secret) => secret.hideIn(shown), bare);
  }

  /** Sends the call; the promise never fails. What is only read is asked for again when its body cannot be read. */
  async send(call: Call): Promise<CallResult> {
    let result = await this.#sendOnce(call);
    for (let tries = 1; call.method === "GET" && tries < READ_TRIES_MAX; tries++) {
      if (result.isOk || result.isUnreadable !== true || this.#isClosed) return result;
      await new Promise<void>((resolve) => {
        WALL_CLOCK.after(readRetryMs(tries), resolve, { unref: true });
      });
      result = await this.#sendOnce(call);
    }
    return result;
  }

  async #sendOnce(call: Call): Promise<CallResult> {
    const tries = call.method === "GET" ? READ_TRIES_MAX : CHANGE_TRIES_MAX;
    let result = await this.#attempt(call);
    for (let done = 1; done < tries && !result.isOk && result.verdict.act === "heal-clock"; done++) {
      await this.#healed();
      result = await this.#attempt(call);
    }
    return result;
  }

  /** From now on, until `close`, orders find sockets that stand. Called once. */
  keepReady(wallClock: Clock): void {
    const look = (): void => {
      while (this.#readying < READY_SOCKETS) {
        this.#readying++;
        void this.send(READY).then(() => this.#readying--);
      }
    };
    this.#cancelReady = repeat(wallClock, READY_WALL_MS, look);
    look();
  }

  /** The venue's time in ms, estimated. */
  nowMs(): number {
    return this.#options.offset.venueNowMs();
  }

  /** Closes the sockets; what is on its way ends as unknown. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelReady();
    for (const pool of [this.#questions, this.#orders]) await pool.destroy();
  }

  async #attempt(call: Call): Promise<CallResult> {
    const { budget, log, onVerdict } = this.#options;
    const { weight, isWanted } = call;
    if (weight > 0)
      try {
        await budget.acquire(weight, ...lane(call));
      } catch (error) {
        return { isOk: false, verdict: heldBack(errorMessage(error)) };
      }
    const isLate = isWanted?.() === false;
    if (this.#isClosed || isLate) {
      if (weight > 0) budget.settle(weight, Number.NaN);
      return { isOk: false, verdict: heldBack(isLate ? "too late to be sent" : "the gateway is closed") };
    }
    const result = await this.#exchange(call);
    if (!result.isOk) {
      const { code, status, act, text } = result.verdict;
      log.debug({ method: call.method, path: call.path, status, code, act, text }, "venue call failed");
      onVerdict(result.verdict, call.method === "GET" || call.access === "key");
    }
    return result;
  }

  async #exchange(call: Call): Promise<CallResult> {
    const { budget } = this.#options;
    let usedWeight = Number.NaN;
    try {
      const isQuestion = call.method === "GET" && call.isByOrders !== true;
      const pool = isQuestion ? this.#questions : this.#orders;
      // The stamp first: see SendingRight.
      const stampMs = Math.floor(this.nowMs());
      const refused = this.#refusalOf(call, stampMs);
      if (refused !== null) return { isOk: false, verdict: refused };
      const response = await pool.request(this.#requestOf(call, stampMs));
      usedWeight = numberOf(response.headers["x-mbx-used-weight-1m"]);
      this.#options.onOrderCounts(
        numberOf(response.headers["x-mbx-order-count-10s"]),
        numberOf(response.headers["x-mbx-order-count-1m"]),
      );
      const text = await response.body.text();
      const status = response.statusCode;
      if (status >= 200 && status < 300) {
        budget.answered();
        return readBody(text);
      }
      const nowMs = this.nowMs();
      const { "retry-after": retryAfter } = response.headers;
      const waitMs = retryAfterMs(typeof retryAfter === "string" ? retryAfter : undefined, nowMs);
      const verdict = verdictOf({ status, text: this.scrub(text), retryAfterMs: waitMs, nowMs });
      return { isOk: false, verdict };
    } catch (error) {
      return { isOk: false, verdict: verdictOfError(error) };
    } finally {
      budget.settle(call.weight, usedWeight);
    }
  }

  #refusalOf({ method, access }: Call, stampMs: number): Verdict | null {
    const { right } = this.#options;
    if (right === undefined || method === "GET" || access === "key" || access === "public") return null;
    const refusal = right.refusal(stampMs);
    if (refusal === null) return null;
    const verdict = heldBack(refusal.text);
    return refusal.isClockDoubtful ? { ...verdict, act: "heal-clock" } : verdict;
  }

  #requestOf(call: Call, stampMs: number): Dispatcher.RequestOptions {
    const { method, path, access } = call;
    const payload = this.#payloadOf(call, stampMs);
    const isBody = payload !== "" && (method === "POST" || method === "PUT");
    const replyMs = call.replyWallMs ?? ANSWER_WALL_MS;
    return {
      origin: this.#options.origin,
      method,
      path: payload === "" || isBody ? path : `${path}?${payload}`,
      headers: {
        ...(access === "public" ? {} : { "X-MBX-APIKEY": this.#options.credentials.apiKey.reveal() }),
        ...(isBody ? { "content-type": "application/x-www-form-urlencoded" } : {}),
      },
      ...(isBody ? { body: payload } : {}),
      headersTimeout: replyMs,
      bodyTimeout: replyMs,
      // A body that trickles resets those two with each byte: this one ends the whole call.
      signal: AbortSignal.timeout(CONNECT_WALL_MS + replyMs),
    };
  }

  /** The parameters as they are sent; those of a signed call with time and signature, which stands last. */
  #payloadOf({ method, parameters, access, windowMs }: Call, stampMs: number): string {
    if (access === "key" || access === "public") return encodeQuery(parameters ?? {});
    const wishMs = windowMs ?? OTHER_WINDOW_MS;
    const { right } = this.#options;
    const payload = encodeQuery({
      ...parameters,
      recvWindow: String(
        right === undefined || method === "GET" ? wishMs : Math.min(wishMs, right.windowMsMax),
      ),
      timestamp: String(stampMs),
    });
    return `${payload}&signature=${encodeValue(this.#options.credentials.signer.sign(payload))}`;
  }

  /** Waits for the clock to be measured anew, `HEAL_WALL_MS` at most: what waits may be an exit, and is told of in time. */
  async #healed(): Promise<void> {
    const healing = this.#heal();
    await new Promise<void>((resolve) => {
      const cancel = WALL_CLOCK.after(HEAL_WALL_MS, resolve, { unref: true });
      void healing.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Measures the clock anew, once for all who wait for it. */
  #heal(): Promise<void> {
    const { offset, serverTime, log } = this.#options;
    this.#healing ??= offset
      .synchronise(serverTime)
      .then(() =>
        log.warn({ offsetMs: offset.offsetMs() }, "the clock was measured anew: a request was refused"),
      )
      .catch((error: unknown) => log.warn({ error: errorMessage(error) }, "the clock could not be measured"))
      .finally(() => {
        this.#healing = null;
      });
    return this.#healing;
  }
}

/** Priority, and how much of the weight a call may reach into. */
function lane({ isReserved, isIdle }: Call): [number, number?] {
  if (isReserved === true) return [RESERVED_PRIORITY, RESERVED_WEIGHT_SHARE];
  return isIdle === true ? [IDLE_PRIORITY, IDLE_WEIGHT_SHARE] : [SHARED_PRIORITY];
}

function readBody(text: string): CallResult {
  try {
    return { isOk: true, body: parseJsonSafe(text) };
  } catch (error) {
    return { isOk: false, verdict: verdictOfError(error), isUnreadable: true };
  }
}

function poolOf(origin: string, connections: number): Dispatcher {
  return openPool(origin, {
    connections,
    headersTimeout: ANSWER_WALL_MS,
    bodyTimeout: ANSWER_WALL_MS,
    keepAliveTimeout: IDLE_WALL_MS,
    maxResponseSize: REPLY_BYTES_MAX,
    connectTimeoutMs: CONNECT_WALL_MS,
  });
}

function numberOf(header: string | string[] | undefined): number {
  return typeof header === "string" && header !== "" ? Number(header) : Number.NaN;
}
