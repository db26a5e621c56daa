import { SmcqError, errorMessage } from "@smcq/kernel";
import type { CancelTimer, Clock, Logger } from "@smcq/kernel";
import type { Universe, UniverseQuery } from "@smcq/exchange";
import { BinanceErrorCode } from "../errors.ts";
import { parseExchangeInfo, passesUniverse } from "./exchange-info.ts";
import type { ExchangeInfo } from "./exchange-info.ts";
import type { BinanceRest } from "../rest/rest-client.ts";
import { CACHE_VERSION } from "./universe-cache.ts";
import type { CachedUniverse } from "./universe-cache.ts";
import { UniverseFile } from "./universe-file.ts";

/** How long a document serves before it is fetched again (docs/mission.md U2). */
export const UNIVERSE_AGE_MS_MAX = 3_600_000;
/** A list that has shrunk is asked for a second time after this, venue ms. */
const SECOND_LOOK_MS = 20_000;
/** A list that lacks more than this share of the one before is doubted. */
const SHRINK_RATIO_MAX = 0.1;
const NAMED_MAX = 10;

export interface UniverseOptions {
  readonly rest: BinanceRest;
  /** The venue's clock: the age of the cache is judged on it. */
  readonly clock: Clock;
  readonly log: Logger;
  /** REST origin; a cache of another venue is never used. */
  readonly origin: string;
  /** Folder of the disk cache; none when absent. */
  readonly cacheDir?: string;
  /** A list that lacks more than this share of the one before needs a second one that agrees. Default 0.1. */
  readonly shrinkRatioMax?: number;
}

/** The venue's instruments that pass the filter of docs/mission.md U1, cached for an hour in memory and on disk. */
export class UniverseSource {
  readonly #options: UniverseOptions;
  readonly #file: UniverseFile;
  #memory: CachedUniverse | undefined;
  /** The document that a run has come up with. */
  #kept: CachedUniverse | undefined;
  #inFlight: Promise<Universe> | undefined;
  #hasReadDisk = false;
  #isFromDisk = false;
  #cancelWait: CancelTimer = () => {};

  constructor(options: UniverseOptions) {
    this.#options = options;
    this.#file = new UniverseFile(options);
  }

  /**
   * Returns the universe, from memory or disk when it is younger than `maxAgeMs` (default 1 h), else from the venue;
   * when that fails, the cache of any age with a warning that names its age. Calls at the same time share one request.
   */
  get(query: UniverseQuery = {}): Promise<Universe> {
    this.#inFlight ??= this.#load(query).finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  /** A run has come up with the present document: it is kept for the next one. */
  async keep(): Promise<void> {
    if (this.#memory === undefined || this.#memory === this.#kept) return;
    this.#kept = this.#memory;
    await this.#file.keep(this.#isFromDisk ? undefined : this.#memory);
  }

  /** Ends what waits. */
  close(): void {
    this.#cancelWait();
  }

  async #load({ maxAgeMs = UNIVERSE_AGE_MS_MAX, isTrial = false }: UniverseQuery): Promise<Universe> {
    if (this.#isFresh(this.#memory, maxAgeMs)) return this.#answer("memory");
    if (!this.#hasReadDisk) {
      this.#hasReadDisk = true;
      this.#memory ??= await this.#file.read();
      this.#isFromDisk = this.#memory !== undefined;
      if (this.#isFresh(this.#memory, maxAgeMs) && (await this.#mayTrust(isTrial)))
        return this.#answer("disk");
    }
    try {
      const fetched = await this.#believed(await this.#fetch());
      if (fetched === undefined) return this.#answer(this.#isFromDisk ? "disk" : "memory");
      this.#memory = fetched;
      this.#isFromDisk = false;
    } catch (error) {
      return this.#fallBack(error);
    }
    return this.#answer("venue");
  }

  /** A run begins on the file: not when the last one that did has not come up. */
  async #mayTrust(isTrial: boolean): Promise<boolean> {
    if (!isTrial) return true;
    if (!(await this.#file.isTried())) {
      await this.#file.markTried();
      return true;
    }
    this.#options.log.warn(
      { pairs: this.#memory?.instruments.length },
      "the last start on the cached universe did not come up: a fresh one is fetched",
    );
    return false;
  }

  /**
   * The document to go on with: this one, or, where it lacks too much of the one before, a second one that either has
   * it again or agrees with the first. Undefined: neither does, the one before stays.
   */
  async #believed(first: CachedUniverse): Promise<CachedUniverse | undefined> {
    const before = this.#memory;
    if (before === undefined || !this.#isShrunk(before, first)) return first;
    const { log } = this.#options;
    const lost = missingIn(first, before);
    const fields = { before: before.instruments.length, now: first.instruments.length };
    log.warn(
      { ...fields, count: lost.length, symbols: lost.slice(0, NAMED_MAX) },
      "the venue's list has shrunk; it is asked for again before anything is given up",
    );
    await this.#pause();
    const second = await this.#fetch();
    const again = second.instruments.length;
    if (!this.#isShrunk(before, second)) {
      log.info({ ...fields, again }, "the venue's list is whole again");
      return second;
    }
    if (!this.#isShrunk(first, second) && !this.#isShrunk(second, first)) {
      log.warn({ ...fields, again }, "a second list agrees: what it lacks is given up");
      return second;
    }
    log.warn({ ...fields, again }, "two lists contradict each other; the one before stays");
    return undefined;
  }

  #isShrunk(before: CachedUniverse, now: CachedUniverse): boolean {
    const ratioMax = this.#options.shrinkRatioMax ?? SHRINK_RATIO_MAX;
    return missingIn(now, before).length > before.instruments.length * ratioMax;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(SECOND_LOOK_MS, resolve, { unref: true });
      this.#cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }

  #isFresh(cached: CachedUniverse | undefined, ageMsMax: number): cached is CachedUniverse {
    if (cached === undefined) return false;
    const ageMs = this.#options.clock.nowMs() - cached.fetchedAtMs;
    // A cache "from the future" belongs to another run's clock.
    return ageMs >= 0 && ageMs < ageMsMax;
  }

  #answer(source: Universe["source"]): Universe {
    const cached = this.#memory;
    if (cached === undefined) throw new SmcqError(BinanceErrorCode.NoUniverse, "there is no universe");
    // The budget learns the venue's limit from a cached document as well.
    this.#options.rest.budget.setLimit(cached.weightLimit);
    const { instruments, fetchedAtMs, totalCount } = cached;
    return { instruments, fetchedAtMs, totalCount, source };
  }

  #fallBack(cause: unknown): Universe {
    if (this.#memory === undefined)
      throw new SmcqError(
        BinanceErrorCode.NoUniverse,
        `no exchangeInfo and no cache: ${errorMessage(cause)}`,
        {
          context: { origin: this.#options.origin },
          cause,
        },
      );
    const ageMs = this.#options.clock.nowMs() - this.#memory.fetchedAtMs;
    this.#options.log.warn(
      { ageMs, error: errorMessage(cause), pairs: this.#memory.instruments.length },
      "exchangeInfo failed; using the cached universe",
    );
    return this.#answer(this.#isFromDisk ? "disk" : "memory");
  }

  async #fetch(): Promise<CachedUniverse> {
    const options = { weight: 1, isReserved: true, read: readTradeable };
    const info = await this.#options.rest.get("/fapi/v1/exchangeInfo", {}, options);
    if (info.refused.length > 0)
      this.#options.log.warn(
        { count: info.refused.length, first: info.refused.slice(0, NAMED_MAX) },
        "exchangeInfo entries refused",
      );
    return {
      version: CACHE_VERSION,
      origin: this.#options.origin,
      fetchedAtMs: this.#options.clock.nowMs(),
      weightLimit: info.weightLimit,
      totalCount: info.instruments.length + info.refused.length,
      instruments: info.instruments.filter(passesUniverse),
    };
  }
}

/** Symbols of `before` that `now` has not. */
function missingIn(now: CachedUniverse, before: CachedUniverse): readonly string[] {
  const listed = new Set(now.instruments.map(({ symbol }) => symbol));
  return before.instruments.map(({ symbol }) => symbol).filter((symbol) => !listed.has(symbol));
}

/** A document without a tradeable pair is none. */
function readTradeable(body: unknown): ExchangeInfo {
  const info = parseExchangeInfo(body);
  if (info.instruments.some(passesUniverse)) return info;
  throw new SmcqError(BinanceErrorCode.BadReply, "exchangeInfo holds no tradeable USDT perpetual", {
    context: { totalCount: info.instruments.length },
  });
}
