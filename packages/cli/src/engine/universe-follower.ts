import type { Coordinator } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import type { FeedMeter, Universe } from "@smcq/exchange";
import { type ContractChange, ContractWatch } from "@smcq/exchange-binance";
import { type CancelTimer, type Clock, errorMessage, type Logger, Rng, SystemClock } from "@smcq/kernel";
import type { Venue } from "./venue.ts";

/** News come in swarms (a status change is told several times): they are looked up once, this long after, venue ms. */
const SETTLE_MS = 2_000;

export interface FollowerOptions {
  readonly coordinator: Coordinator;
  readonly venue: Venue;
  readonly config: EngineConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The symbols of a universe that this configuration watches, in the venue's order. */
export function watchedSymbols(universe: Universe, config: EngineConfig["universe"]): string[] {
  const allowed = config.symbols === null ? null : new Set(config.symbols);
  return universe.instruments
    .map((instrument) => instrument.symbol)
    .filter((symbol) => allowed === null || allowed.has(symbol))
    .slice(0, config.maxSymbols);
}

/**
 * Follows listings, delistings and changes of status while the engine runs (U4): `!contractInfo` says that something
 * changed, exchangeInfo says what is.
 */
export class UniverseFollower {
  readonly #options: FollowerOptions;
  readonly #watch: ContractWatch;
  #cancelRefresh: CancelTimer = () => {};
  #cancelSettle: CancelTimer | null = null;
  #isStopped = false;
  #news = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { config, clock, logger } = options;
    const meter: FeedMeter = { count() {} };
    this.#watch = new ContractWatch({
      bases: {
        wsBase: config.feed.wsBaseUrl,
        restBase: config.feed.restBaseUrl,
        allowCustomHost: config.feed.allowCustomHost,
      },
      clock,
      wallClock: new SystemClock(),
      rng: new Rng(config.seed).fork("contracts"),
      log: logger,
      meter,
      onChange: (change) => this.#heard(change),
    });
  }

  async start(): Promise<void> {
    this.#arm();
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRefresh();
    this.#cancelSettle?.();
    await this.#watch.stop();
  }

  #heard(change: ContractChange): void {
    this.#news++;
    const { coordinator, logger, clock } = this.#options;
    // A symbol that stops trading stops raising signals at once; the list is looked up after.
    if (!change.isTrading && coordinator.removeSymbol(change.symbol)) {
      logger.info({ symbol: change.symbol, status: change.status }, "symbol left trading");
    }
    this.#cancelSettle ??= clock.after(
      SETTLE_MS,
      () => {
        this.#cancelSettle = null;
        void this.#refresh(0);
      },
      { unref: true },
    );
  }

  #arm(): void {
    const { clock, config } = this.#options;
    this.#cancelRefresh = clock.after(
      config.universe.refreshMs,
      () => {
        this.#arm();
        void this.#refresh(config.universe.cacheMaxAgeMs);
      },
      { unref: true },
    );
  }

  async #refresh(ageMsMax: number): Promise<void> {
    const { venue, logger } = this.#options;
    const news = this.#news;
    try {
      const universe = await venue.reference.universe({ maxAgeMs: ageMsMax });
      // What was heard meanwhile is newer than this document; it brings a look-up of its own.
      if (!this.#isStopped && news === this.#news) this.#apply(universe);
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, "the universe could not be refreshed; the last one stays");
    }
  }

  #apply(universe: Universe): void {
    const { coordinator, config, logger } = this.#options;
    const wanted = new Set(watchedSymbols(universe, config.universe));
    for (const { symbol } of coordinator.slots.all()) {
      if (wanted.has(symbol)) continue;
      coordinator.removeSymbol(symbol);
      logger.info({ symbol }, "symbol left the universe");
    }
    for (const symbol of wanted) {
      if (coordinator.slots.of(symbol) !== null) continue;
      if (coordinator.addSymbol(symbol))
        logger.info({ symbol, pairs: coordinator.slots.size }, "symbol joined; warming up");
      else
        logger.error(
          { symbol, pairs: coordinator.slots.size },
          "no slot is free for a new symbol; restart to take it in",
        );
    }
  }
}
