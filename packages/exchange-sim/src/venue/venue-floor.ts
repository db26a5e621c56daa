import { numberToE8, present, type SymbolId } from "@smcq/kernel";
import type { FeeRates, TradingLimit } from "@smcq/exchange";
import { AccountBook } from "./account-book.ts";
import type { FloorRow, SymbolRow, VenueJournal } from "./keeping/rows.ts";
import { MarginAccount } from "./margin-account.ts";
import type { Quotes } from "./order-checks.ts";
import { OrderBook } from "./order-book.ts";
import type { Print, VenueAlgo, VenueEvent, VenueOrder } from "./orders.ts";
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
  /** Where changes are written; null: nowhere. */
  journal: VenueJournal | null = null;
  readonly #listings = new Map<SymbolId, Listing>();
  #onEvent: (event: VenueEvent) => void = () => {};
  readonly #untold: VenueEvent[] = [];
  #isTelling = false;
  /** Symbols whose row is not what was written of it last. */
  readonly #touched = new Set<SymbolId>();
  /** More has changed than where markets are. */
  #isChanged = false;
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
    const { lastE8, markE8, book } = present(print, "Invariant: a symbol is ordered after its first print");
    if (book !== undefined) return { ...book, lastE8, markE8 };
    const bidE8 = (lastE8 / rules.tickE8) * rules.tickE8;
    return { bidE8, askE8: bidE8 + rules.tickE8, lastE8, markE8 };
  }

  /** Does what a call asks for, then tells of it. */
  run<T>(timeMs: number, work: () => T): T {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const result = work();
    this.#write();
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
    if (event.type === "account") for (const { symbolId } of event.holdings) this.#touched.add(symbolId);
    else if (event.type === "leverage") this.#touched.add(event.symbolId);
    else this.journal?.add(event.type === "income" ? ["income", event.row] : ["told", event]);
    this.#isChanged = true;
  }

  /** The account stands otherwise in a symbol, of which nobody is told. */
  touch(symbolId: SymbolId): void {
    this.#touched.add(symbolId);
    this.#isChanged = true;
  }

  setPrint(symbolId: SymbolId, print: Print): void {
    this.listing(symbolId).print = print;
    this.account.setMark(symbolId, print.markE8);
    this.#touched.add(symbolId);
  }

  /** What one call has changed is written together. */
  #write(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.writeTouched();
    this.journal?.commit();
  }

  writeTouched(): void {
    if (this.journal !== null) {
      for (const symbolId of this.#touched) this.journal.add(["symbol", this.symbolRow(symbolId)]);
      this.journal.add(["floor", this.floorRow()]);
    }
    this.#touched.clear();
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

  /** Keeps an order as it is now; nobody is told until something happens to it. */
  keepUntold(order: VenueOrder): void {
    this.orders.keep(order);
    this.journal?.add(["order", order]);
  }

  listedIds(): Iterable<SymbolId> {
    return this.#listings.keys();
  }

  symbolRow(symbolId: SymbolId): SymbolRow {
    const { trades, print } = this.listing(symbolId);
    const { leverage, marginType } = this.account.settings(symbolId);
    return { symbolId, leverage, marginType, holding: this.account.held(symbolId), trades, print };
  }

  floorRow(): FloorRow {
    return { ids: this.#ids, nowMs: this.#nowMs, walletE8: this.account.walletE8 };
  }

  restoreSymbol({ symbolId, trades, print, ...kept }: SymbolRow): void {
    Object.assign(this.listing(symbolId), { trades, print });
    this.account.restoreSymbol(symbolId, { ...kept, markE8: print?.markE8 ?? null });
  }

  restore({ ids, nowMs, walletE8 }: FloorRow): void {
    this.#ids = ids;
    this.#nowMs = nowMs;
    this.account.restoreWallet(walletE8);
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
