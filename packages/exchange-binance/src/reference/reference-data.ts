import { assert } from "@smcq/kernel";
import type { KlinesQuery, ReferenceData, Universe, UniverseQuery } from "@smcq/exchange";
import { BinanceRest } from "../rest/rest-client.ts";
import type { RestClientOptions } from "../rest/rest-client.ts";
import { UniverseSource } from "./universe.ts";

export interface ReferenceDataOptions extends RestClientOptions {
  /** Folder of the universe's disk cache; none when absent. */
  readonly cacheDir?: string;
  /** A list that lacks more than this share of the one before is doubted. Default 0.1. */
  readonly shrinkRatioMax?: number;
}

/** Read-only market data of the venue by request; lives in the coordinator, so that there is one rate budget. */
export class BinanceReferenceData implements ReferenceData {
  readonly rest: BinanceRest;
  readonly #universe: UniverseSource;

  constructor(options: ReferenceDataOptions) {
    this.rest = new BinanceRest(options);
    this.#universe = new UniverseSource({ ...options, rest: this.rest });
  }

  universe(query: UniverseQuery = {}): Promise<Universe> {
    return this.#universe.get(query);
  }

  /** A run has come up with the present universe: it is kept on disk for the next one. */
  keepUniverse(): Promise<void> {
    return this.#universe.keep();
  }

  klines(query: KlinesQuery): Promise<Float64Array> {
    assert(query.limit >= 1 && query.limit <= 1_500, "Invariant: a klines call asks for 1 to 1,500 rows");
    return this.rest.klines(query);
  }

  serverTime(): Promise<number> {
    return this.rest.serverTime();
  }

  /** Sets the venue's clock offset from several samples of its time. */
  synchroniseClock(): Promise<void> {
    return this.rest.offset.synchronise(() => this.rest.serverTime());
  }

  /** Refuses what waits and closes the sockets. Idempotent. */
  close(): Promise<void> {
    this.#universe.close();
    return this.rest.close();
  }
}
