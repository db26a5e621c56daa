import type { Coordinator } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import type { FeedMeter, ReferenceData, Universe } from "@smcq/exchange";
import { type ContractChange, ContractWatch } from "@smcq/exchange-binance";
import {
  type CancelTimer,
  type Clock,
  errorMessage,
  type Logger,
  Rng,
  SmcqError,
  SystemClock,
} from "@smcq/kernel";

/** News come in swarms (a status change is told several times): they are looked up once, this long after, venue ms. */
const SETTLE_MS = 2_000;
/** A look-up that brought nothing newer than the news is repeated after this time, venue ms. */
const AGAIN_MS = 60_000;
/** Symbols named in a log line; the others are counted. */
const NAMED_MAX = 10;

export interface FollowerOptions {
  readonly coordinator: Pick<Coordinator, "addSymbol" | "removeSymbol" | "slots">;
  readonly venue: { readonly reference: Pick<ReferenceData, "universe"> };
  readonly config: EngineConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Which symbols of a universe are watched, in the venue's order, and which wishes stay without effect. */
export interface Watched {
  readonly symbols: readonly string[];
  /** Symbols of `universe.symbols` that the venue does not trade. */
  readonly unknown: readonly string[];
  /** Symbols beyond `universe.maxSymbols`. */
  readonly surplus: readonly string[];
}

/** Applies `universe.symbols` and `universe.maxSymbols`. */
export function watchedOf(universe: Universe, config: EngineConfig["universe"]): Watched {
  const listed = universe.instruments.map((instrument) => instrument.symbol);
  const allowed = config.symbols === null ? null : new Set(config.symbols);
  const wanted = listed.filter((symbol) => allowed === null || allowed.has(symbol));
  const known = new Set(listed);
  return {
    symbols: wanted.slice(0, config.maxSymbols),
    unknown: (config.symbols ?? []).filter((symbol) => !known.has(symbol)),
    surplus: wanted.slice(config.maxSymbols),
  };
}

/** The symbols of a universe that this configuration watches, in the venue's order. */
export function watchedSymbols(universe: Universe, config: EngineConfig["universe"]): string[] {
  return [...watchedOf(universe, config).symbols];
}

/** Says which wishes stay without effect; refuses with CONFIG_SYMBOLS when nothing is left to watch. */
export function requireWatched(universe: Universe, config: EngineConfig["universe"], logger: Logger): void {
  const { symbols, unknown, surplus } = watchedOf(universe, config);
  const named = (list: readonly string[]): object => ({
    count: list.length,
    symbols: list.slice(0, NAMED_MAX),
  });
  if (symbols.length === 0)
    throw new SmcqError("CONFIG_SYMBOLS", "universe.symbols names no symbol that the venue trades", {
      context: { unknown: unknown.slice(0, NAMED_MAX) },
    });
  if (unknown.length > 0)
    logger.warn({ ...named(unknown) }, "universe.symbols names symbols that the venue does not trade");
  if (surplus.length > 0)
    logger.warn({ ...named(surplus) }, "symbols beyond universe.maxSymbols are not watched");
}

/**
 * Follows listings, delistings and status changes at run time (docs/mission.md U4): `!contractInfo` says that something
 * changed, exchangeInfo says what is.
 */
export class UniverseFollower {
  readonly #options: FollowerOptions;
  readonly #watch: ContractWatch;
  #cancelRefresh: CancelTimer = () => {};
  #cancelSettle: CancelTimer | null = null;
  #isStopped = false;
  #news = 0;
  #newsMs = -Infinity;
  #left: string[] = [];

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
      onChange: (change) => this.heard(change),
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

  /** Takes a contract's news: what stops trading is left at once, the list is looked up after. */
  heard(change: ContractChange): void {
    this.#news++;
    this.#newsMs = this.#options.clock.nowMs();
    if (!change.isTrading && this.#options.coordinator.removeSymbol(change.symbol))
      this.#left.push(change.symbol);
    this.#lookUp(SETTLE_MS);
  }

  #lookUp(inMs: number): void {
    this.#cancelSettle ??= this.#options.clock.after(
      inMs,
      () => {
        this.#cancelSettle = null;
        this.#tell("info", this.#left.splice(0), "symbols left trading");
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
      if (this.#isStopped || news !== this.#news) return;
      // A cached document from before the news would bring back what has left.
      if (universe.fetchedAtMs < this.#newsMs) this.#lookUp(AGAIN_MS);
      else this.#apply(universe);
    } catch (error) {
      if (this.#isStopped) return;
      logger.warn({ error: errorMessage(error) }, "the universe could not be refreshed; the last one stays");
    }
  }

  #apply(universe: Universe): void {
    const { coordinator, config } = this.#options;
    const wanted = watchedSymbols(universe, config.universe);
    const isWanted = new Set(wanted);
    const gone = coordinator.slots.all().filter(({ symbol }) => !isWanted.has(symbol));
    for (const { symbol } of gone) coordinator.removeSymbol(symbol);
    const added = wanted.filter((symbol) => coordinator.slots.of(symbol) === null);
    const refused = added.filter((symbol) => !coordinator.addSymbol(symbol));
    const isRefused = new Set(refused);
    this.#tell(
      "info",
      gone.map(({ symbol }) => symbol),
      "symbols left the universe",
    );
    this.#tell(
      "info",
      added.filter((symbol) => !isRefused.has(symbol)),
      "symbols joined; warming up",
    );
    this.#tell("error", refused, "no slot is free for new symbols; restart to take them in");
  }

  /** One line, however many symbols: a venue's halt names them all at once. */
  #tell(level: "info" | "error", symbols: readonly string[], text: string): void {
    if (symbols.length === 0) return;
    const { coordinator, logger } = this.#options;
    const fields = {
      count: symbols.length,
      symbols: symbols.slice(0, NAMED_MAX),
      pairs: coordinator.slots.size,
    };
    logger[level](fields, text);
  }
}
