import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { SmcqError, errorMessage } from "@smcq/kernel";
import type { Clock, Instrument, Logger } from "@smcq/kernel";
import type { Universe } from "@smcq/exchange";
import { BinanceErrorCode } from "../errors.ts";
import { parseExchangeInfo, passesUniverse } from "./exchange-info.ts";
import type { BinanceRest } from "../rest/rest-client.ts";
import { CACHE_VERSION, CachedUniverse } from "./universe-cache.ts";

/** How long a document serves before it is fetched again (docs/mission.md U2). */
export const UNIVERSE_AGE_MS_MAX = 3_600_000;

export interface UniverseOptions {
  readonly rest: BinanceRest;
  /** The venue's clock: the age of the cache is judged on it. */
  readonly clock: Clock;
  readonly log: Logger;
  /** REST origin; a cache of another venue is never used. */
  readonly origin: string;
  /** Folder of the disk cache; none when absent. */
  readonly cacheDir?: string;
}

/** The venue's instruments that pass the filter of docs/mission.md U1, cached for an hour in memory and on disk. */
export class UniverseSource {
  readonly #options: UniverseOptions;
  #memory: CachedUniverse | undefined;
  #inFlight: Promise<Universe> | undefined;
  #hasReadDisk = false;
  #isFromDisk = false;

  constructor(options: UniverseOptions) {
    this.#options = options;
  }

  /**
   * Returns the universe, from memory or disk when it is younger than `maxAgeMs` (default 1 h), else from the venue;
   * when that fails, the cache of any age with a warning that names its age. Calls at the same time share one request.
   */
  get(options: { readonly maxAgeMs?: number } = {}): Promise<Universe> {
    this.#inFlight ??= this.#load(options.maxAgeMs ?? UNIVERSE_AGE_MS_MAX).finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #load(ageMsMax: number): Promise<Universe> {
    if (this.#isFresh(this.#memory, ageMsMax)) return this.#answer("memory");
    if (!this.#hasReadDisk) {
      this.#hasReadDisk = true;
      this.#memory ??= await this.#readDisk();
      if (this.#isFresh(this.#memory, ageMsMax)) return this.#answer("disk");
    }
    try {
      this.#memory = await this.#fetch();
      this.#isFromDisk = false;
    } catch (error) {
      return this.#fallBack(error);
    }
    await this.#writeDisk(this.#memory);
    return this.#answer("venue");
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
    const options = { weight: 1, priority: 0, read: parseExchangeInfo };
    const info = await this.#options.rest.get("/fapi/v1/exchangeInfo", {}, options);
    if (info.refused.length > 0)
      this.#options.log.warn(
        { count: info.refused.length, first: info.refused[0] },
        "exchangeInfo entries refused",
      );
    const instruments: readonly Instrument[] = info.instruments.filter(passesUniverse);
    if (instruments.length === 0)
      throw new SmcqError(BinanceErrorCode.BadReply, "exchangeInfo holds no tradeable USDT perpetual", {
        context: { totalCount: info.instruments.length },
      });
    return {
      version: CACHE_VERSION,
      origin: this.#options.origin,
      fetchedAtMs: this.#options.clock.nowMs(),
      weightLimit: info.weightLimit,
      totalCount: info.instruments.length + info.refused.length,
      instruments,
    };
  }

  #path(): string | undefined {
    const dir = this.#options.cacheDir;
    return dir === undefined ? undefined : join(dir, "binance-universe.json");
  }

  async #readDisk(): Promise<CachedUniverse | undefined> {
    const path = this.#path();
    if (path === undefined) return undefined;
    try {
      const cached = CachedUniverse.safeParse(JSON.parse(await readFile(path, "utf8")));
      if (!cached.success || cached.data.origin !== this.#options.origin) return undefined;
      this.#isFromDisk = true;
      return cached.data;
    } catch (error) {
      this.#options.log.debug({ path, error: errorMessage(error) }, "no universe on disk");
      return undefined;
    }
  }

  /** Writes next to the file, then renames: a reader never sees half a document. */
  async #writeDisk(cached: CachedUniverse): Promise<void> {
    const path = this.#path();
    if (path === undefined) return;
    try {
      await mkdir(this.#options.cacheDir ?? ".", { recursive: true });
      const partial = `${path}.${process.pid}.part`;
      const file = await open(partial, "w");
      try {
        await file.writeFile(JSON.stringify(cached));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
    } catch (error) {
      this.#options.log.warn(
        { path, error: errorMessage(error) },
        "the universe could not be cached on disk",
      );
    }
  }
}
