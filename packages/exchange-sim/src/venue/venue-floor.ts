import { numberToE8, present, type SymbolId } from "@smcq/kernel";
import type { FeeRates, TradingLimit } from "@smcq/exchange";
import { AccountBook } from "./account-book.ts";
import { MarginAccount } from "./margin-account.ts";
import type { Quotes } from "./order-checks.ts";
import { OrderBook } from "./order-book.ts";
import type { VenueAlgo, VenueEvent, VenueOrder } from "./orders.ts";
import type { VenueRules } from "./venue-rules.ts";

/** The venue's ids have 19 digits: a double cannot hold them. */
const FIRST_ID = 8_389_765_000_000_000_000n;

export interface SimExchangeOptions {
  readonly walletE8: bigint;
  /** What a market order pays beyond the best price, ten-thousandths. */
  readonly slippageE4: bigint;
  /** The share of a minute's volume that one part of a market order takes at most, ten-thousandths. */
  readonly partE4: bigint;
  /** A reduce-only order finds no room beside resting ones that close everything already, not even when it fires. */
  readonly isStrictReduceOnly: boolean;
}

export const SIM_EXCHANGE_DEFAULTS: Omit<SimExchangeOptions, "walletE8"> = Object.freeze({
  slippageE4: 2n,
  partE4: 1_000n,
  isStrictReduceOnly: false,
});

/** A moment of a symbol's market: its last trade and its mark, e8. */
export interface Print {
  readonly timeMs: number;
  readonly lastE8: bigint;
  readonly markE8: bigint;
}

/** An asset that commissions are taken in. */
export interface FeeAsset {
  readonly asset: string;
  /** USDT e8 for one of it. */
  readonly priceE8: bigint;
}

/** A symbol that the venue trades. */
export interface Listing {
  rules: VenueRules;
  /** Shares of a trade's notional, e8. */
  takerE8: bigint;
  makerE8: bigint;
  isTrading: boolean;
  /** Conditional orders are rejected when they fire. */
  isFiringRejected: boolean;
  /** The number of its last trade: each symbol counts its own. */
  trades: bigint;
  /** Null: nothing has been traded yet. */
  print: Print | null;
  /** What the present minute trades, base units e8; null: not told. */
  volumeE8: bigint | null;
  /** What the book offers to one order at most; null: enough for any. */
  offerE8: bigint | null;
}

/**
 * What the parts of the venue share: listings, orders, account, account book, time and ids. What is told of is kept until
 * the call that caused it is over, so that whoever hears of it meets a venue that is whole, and may order at once.
 */
export class VenueFloor {
  readonly options: SimExchangeOptions;
  isStrictReduceOnly: boolean;
  readonly orders: OrderBook = new OrderBook();
  readonly account: MarginAccount;
  readonly book: AccountBook;
  /** What commissions are taken in, and its price in USDT; null: USDT. */
  feeAsset: FeeAsset | null = null;
  /** Indicators of the account's ways of trading, as the venue has worked them out last. */
  limits: readonly TradingLimit[] = [];
  readonly #listings = new Map<SymbolId, Listing>();
  #onEvent: (event: VenueEvent) => void = () => {};
  readonly #untold: VenueEvent[] = [];
  #isTelling = false;
  #ids = FIRST_ID;
  #nowMs = 0;

  constructor(options: SimExchangeOptions) {
    this.options = options;
    this.isStrictReduceOnly = options.isStrictReduceOnly;
    this.book = new AccountBook((row) => this.emit({ type: "income", row }));
    this.account = new MarginAccount(options.walletE8, (row) => this.book.addIncome(row, this.nextId()));
  }

  listen(onEvent: (event: VenueEvent) => void): void {
    this.#onEvent = onEvent;
  }

  list(symbolId: SymbolId, rules: VenueRules, fees: FeeRates): void {
    this.account.list(symbolId, rules);
    this.#listings.set(symbolId, {
      rules,
      ...ratesOf(fees),
      isTrading: true,
      isFiringRejected: false,
      trades: FIRST_ID,
      print: null,
      volumeE8: null,
      offerE8: null,
    });
  }

  setFees(symbolId: SymbolId, fees: FeeRates): void {
    Object.assign(this.listing(symbolId), ratesOf(fees));
  }

  listing(symbolId: SymbolId): Listing {
    return present(this.#listings.get(symbolId), "Invariant: the venue knows listed symbols alone");
  }

  /** Null: not listed, or never traded. */
  orderable(symbolId: SymbolId): Listing | null {
    const listing = this.#listings.get(symbolId);
    return listing === undefined || listing.print === null ? null : listing;
  }

  /** The account may only close in this symbol. */
  isLocked(symbolId: SymbolId): boolean {
    return this.limits.some((limit) => limit.isLocked && (limit.symbolId ?? symbolId) === symbolId);
  }

  quotes(symbolId: SymbolId): Quotes {
    const { print, rules } = this.listing(symbolId);
    const { lastE8, markE8 } = present(print, "Invariant: a symbol is ordered after its first print");
    const bidE8 = (lastE8 / rules.tickE8) * rules.tickE8;
    return { bidE8, askE8: bidE8 + rules.tickE8, lastE8, markE8 };
  }

  /** Does what a call asks for, then tells of it. */
  run<T>(timeMs: number, work: () => T): T {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const result = work();
    this.#tell();
    return result;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  nextId(): string {
    return String(++this.#ids);
  }

  nextTradeId(symbolId: SymbolId): string {
    return String(++this.listing(symbolId).trades);
  }

  emit(event: VenueEvent): void {
    this.#untold.push(event);
  }

  emitAccount(
    reason: Extract<VenueEvent, { type: "account" }>["reason"],
    symbolIds: readonly SymbolId[],
  ): void {
    const { walletE8, crossWalletE8 } = this.account;
    const holdings = symbolIds.map((symbolId) => this.account.holding(symbolId));
    this.emit({ type: "account", reason, walletE8, crossWalletE8, holdings, timeMs: this.#nowMs });
  }

  /** Keeps an order as it is now, and tells of it. */
  keep(order: VenueOrder, execution: "NEW" | "CANCELED" | "EXPIRED" | "AMENDMENT"): void {
    this.orders.keep(order);
    this.emit({ type: "order", execution, order, trade: null, timeMs: this.#nowMs });
  }

  keepAlgo(algo: VenueAlgo): VenueAlgo {
    this.orders.keepAlgo(algo);
    this.emit({ type: "algo", algo, timeMs: this.#nowMs });
    return algo;
  }

  #tell(): void {
    // A call that is made while it is told of waits here with its own words: their order stays that of the events.
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift())
        this.#onEvent(event);
    } finally {
      this.#isTelling = false;
    }
  }
}

function ratesOf({ takerRatio, makerRatio }: FeeRates): Pick<Listing, "takerE8" | "makerE8"> {
  return { takerE8: numberToE8(takerRatio), makerE8: numberToE8(makerRatio) };
}
