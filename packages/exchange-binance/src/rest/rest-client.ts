import { BAR_FIELDS, SmcqError, backOffMs, errorMessage } from "@smcq/kernel";
import type { BackOffPolicy, Clock, Logger, Rng } from "@smcq/kernel";
import type { KlinesQuery } from "@smcq/exchange";
import type { Dispatcher } from "undici";
import { ClockOffset } from "./clock-offset.ts";
import { BinanceErrorCode } from "../errors.ts";
import { parseJsonSafe } from "./json-safe.ts";
import { openPool } from "./open-pool.ts";
import { encodeQuery } from "./query.ts";
import { RateBudget } from "./rate-budget.ts";
import { RestReply, classifyReply } from "./rest-reply.ts";

/** Tries of one GET, the first included. */
const TRIES_MAX = 4;
const RETRY: BackOffPolicy = { firstMs: 500, msMax: 8_000 };
const RETRY_JITTER_RATIO = 0.5;
const DEFAULT_PRIORITY = 5;
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
  /** Wall ms until a reply must have come. Default 10,000. */
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
}

export interface GetOptions {
  readonly weight: number;
  readonly priority?: number;
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
    this.#origin = options.origin;
    this.#pool = openPool(options.origin, {
      connections: options.connections ?? 8,
      headersTimeout: this.#replyTimeoutMs,
      bodyTimeout: this.#replyTimeoutMs,
      maxResponseSize: REPLY_BYTES_MAX,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    });
  }

  /** The venue's time in ms. */
  async serverTime(): Promise<number> {
    const reply = await this.get("/fapi/v1/time", {}, { weight: 1, priority: 0 });
    const timeMs =
      typeof reply === "object" && reply !== null && "serverTime" in reply ? reply.serverTime : undefined;
    if (typeof timeMs !== "number" || !Number.isSafeInteger(timeMs))
      throw badReply("/fapi/v1/time", "no serverTime");
    return timeMs;
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
    const reply = await this.get("/fapi/v1/klines", parameters, {
      weight: klinesWeight(query.limit),
      priority: query.priority ?? DEFAULT_PRIORITY,
    });
    return parseKlines(reply);
  }

  /** GETs a public path; repeats it with back-off when the venue or the way to it failed. */
  async get(
    path: string,
    parameters: Readonly<Record<string, string>>,
    options: GetOptions,
  ): Promise<unknown> {
    const query = encodeQuery(parameters);
    const fullPath = query === "" ? path : `${path}?${query}`;
    for (let tryCount = 1; ; tryCount++) {
      await this.budget.acquire(options.weight, options.priority ?? DEFAULT_PRIORITY);
      const reply = await this.#send(fullPath, options.weight);
      if (reply.isOk) return this.#parse(fullPath, reply.text);
      const error = reply.error;
      this.#noteLimits(reply);
      if (!reply.isRetryable || tryCount >= (options.triesMax ?? TRIES_MAX)) {
        this.#failures++;
        throw error;
      }
      this.#retries++;
      this.#log.debug({ path, code: error.code, tryCount }, "REST call is repeated");
      // After 429 and 418 the budget itself keeps the next try back.
      if (reply.stop === "none")
        await this.#sleep(backOffMs(tryCount, RETRY, { rng: this.#rng, ratio: RETRY_JITTER_RATIO }));
    }
  }

  stats(): RestStats {
    return { requests: this.#requests, retries: this.#retries, failures: this.#failures };
  }

  /** Refuses what waits and closes the sockets. Idempotent. */
  async close(): Promise<void> {
    this.budget.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.destroy();
  }

  async #send(fullPath: string, weight: number): Promise<RestReply> {
    this.#requests++;
    let usedWeight = Number.NaN;
    try {
      const response = await this.#pool.request({ origin: this.#origin, path: fullPath, method: "GET" });
      const text = await response.body.text();
      usedWeight = Number(response.headers["x-mbx-used-weight-1m"]);
      const retryAfter = response.headers["retry-after"];
      return classifyReply({
        path: fullPath,
        status: response.statusCode,
        text,
        retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
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

  #parse(fullPath: string, text: string): unknown {
    try {
      return parseJsonSafe(text);
    } catch (cause) {
      this.#failures++;
      throw new SmcqError(BinanceErrorCode.BadReply, `GET ${fullPath} answered no JSON`, {
        context: { path: fullPath },
        cause,
      });
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(delayMs, resolve, { unref: true });
    });
  }
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
