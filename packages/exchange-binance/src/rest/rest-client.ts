import { BAR_FIELDS, SmcqError, SystemClock, errorCode, errorMessage } from "@smcq/kernel";
import type { Clock, Logger, Rng } from "@smcq/kernel";
import type { KlinesQuery } from "@smcq/exchange";
import type { Dispatcher } from "undici";
import { AnswerWatch } from "./answer-watch.ts";
import { ClockOffset } from "./clock-offset.ts";
import { BinanceErrorCode } from "../errors.ts";
import { FIRST_PRIORITY, RESERVED_PRIORITY, RESERVED_WEIGHT_SHARE, WHOLE_WEIGHT_SHARE } from "../limits.ts";
import { parseJsonSafe } from "./json-safe.ts";
import { openPool } from "./open-pool.ts";
import { encodeQuery } from "./query.ts";
import { READ_TRIES_MAX, readRetryMs } from "./read-rule.ts";
import { RateBudget } from "./rate-budget.ts";
import { RestReply, classifyReply } from "./rest-reply.ts";

/** Of what nothing else uses: the last of the weight. */
const FIRST = { priority: FIRST_PRIORITY, shareMax: WHOLE_WEIGHT_SHARE } as const;

const DEFAULT_PRIORITY = 5;
/** 2000-01-01 and 2200-01-01: a time outside is none. */
const TIME_MS_MIN = 946_684_800_000;
const TIME_MS_MAX = 7_258_118_400_000;
/** exchangeInfo has 1.1 MB; nothing we ask for comes near this. */
const REPLY_BYTES_MAX = 16 * 1_024 * 1_024;

export interface RestClientOptions {
  /** Scheme, host and port, from `assertRouted`. */
  readonly origin: string;
  /** The venue's clock: back-off, weight windows and bans. */
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** Wall ms until a connection must stand. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** The machine's clock, by which a REST that does not answer is told; default the system's. */
  readonly wallClock?: Clock;
  /** Wall ms until the whole reply of one try must have come, its last byte too. Default 10,000. */
  readonly replyTimeoutMs?: number;
  /** Sockets at most. Default 8. */
  readonly connections?: number;
  readonly banWaitMsMax?: number;
  /** Share of the weight limit that is used at most; default 0.8. */
  readonly weightShareMax?: number;
}

export interface RestStats {
  readonly requests: number;
  readonly retries: number;
  readonly failures: number;
  /** Wall ms that something has waited without any answer; 0: nothing waits. */
  readonly silentMs: number;
}

export interface GetOptions<T = unknown> {
  /** Reads the parsed body; throws `BINANCE_BAD_REPLY` at one that is not what it should be, which is then asked again. */
  readonly read?: (body: unknown) => T;
  readonly weight: number;
  readonly priority?: number;
  /** A short question that a start waits for: it may reach into what is kept for them, in front of all others. */
  readonly isReserved?: boolean;
  /** How much of the venue's weight it may reach into where it is not reserved; default: what the budget says. */
  readonly shareMax?: number;
  /** Tries at most, the first included; default 4. */
  readonly triesMax?: number;
}

/** Weight of a klines call (docs/binance.md 4.1). */
export function klinesWeight(limit: number): number {
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1_000 ? 5 : 10;
}

/** Public REST of the venue. Every call goes through one rate budget; only GET, so every call may be repeated. */
export class BinanceRest {
  readonly budget: RateBudget;
  readonly offset: ClockOffset;
  readonly #origin: string;
  readonly #pool: Dispatcher;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #log: Logger;
  readonly #replyTimeoutMs: number;
  #isClosed = false;
  #requests = 0;
  #retries = 0;
  #failures = 0;
  readonly #watch: AnswerWatch;

  constructor(options: RestClientOptions) {
    this.#clock = options.clock;
    this.#rng = options.rng;
    this.#log = options.log;
    this.#replyTimeoutMs = options.replyTimeoutMs ?? 10_000;
    this.offset = new ClockOffset(options.clock);
    this.budget = new RateBudget({
      clock: options.clock,
      offsetMs: () => this.offset.offsetMs(),
      ...(options.banWaitMsMax === undefined ? {} : { banWaitMsMax: options.banWaitMsMax }),
      ...(options.weightShareMax === undefined ? {} : { weightShareMax: options.weightShareMax }),
    });
    this.#watch = new AnswerWatch({
      wallClock: options.wallClock ?? new SystemClock(),
      log: options.log,
      stoppedUntilMs: () => this.budget.stoppedUntilMs(),
    });
    this.#origin = options.origin;
    this.#pool = openPool(options.origin, {
      connections: options.connections ?? 8,
      headersTimeout: this.#replyTimeoutMs,
      bodyTimeout: this.#replyTimeoutMs,
      maxResponseSize: REPLY_BYTES_MAX,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    });
  }

  /** The venue's time in ms; `triesMax` as in `get`. */
  async serverTime(triesMax: number = READ_TRIES_MAX): Promise<number> {
    return this.get("/fapi/v1/time", {}, { weight: 1, read: readServerTime, triesMax, ...FIRST });
  }

  /** Resolves when the venue has answered; asked once. */
  async ping(): Promise<void> {
    await this.get("/fapi/v1/ping", {}, { weight: 1, triesMax: 1, ...FIRST });
  }

  /** Klines as the venue has them, the still-open one included; `BAR_FIELDS` numbers a bar, ascending. */
  async klines(query: KlinesQuery): Promise<Float64Array> {
    const parameters: Record<string, string> = {
      symbol: query.symbol,
      interval: query.interval,
      limit: String(query.limit),
    };
    if (query.startMs !== undefined) parameters["startTime"] = String(query.startMs);
    if (query.endMs !== undefined) parameters["endTime"] = String(query.endMs);
    return this.get("/fapi/v1/klines", parameters, {
      read: parseKlines,
      weight: klinesWeight(query.limit),
      priority: query.priority ?? DEFAULT_PRIORITY,
    });
  }

  /**
   * GETs a public path and reads its body; repeats it with back-off when the venue or the way to it failed, or when the
   * body cannot be read.
   */
  async get<T = unknown>(
    path: string,
    parameters: Readonly<Record<string, string>>,
    options: GetOptions<T>,
  ): Promise<T> {
    const query = encodeQuery(parameters);
    this.#watch.begin();
    try {
      return await this.#getAgain(query === "" ? path : `${path}?${query}`, options);
    } finally {
      this.#watch.end();
    }
  }

  async #getAgain<T>(fullPath: string, options: GetOptions<T>): Promise<T> {
    for (let tryCount = 1; ; tryCount++) {
      await this.#acquire(options);
      const reply = await this.#send(fullPath, options.weight);
      const read = reply.isOk ? bodyOf(fullPath, reply, options.read) : reply;
      if ("body" in read) return read.body;
      const { error } = read;
      this.#noteLimits(read);
      if (!read.isRetryable || tryCount >= (options.triesMax ?? READ_TRIES_MAX)) {
        this.#failures++;
        throw error;
      }
      this.#retries++;
      this.#log.debug({ path: fullPath, code: error.code, tryCount }, "REST call is repeated");
      // After 429 and 418 the budget itself keeps the next try back.
      if (read.stop === "none") await this.#sleep(readRetryMs(tryCount, this.#rng));
    }
  }

  #acquire({ weight, priority, isReserved, shareMax }: GetOptions<unknown>): Promise<void> {
    return isReserved === true
      ? this.budget.acquire(weight, RESERVED_PRIORITY, RESERVED_WEIGHT_SHARE)
      : this.budget.acquire(weight, priority ?? DEFAULT_PRIORITY, shareMax);
  }

  stats(): RestStats {
    return {
      requests: this.#requests,
      retries: this.#retries,
      failures: this.#failures,
      silentMs: Math.round(this.#watch.silentMs),
    };
  }

  /** Refuses what waits and closes the sockets. Idempotent. */
  async close(): Promise<void> {
    this.budget.close();
    this.#watch.stop();
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.destroy();
  }

  async #send(fullPath: string, weight: number): Promise<RestReply> {
    this.#requests++;
    let usedWeight = Number.NaN;
    try {
      // One limit for the whole of it: a body that trickles resets the pool's own limits with each byte.
      const signal = AbortSignal.timeout(this.#replyTimeoutMs);
      const response = await this.#pool.request({
        origin: this.#origin,
        path: fullPath,
        method: "GET",
        signal,
      });
      const text = await response.body.text();
      this.#watch.answered();
      if (response.statusCode < 300) this.budget.answered();
      usedWeight = Number(response.headers["x-mbx-used-weight-1m"]);
      const retryAfter = response.headers["retry-after"];
      return classifyReply({
        path: fullPath,
        status: response.statusCode,
        text,
        retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
        contentType: textOf(response.headers["content-type"]),
        location: textOf(response.headers["location"]),
        nowMs: this.offset.venueNowMs(),
      });
    } catch (cause) {
      const error = new SmcqError(
        BinanceErrorCode.Network,
        `GET ${fullPath} failed: ${errorMessage(cause)}`,
        {
          context: { path: fullPath },
          cause,
        },
      );
      return RestReply.failed(error, true);
    } finally {
      this.budget.settle(weight, usedWeight);
    }
  }

  #noteLimits(reply: RestReply): void {
    if (reply.stop === "window") {
      this.#log.warn({ error: reply.error.message }, "REST weight is used up; waiting for the next minute");
      this.budget.onTooMany(reply.retryAfterMs);
    } else if (reply.stop === "ban") {
      this.#log.error({ untilMs: reply.banUntilMs }, "REST is banned by the venue");
      this.budget.onBanned(reply.banUntilMs);
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(delayMs, resolve, { unref: true });
    });
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && header !== "" ? header : undefined;
}

/** The body of a good reply as `read` makes it; a failure that may be repeated when it is no JSON, or not what it should be. */
function bodyOf<T>(
  path: string,
  { text, described }: RestReply,
  read: GetOptions<T>["read"],
): { readonly body: T } | RestReply {
  let parsed: unknown;
  try {
    parsed = parseJsonSafe(text);
  } catch (cause) {
    return RestReply.failed(
      new SmcqError(BinanceErrorCode.BadReply, `GET ${path} answered no JSON but ${described}`, {
        context: { path, said: described },
        cause,
      }),
      true,
    );
  }
  try {
    return { body: read === undefined ? (parsed as T) : read(parsed) };
  } catch (error) {
    if (error instanceof SmcqError && errorCode(error) === BinanceErrorCode.BadReply)
      return RestReply.failed(error, true);
    throw error;
  }
}

/** The venue's time; no clock of ours is set by one outside this and the next century. */
function readServerTime(body: unknown): number {
  const timeMs =
    typeof body === "object" && body !== null && "serverTime" in body ? body.serverTime : undefined;
  if (
    typeof timeMs !== "number" ||
    !Number.isSafeInteger(timeMs) ||
    timeMs < TIME_MS_MIN ||
    timeMs > TIME_MS_MAX
  )
    throw badReply("/fapi/v1/time", "no serverTime in a year that can be");
  return timeMs;
}

function badReply(path: string, reason: string): SmcqError {
  return new SmcqError(BinanceErrorCode.BadReply, `GET ${path}: ${reason}`, { context: { path, reason } });
}

/** Rows of 12 items to flat bars; refuses rows that are not ascending numbers. */
function parseKlines(reply: unknown): Float64Array {
  const path = "/fapi/v1/klines";
  if (!Array.isArray(reply)) throw badReply(path, "no array");
  const bars = new Float64Array(reply.length * BAR_FIELDS);
  let previousMs = -1;
  for (const [index, row] of (reply as unknown[]).entries()) {
    if (!Array.isArray(row) || row.length < BAR_FIELDS) throw badReply(path, `row ${index} is no kline`);
    for (let field = 0; field < BAR_FIELDS; field++) {
      const item: unknown = row[field];
      const value = typeof item === "number" || typeof item === "string" ? Number(item) : Number.NaN;
      bars[index * BAR_FIELDS + field] = value;
    }
    const openTimeMs = bars[index * BAR_FIELDS] as number;
    if (!Number.isSafeInteger(openTimeMs) || openTimeMs <= previousMs)
      throw badReply(path, `row ${index} has no ascending open time`);
    previousMs = openTimeMs;
  }
  return bars;
}
