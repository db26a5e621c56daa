import type { Inbox } from "@smcq/cluster";
import type { Quote, Signal, TradeRecord, TradingCommand } from "@smcq/engine";
import { type FeeRates, tradingRules } from "@smcq/exchange";
import {
  LATENCY_DEFAULT,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  type VenueRules,
  venueRulesAround,
} from "@smcq/exchange-sim";
import {
  type CancelTimer,
  type Clock,
  e8Text,
  e8ToNumber,
  type Instrument,
  type Logger,
  MINUTE_MS,
  type SymbolId,
} from "@smcq/kernel";
import type { RingMarket } from "./ring-market.ts";

/** How often the market of what is held or waits is looked at, wall ms. */
const LOOK_MS = 50;
/** A minute's closes are taken this long after its end, venue ms: finals come about 2 s late. */
const CLOSE_GRACE_MS = 6_000;
/** Minutes that are told one after another when the process was away: governors count them. */
const MINUTES_MAX = 1_440;

export interface SimDeskOptions {
  readonly inbox: Inbox;
  readonly market: RingMarket;
  /** What the venue lists, by symbol. */
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly fees: FeeRates;
  /** USDT e8. */
  readonly walletE8: bigint;
  readonly seed: number;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** What the desk has done since the start. */
export interface DeskTally {
  readonly trades: number;
  readonly wins: number;
  /** USDT e8, after costs. */
  readonly netE8: bigint;
}

/**
 * Trades in a venue in memory beside the market's own data: whoever watches a real market, or the simulated one, sees what
 * the core would have done to an account. Prices come from the rings, orders and words go through the port's gateway, and
 * nothing leaves the process.
 */
export class SimDesk {
  readonly #options: SimDeskOptions;
  readonly #exchange: SimExchange;
  readonly #gateway: SimGateway;
  readonly #symbols = new Map<SymbolId, { readonly symbol: string; readonly rules: VenueRules }>();
  readonly #held = new Set<SymbolId>();
  #tally = { trades: 0, wins: 0, netE8: 0n };
  #closedMs: number;
  #cancelLook: CancelTimer = () => {};
  #cancelMinute: CancelTimer = () => {};

  constructor(options: SimDeskOptions) {
    const { walletE8, venueClock: clock, seed } = options;
    this.#options = options;
    this.#exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8 });
    const onArrival = (id: SymbolId): void => this.#show(id);
    this.#gateway = new SimGateway({
      exchange: this.#exchange,
      clock,
      latency: LATENCY_DEFAULT,
      seed,
      onArrival,
    });
    this.#closedMs = this.#lastCloseMs();
  }

  get tally(): DeskTally {
    return this.#tally;
  }

  /** The account speaks, and prices are followed, from now on. */
  start(): void {
    const { inbox } = this.#options;
    this.#gateway.listen({
      onOrder: (update) => inbox.put({ type: "order-update", update }),
      onIncome: (income) => inbox.put({ type: "income", income }),
      onLeverage: (symbolId, leverage) => inbox.put({ type: "leverage", symbolId, leverage }),
      onStream: (isLive) => inbox.put({ type: "account-stream", isLive }),
    });
    this.#look();
    this.#awaitMinute();
  }

  /** Nothing is followed any more; what is held of a simulated account ends with it. */
  stop(): void {
    this.#cancelLook();
    this.#cancelMinute();
    this.#gateway.listen(null);
    const held = this.#exchange.positions().map(({ symbolId }) => this.#symbols.get(symbolId)?.symbol);
    if (held.length > 0)
      this.#options.logger.info(
        { held: held.length, symbols: held.slice(0, 10) },
        "simulated positions end here",
      );
  }

  /** Before signals are decided on: their symbols' rules, and the prices that they would be entered at. */
  onSignals(signals: readonly Signal[]): void {
    const { inbox, market } = this.#options;
    const quotes: Quote[] = [];
    for (const { symbolId, symbol } of signals) {
      if (!this.#list(symbolId, symbol)) continue;
      const now = market.now(symbol);
      const rules = this.#symbols.get(symbolId)?.rules;
      if (now === null || rules === undefined) continue;
      const bidE8 = (now.lastE8 / rules.tickE8) * rules.tickE8;
      quotes.push({ symbolId, bid: e8ToNumber(bidE8), ask: e8ToNumber(bidE8 + rules.tickE8) });
    }
    if (quotes.length > 0) inbox.put({ type: "quotes", quotes });
  }

  carryOut(command: TradingCommand): void {
    const { inbox, logger } = this.#options;
    switch (command.type) {
      case "submit": {
        const { clientOrderId, symbolId } = command.order.value;
        this.#held.add(symbolId);
        this.#gateway.submit(command.order, (outcome) =>
          inbox.put({ type: "order-outcome", clientOrderId, outcome }),
        );
        return;
      }
      case "cancel":
        this.#gateway.cancel(command, () => {});
        return;
      case "set-leverage": {
        const { symbolId, leverage } = command;
        this.#gateway.setLeverage(symbolId, leverage, (outcome) =>
          inbox.put({ type: "leverage-outcome", symbolId, leverage, outcome }),
        );
        return;
      }
      case "ask":
        this.#gateway.ask(command.query, (answer) => inbox.put({ type: "answer", answer }));
        return;
      case "trade-closed":
        this.#onClosed(command.trade);
        return;
      case "trade-corrected":
        logger.info(
          { trade: command.trade.tradeId, pnlE8: command.trade.pnlE8, r: command.trade.r },
          "trade corrected",
        );
        return;
      case "entry-failed":
        logger.info(
          { symbol: this.#symbols.get(command.symbolId)?.symbol, reason: command.reason },
          "entry failed",
        );
        return;
      case "state":
        logger.warn({ state: command.state, reasons: command.reasons }, "trading state");
        return;
      case "decided":
      case "equity":
        return;
      default:
        command satisfies never;
    }
  }

  #onClosed(trade: TradeRecord): void {
    const { symbol, side, setup, reason, pnlE8, r } = trade;
    this.#tally = {
      trades: this.#tally.trades + 1,
      wins: this.#tally.wins + Number(pnlE8 > 0n),
      netE8: this.#tally.netE8 + pnlE8,
    };
    const fields = { symbol, side, setup: `S${setup}`, reason, pnl: e8Text(pnlE8), r };
    this.#options.logger.info(fields, "simulated trade closed");
  }

  /** True when the symbol can be traded: by the rules that the venue lists it with. */
  #list(symbolId: SymbolId, symbol: string): boolean {
    if (this.#symbols.has(symbolId)) return true;
    const instrument = this.#options.instruments.get(symbol);
    if (instrument === undefined) return false;
    const {
      tickSize,
      marketStepSize: stepSize,
      marketMinQty: minQty,
      marketMaxQty,
      minNotional,
    } = instrument;
    const rules = venueRulesAround(
      tradingRules({ symbol, tickSize, stepSize, minQty, marketMaxQty, minNotional }),
    );
    const { fees, inbox } = this.#options;
    this.#symbols.set(symbolId, { symbol, rules });
    this.#exchange.list(symbolId, rules, fees);
    inbox.put({ type: "instrument", symbolId, symbol, rules: rules.trading, fees });
    return true;
  }

  /** Moves a symbol's market in memory to what it is now. */
  #show(symbolId: SymbolId): void {
    const { market, venueClock } = this.#options;
    const found = this.#symbols.get(symbolId);
    const now = found === undefined ? null : market.now(found.symbol);
    if (now === null) return;
    const { lastE8, volumeE8 } = now;
    const last = this.#exchange.lastPrint(symbolId);
    // Corrections of the venue's clock may step back a little.
    const timeMs = Math.max(venueClock.nowMs(), last?.timeMs ?? 0);
    this.#exchange.setVolume(symbolId, volumeE8);
    this.#exchange.print(symbolId, { timeMs, lastE8, markE8: lastE8 });
  }

  #look(): void {
    for (const symbolId of this.#exchange.activeIds()) this.#show(symbolId);
    this.#cancelLook = this.#options.wallClock.after(LOOK_MS, () => this.#look(), { unref: true });
  }

  #lastCloseMs(): number {
    return Math.floor((this.#options.venueClock.nowMs() - CLOSE_GRACE_MS) / MINUTE_MS) * MINUTE_MS;
  }

  #awaitMinute(): void {
    const { venueClock } = this.#options;
    const delayMs = this.#closedMs + MINUTE_MS + CLOSE_GRACE_MS - venueClock.nowMs();
    this.#cancelMinute = venueClock.after(Math.max(0, delayMs), () => this.#minutes(), { unref: true });
  }

  /** Tells of the minutes that have closed, with the closes of what is traded. */
  #minutes(): void {
    const { inbox } = this.#options;
    const lastMs = this.#lastCloseMs();
    this.#closedMs = Math.max(this.#closedMs, lastMs - MINUTES_MAX * MINUTE_MS);
    while (this.#closedMs < lastMs) {
      this.#closedMs += MINUTE_MS;
      inbox.put({ type: "minute", closeMs: this.#closedMs, marks: this.#marks(this.#closedMs) });
    }
    this.#awaitMinute();
  }

  #marks(closeMs: number): readonly { readonly symbolId: SymbolId; readonly priceE8: bigint }[] {
    const { inbox, market } = this.#options;
    const active = new Set([...this.#held, ...this.#exchange.activeIds()]);
    this.#held.clear();
    return [...active]
      .sort((a, b) => a - b)
      .flatMap((symbolId) => {
        const symbol = this.#symbols.get(symbolId)?.symbol ?? "";
        if (market.isGone(symbol)) inbox.put({ type: "data-ended", symbolId });
        const priceE8 = market.closeE8(symbol, closeMs);
        return priceE8 === null ? [] : [{ symbolId, priceE8 }];
      });
  }
}
