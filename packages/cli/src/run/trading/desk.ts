import type { Inbox } from "@smcq/cluster";
import type { FeedConnection, TickerFeed } from "@smcq/exchange";
import type { Quote, Signal, TradeRecord, TradingCommand } from "@smcq/engine";
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
import type { DeskAccount, OrdersName } from "../../accounts/account.ts";
import type { DeskMarket } from "../../accounts/ring-market.ts";
import type { SymbolBook } from "../../accounts/symbol-book.ts";

/** A minute's closes are taken this long after its end, venue ms: finals come about 2 s late. */
const CLOSE_GRACE_MS = 6_000;
/** Minutes that are told one after another when the process was away: governors count them. */
const MINUTES_MAX = 1_440;

export interface DeskOptions {
  readonly inbox: Inbox;
  readonly account: DeskAccount;
  readonly orders: OrdersName;
  readonly market: DeskMarket;
  /** Best prices; they come and go with the desk. */
  readonly tickers: Pick<TickerFeed, "start" | "stop" | "connection">;
  readonly symbols: SymbolBook;
  /** Symbols that the core holds a position of. */
  readonly openIds: () => Iterable<SymbolId>;
  /** The close of the last minute that the core was told of by the process before; null: there was none. */
  readonly toldMinuteMs: number | null;
  readonly venueClock: Clock;
  readonly logger: Logger;
}

/** How the account's own words come. */
export interface AccountStreamState {
  readonly isLive: boolean;
  readonly sinceMs: number | null;
  readonly losses: number;
}

/** What the desk has done since the start. */
export interface DeskTally {
  readonly trades: number;
  readonly wins: number;
  /** USDT e8, after costs. */
  readonly netE8: bigint;
}

/**
 * Carries out what the core wants done on the side of orders and money, and tells the core what comes of it: the account's
 * words, quotes before a decision, the closes of each minute.
 */
export class Desk {
  readonly #options: DeskOptions;
  /** Traded since the last minute: its close is told, whatever became of it. */
  readonly #touched = new Set<SymbolId>();
  #stream: AccountStreamState = { isLive: false, sinceMs: null, losses: 0 };
  #tally = { trades: 0, wins: 0, netE8: 0n };
  #closedMs: number;
  #cancelMinute: CancelTimer = () => {};

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#closedMs = options.toldMinuteMs ?? this.#lastCloseMs();
  }

  get orders(): OrdersName {
    return this.#options.orders;
  }

  /** Whether the account tells of itself, since when (venue ms; null: it never has), and how often it stopped doing so. */
  get stream(): AccountStreamState {
    return this.#stream;
  }

  /** How best prices come. */
  get prices(): FeedConnection {
    return this.#options.tickers.connection();
  }

  get tally(): DeskTally {
    return this.#tally;
  }

  /** The account speaks from now on: what is held is guarded before there is any bar of it. */
  start(): void {
    const { inbox, account } = this.#options;
    // Before the account speaks nothing is known of it, and nothing is entered.
    inbox.put({ type: "account-stream", isLive: false });
    account.gateway.listen({
      onOrder: (update) => inbox.put({ type: "order-update", update }),
      onIncome: (income) => inbox.put({ type: "income", income }),
      onLeverage: (symbolId, leverage) => inbox.put({ type: "leverage", symbolId, leverage }),
      onStream: (isLive) => this.#onStream(isLive),
    });
    account.start();
    void this.#options.tickers.start();
  }

  /** Minutes are told from now on, with those that nobody was told of before: bars are there. */
  startMinutes(): void {
    this.#awaitMinute();
  }

  /** What the account says from now on is new to the core: it holds all that it knows against the venue. */
  recheck(): void {
    if (!this.#stream.isLive) return;
    const { inbox } = this.#options;
    inbox.put({ type: "account-stream", isLive: false });
    inbox.put({ type: "account-stream", isLive: true });
  }

  /** The core is told of these symbols before anything of them. */
  meet(symbols: Iterable<string>): void {
    for (const symbol of symbols) this.#options.symbols.bySymbol(symbol);
  }

  /** The venue lists these now: some of them may be new, or traded by other rules. */
  relist(instruments: Iterable<Instrument>): void {
    this.#options.symbols.relist(instruments, this.#options.logger);
  }

  /** Nothing is heard or told any more. */
  async stop(): Promise<void> {
    this.#cancelMinute();
    this.#options.account.gateway.listen(null);
    await Promise.all([this.#options.account.stop(), this.#options.tickers.stop()]);
  }

  /** Before signals are decided on: their symbols' rules, and the prices that they would be entered at. */
  onSignals(signals: readonly Signal[]): void {
    const { inbox, market, symbols } = this.#options;
    const quotes: Quote[] = [];
    for (const { symbolId, symbol } of signals) {
      const found = symbols.bySymbol(symbol);
      const now = market.now(symbol);
      if (now === null || found?.symbolId !== symbolId) continue;
      const { bidE8, askE8 } = now.book ?? tickAround(now.lastE8, found.rules.tickE8);
      quotes.push({ symbolId, bid: e8ToNumber(bidE8), ask: e8ToNumber(askE8) });
    }
    if (quotes.length > 0) inbox.put({ type: "quotes", quotes });
  }

  #onStream(isLive: boolean): void {
    const { inbox, venueClock } = this.#options;
    const { isLive: wasLive, losses } = this.#stream;
    this.#stream = { isLive, sinceMs: venueClock.nowMs(), losses: losses + Number(wasLive && !isLive) };
    inbox.put({ type: "account-stream", isLive });
  }

  carryOut(command: TradingCommand): void {
    const { inbox, logger, account, symbols } = this.#options;
    const { gateway } = account;
    switch (command.type) {
      case "submit": {
        const { clientOrderId, symbolId } = command.order.value;
        this.#touched.add(symbolId);
        gateway.submit(command.order, (outcome) =>
          inbox.put({ type: "order-outcome", clientOrderId, outcome }),
        );
        return;
      }
      case "cancel":
        gateway.cancel(command, () => {});
        return;
      case "set-leverage": {
        const { symbolId, leverage } = command;
        gateway.setLeverage(symbolId, leverage, (outcome) =>
          inbox.put({ type: "leverage-outcome", symbolId, leverage, outcome }),
        );
        return;
      }
      case "ask":
        gateway.ask(command.query, (answer) => inbox.put({ type: "answer", answer }));
        return;
      case "trade-closed":
        this.#onClosed(command.trade);
        return;
      case "trade-corrected":
        logger.info(
          { trade: command.trade.tradeId, pnl: e8Text(command.trade.pnlE8), r: command.trade.r },
          "trade corrected",
        );
        return;
      case "entry-failed":
        logger.info(
          { symbol: symbols.byId(command.symbolId)?.symbol, reason: command.reason },
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
    this.#options.logger.info(fields, "trade closed");
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
    const { inbox, market, symbols, openIds } = this.#options;
    const active = new Set([...this.#touched, ...openIds()]);
    this.#touched.clear();
    return [...active]
      .sort((a, b) => a - b)
      .flatMap((symbolId) => {
        const symbol = symbols.byId(symbolId)?.symbol ?? "";
        if (market.isGone(symbol)) inbox.put({ type: "data-ended", symbolId });
        const priceE8 = market.closeE8(symbol, closeMs);
        return priceE8 === null ? [] : [{ symbolId, priceE8 }];
      });
  }
}

/** Where nothing is told of best prices: the last one, and a tick. */
function tickAround(lastE8: bigint, tickE8: bigint): { readonly bidE8: bigint; readonly askE8: bigint } {
  const bidE8 = (lastE8 / tickE8) * tickE8;
  return { bidE8, askE8: bidE8 + tickE8 };
}
