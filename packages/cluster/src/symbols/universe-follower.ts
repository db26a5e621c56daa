import type { ContractFeed, ContractNews, FeedConnection, ReferenceData, Universe } from "@smcq/exchange";
import { type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { SYMBOLS_NAMED_MAX, type UniverseWish, watchedOf } from "./watched-symbols.ts";

/** News come in swarms (a status change is told several times): they are looked up once, this long after, venue ms. */
const SETTLE_MS = 2_000;
/** A look-up that brought nothing newer than the news is repeated after this time, venue ms. */
const AGAIN_MS = 60_000;

/** Who takes symbols in and lets them go. */
export interface SymbolHost {
  /** False when no slot is free. */
  addSymbol(symbol: string): boolean;
  /** False when it was not watched. */
  removeSymbol(symbol: string): boolean;
}

/** What is watched, by symbol. */
export interface WatchedList {
  all(): readonly { readonly symbol: string }[];
  /** Null: it is not watched. */
  of(symbol: string): object | null;
  readonly size: number;
}

export interface FollowerOptions {
  readonly symbols: SymbolHost;
  /** What is watched now. */
  readonly slots: WatchedList;
  readonly reference: Pick<ReferenceData, "universe">;
  /** Builds the feed of contracts' news; `onNews` hears of each. */
  readonly contracts: (onNews: (news: ContractNews) => void) => ContractFeed;
  readonly wish: UniverseWish;
  /** The watched symbols follow this list now: it may be kept for the next start. */
  readonly onApplied: (universe: Universe) => Promise<void>;
  /** The list is looked up so often without any news, venue ms. */
  readonly refreshMs: number;
  readonly cacheMaxAgeMs: number;
  /** The clock that documents are dated by. */
  readonly machineClock: Clock;
  readonly logger: Logger;
}

/**
 * Follows listings, delistings and changes of status while the engine runs: the contracts' feed says that something
 * changed, the universe says what is.
 */
export class UniverseFollower {
  readonly #options: FollowerOptions;
  readonly #contracts: ContractFeed;
  #cancelRefresh: CancelTimer = () => {};
  #cancelSettle: CancelTimer | null = null;
  #isStopped = false;
  #news = 0;
  #newsMs = -Infinity;
  #left: string[] = [];

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#contracts = options.contracts((news) => this.heard(news));
  }

  /** How the feed of contracts' news does. */
  get connection(): FeedConnection {
    return this.#contracts.connection();
  }

  async start(): Promise<void> {
    this.#arm();
    await this.#contracts.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRefresh();
    this.#cancelSettle?.();
    await this.#contracts.stop();
  }

  /** Takes a contract's news: what stops trading is left at once, the list is looked up after. */
  heard(news: ContractNews): void {
    this.#news++;
    this.#newsMs = this.#options.machineClock.nowMs();
    if (!news.isTrading && this.#options.symbols.removeSymbol(news.symbol)) this.#left.push(news.symbol);
    this.#lookUp(SETTLE_MS);
  }

  #lookUp(inMs: number): void {
    this.#cancelSettle ??= this.#options.machineClock.after(
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
    const { machineClock, refreshMs, cacheMaxAgeMs } = this.#options;
    this.#cancelRefresh = machineClock.after(
      refreshMs,
      () => {
        this.#arm();
        void this.#refresh(cacheMaxAgeMs);
      },
      { unref: true },
    );
  }

  async #refresh(ageMsMax: number): Promise<void> {
    const { reference, logger } = this.#options;
    const news = this.#news;
    try {
      const universe = await reference.universe({ maxAgeMs: ageMsMax });
      // What was heard meanwhile is newer than this document; it brings a look-up of its own.
      if (this.#isStopped || news !== this.#news) return;
      // A cached document from before the news would bring back what has left.
      if (universe.fetchedAtMs < this.#newsMs) this.#lookUp(AGAIN_MS);
      else {
        this.#apply(universe);
        await this.#options.onApplied(universe);
      }
    } catch (error) {
      if (this.#isStopped) return;
      logger.warn({ error: errorMessage(error) }, "the universe could not be refreshed; the last one stays");
    }
  }

  #apply(universe: Universe): void {
    const { symbols, slots, wish } = this.#options;
    const wanted = watchedOf(universe, wish).symbols;
    const isWanted = new Set(wanted);
    const gone = slots.all().filter(({ symbol }) => !isWanted.has(symbol));
    for (const { symbol } of gone) symbols.removeSymbol(symbol);
    const added = wanted.filter((symbol) => slots.of(symbol) === null);
    const refused = added.filter((symbol) => !symbols.addSymbol(symbol));
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
  #tell(level: "info" | "error", named: readonly string[], text: string): void {
    if (named.length === 0) return;
    const { slots, logger } = this.#options;
    const fields = {
      count: named.length,
      symbols: named.slice(0, SYMBOLS_NAMED_MAX),
      pairs: slots.size,
    };
    logger[level](fields, text);
  }
}
