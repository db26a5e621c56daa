import type { EngineConfig } from "@smcq/config";
import type { FeeRates, TickerFeed } from "@smcq/exchange";
import {
  LATENCY_DEFAULT,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  venueRulesAround,
} from "@smcq/exchange-sim";
import { type CancelTimer, numberToE8, type SymbolId } from "@smcq/kernel";
import type { AccountDeps, DeskAccount, TradingAccount } from "./account.ts";
import type { DeskMarket } from "./ring-market.ts";
import type { SymbolBook } from "./symbol-book.ts";

/** How often the market of what is held or waits is looked at, wall ms. */
const LOOK_MS = 50;

export interface MemoryAccountOptions extends AccountDeps {
  readonly market: DeskMarket;
  readonly symbols: SymbolBook;
  readonly tickers: Pick<TickerFeed, "follow">;
  readonly fees: FeeRates;
  /** USDT e8. */
  readonly walletE8: bigint;
  readonly seed: number;
}

/** The account in memory that the settings describe. */
export function memoryAccount(
  { simTrading, fees, seed }: Pick<EngineConfig, "simTrading" | "fees" | "seed">,
  deps: AccountDeps,
): TradingAccount {
  const walletE8 = numberToE8(simTrading.equity);
  return {
    orders: "sim-gateway",
    walletE8,
    fingerprint: null,
    open: (run) => new MemoryAccount({ ...run, fees, walletE8, seed, ...deps }),
    close: () => Promise.resolve(),
  };
}

/**
 * An account in a venue in memory beside the market's own data: prices come from the rings, and nothing leaves the
 * process.
 */
export class MemoryAccount implements DeskAccount {
  readonly gateway: SimGateway;
  readonly #options: MemoryAccountOptions;
  readonly #exchange: SimExchange;
  #cancelLook: CancelTimer = () => {};
  /** Symbols whose best prices are followed. */
  #followed = "";

  constructor(options: MemoryAccountOptions) {
    const { walletE8, venueClock: clock, seed, symbols, fees } = options;
    this.#options = options;
    const exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8 });
    this.#exchange = exchange;
    symbols.follow(({ symbolId, rules }) => exchange.list(symbolId, venueRulesAround(rules), fees));
    const onArrival = (id: SymbolId): void => this.#show(id);
    this.gateway = new SimGateway({ exchange, clock, latency: LATENCY_DEFAULT, seed, onArrival });
  }

  start(): void {
    this.#look();
  }

  /** What is held of a simulated account ends with it. */
  stop(): Promise<void> {
    this.#cancelLook();
    const { symbols, logger } = this.#options;
    const held = this.#exchange.positions().map(({ symbolId }) => symbols.byId(symbolId)?.symbol);
    if (held.length > 0)
      logger.info({ held: held.length, symbols: held.slice(0, 10) }, "simulated positions end here");
    return Promise.resolve();
  }

  #look(): void {
    const active = [...this.#exchange.activeIds()];
    this.#follow(active);
    for (const symbolId of active) this.#show(symbolId);
    this.#cancelLook = this.#options.wallClock.after(LOOK_MS, () => this.#look(), { unref: true });
  }

  /** What is held, or waits, fills at the venue's own best prices. */
  #follow(active: readonly SymbolId[]): void {
    const names = active.flatMap((symbolId) => this.#options.symbols.byId(symbolId)?.symbol ?? []).sort();
    const followed = names.join();
    if (followed === this.#followed) return;
    this.#followed = followed;
    this.#options.tickers.follow(new Set(names));
  }

  /** Moves a symbol's market in memory to what it is now. */
  #show(symbolId: SymbolId): void {
    const { market, symbols, venueClock } = this.#options;
    const found = symbols.byId(symbolId);
    const now = found === null ? null : market.now(found.symbol);
    if (now === null) return;
    const { lastE8, volumeE8, book } = now;
    const last = this.#exchange.lastPrint(symbolId);
    // Corrections of the venue's clock may step back a little.
    const timeMs = Math.max(venueClock.nowMs(), last?.timeMs ?? 0);
    this.#exchange.setVolume(symbolId, volumeE8);
    this.#exchange.print(symbolId, { timeMs, lastE8, markE8: lastE8, ...(book === null ? {} : { book }) });
  }
}
