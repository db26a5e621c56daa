import type { FeeRates, TradingRules } from "@smcq/exchange";
import {
  LATENCY_DEFAULT,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  venueRulesAround,
} from "@smcq/exchange-sim";
import type { CancelTimer, Clock, Logger, SymbolId } from "@smcq/kernel";
import type { DeskAccount } from "./desk-account.ts";
import type { RingMarket } from "./ring-market.ts";

/** How often the market of what is held or waits is looked at, wall ms. */
const LOOK_MS = 50;

export interface MemoryAccountOptions {
  readonly market: RingMarket;
  readonly fees: FeeRates;
  /** USDT e8. */
  readonly walletE8: bigint;
  readonly seed: number;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/**
 * An account in a venue in memory beside the market's own data: prices come from the rings, and nothing leaves the
 * process.
 */
export class MemoryAccount implements DeskAccount {
  readonly name = "sim-gateway";
  readonly gateway: SimGateway;
  readonly #options: MemoryAccountOptions;
  readonly #exchange: SimExchange;
  readonly #symbols = new Map<SymbolId, string>();
  #cancelLook: CancelTimer = () => {};

  constructor(options: MemoryAccountOptions) {
    const { walletE8, venueClock: clock, seed } = options;
    this.#options = options;
    const exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8 });
    this.#exchange = exchange;
    const onArrival = (id: SymbolId): void => this.#show(id);
    this.gateway = new SimGateway({ exchange, clock, latency: LATENCY_DEFAULT, seed, onArrival });
  }

  list(symbolId: SymbolId, rules: TradingRules): void {
    this.#symbols.set(symbolId, rules.symbol);
    this.#exchange.list(symbolId, venueRulesAround(rules), this.#options.fees);
  }

  start(): void {
    this.#look();
  }

  /** What is held of a simulated account ends with it. */
  stop(): Promise<void> {
    this.#cancelLook();
    const held = this.#exchange.positions().map(({ symbolId }) => this.#symbols.get(symbolId));
    if (held.length > 0)
      this.#options.logger.info(
        { held: held.length, symbols: held.slice(0, 10) },
        "simulated positions end here",
      );
    return Promise.resolve();
  }

  #look(): void {
    for (const symbolId of this.#exchange.activeIds()) this.#show(symbolId);
    this.#cancelLook = this.#options.wallClock.after(LOOK_MS, () => this.#look(), { unref: true });
  }

  /** Moves a symbol's market in memory to what it is now. */
  #show(symbolId: SymbolId): void {
    const { market, venueClock } = this.#options;
    const symbol = this.#symbols.get(symbolId);
    const now = symbol === undefined ? null : market.now(symbol);
    if (now === null) return;
    const { lastE8, volumeE8 } = now;
    const last = this.#exchange.lastPrint(symbolId);
    // Corrections of the venue's clock may step back a little.
    const timeMs = Math.max(venueClock.nowMs(), last?.timeMs ?? 0);
    this.#exchange.setVolume(symbolId, volumeE8);
    this.#exchange.print(symbolId, { timeMs, lastE8, markE8: lastE8 });
  }
}
