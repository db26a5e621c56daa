import {
  Brackets,
  type MarketSymbol,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  type VenueEvent,
  type VenueRules,
  venueRules,
  type VenueSymbol,
} from "@smcq/exchange-sim";
import { E8, e8Text, parseE8, SmcqError, type SymbolId, symbolId } from "@smcq/kernel";
import { VenueError } from "../http/venue-error.ts";
import type { Prices } from "../market/prices.ts";
import type { Venue } from "../venue.ts";
import { FeePurse } from "./fee-purse.ts";
import { OrderHistory } from "./history.ts";
import type { DeskRow, KeptJournal, KeptPart, KeptRow } from "./keeping/rows.ts";
import type { TradingSettings } from "./options.ts";

/** BNB where the venue does not list it. */
const BNB_E8 = 600n * E8;

/** Larger than any position, USDT. */
const NOTIONAL_MAX = "100000000";

/** A symbol that the account can trade. */
export interface TradedSymbol {
  readonly id: SymbolId;
  readonly symbol: string;
  readonly market: MarketSymbol;
  /** As listed; the present ones are the exchange's. */
  readonly rules: VenueRules;
  /** Places that the document prints prices and quantities with. */
  readonly pricePlaces: number;
  readonly qtyPlaces: number;
}

/** Switches of the account that `SimExchange` does not have. */
export interface Switches {
  /** Hedge mode: this account has one position a symbol, so every order is refused while it is on. */
  isDual: boolean;
  isFeeBurnt: boolean;
  /** Until when indicators of the quantitative rules are locked, ms. */
  lockedUntilMs: number;
}

/** Told of everything that happens to the account, and when a call is over. */
export interface AccountAudience {
  hear(event: VenueEvent): void;
  callIsOver(): void;
}

/**
 * The account on the venue's market: `SimExchange` whose symbols are listed when they are first asked for, and whose market
 * is moved along the venue's own prices, at every tick where something is held or waits, elsewhere when a call is about it.
 */
export class AccountDesk {
  readonly exchange: SimExchange;
  readonly prices: Prices;
  readonly history: OrderHistory = new OrderHistory();
  readonly purse: FeePurse;
  readonly settings: TradingSettings;
  readonly venue: Venue;
  readonly switches: Switches = { isDual: false, isFeeBurnt: false, lockedUntilMs: 0 };
  readonly #symbols = new Map<SymbolId, TradedSymbol>();
  readonly #ids = new Map<string, SymbolId>();
  readonly #thinE8 = new Map<SymbolId, bigint>();
  readonly #audiences: AccountAudience[] = [];
  #journal: KeptJournal | null = null;
  #isQuiet = false;

  constructor(venue: Venue, prices: Prices, settings: TradingSettings) {
    this.venue = venue;
    this.prices = prices;
    this.settings = settings;
    this.exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8: parseE8(settings.equity) });
    this.purse = new FeePurse(settings.fees, () => this.#bnbE8());
    this.exchange.listen((event) => this.#hear(event));
    venue.followContracts(({ symbol, status }) => {
      const id = this.#ids.get(symbol);
      if (id !== undefined) this.exchange.setTrading(id, status === "TRADING");
    });
  }

  /** From now on every change is written there before anybody hears of it. */
  keepIn(journal: KeptJournal): void {
    this.#journal = journal;
    this.exchange.keeping.writeTo(journal);
    this.purse.writeTo((row, balanceE8) => journal.add(["bnb", row, balanceE8]));
  }

  /** Written together with what changes next. */
  note(row: DeskRow): void {
    this.#journal?.add(row);
  }

  /** Everything that is kept of it, as rows that make it again. */
  *rows(): Iterable<KeptRow> {
    for (const { id, symbol } of this.listed()) yield ["listed", id, symbol];
    yield* this.exchange.keeping.rows();
    for (const row of this.history.rows()) yield ["history", row];
    for (const row of this.purse.rows()) yield ["bnb", row, this.purse.balanceE8];
  }

  /** Takes up a row that was kept; nobody hears of it. */
  takeUp(row: Exclude<KeptRow, readonly ["new-symbol" | "funded" | "part", ...unknown[]]>): void {
    if (row[0] === "listed") this.#takeUpSymbol(row[1], row[2]);
    else if (row[0] === "history") this.history.takeUp(row[1]);
    else if (row[0] === "bnb") this.purse.takeUp(row[1], row[2]);
    else {
      if (row[0] === "told") this.history.hear(row[1]);
      this.exchange.keeping.restore(row);
    }
  }

  #takeUpSymbol(id: SymbolId, name: string): void {
    if (this.#list(name)?.id !== id)
      throw new SmcqError("SIM_ACCOUNT", `the account knows ${name}, which this venue does not trade`);
  }

  /** Everything has been taken up: held prices stand where they stood. */
  takenUp(): void {
    if (!this.prices.isHeld) return;
    for (const { id, market } of this.listed()) {
      const print = this.exchange.lastPrint(id);
      if (print !== null) this.prices.hold(market, print.lastE8, print.markE8);
    }
  }

  /** The switches, as a part that is kept. */
  keptSwitches(): KeptPart {
    return {
      name: "switches",
      state: () => this.switches,
      takeUp: (state) => void Object.assign(this.switches, state),
    };
  }

  follow(audience: AccountAudience): void {
    this.#audiences.push(audience);
  }

  get nowMs(): number {
    return this.venue.time.clock.nowMs();
  }

  #hear(event: VenueEvent): void {
    if (this.#isQuiet) return;
    this.history.hear(event);
    this.purse.hear(event);
    for (const audience of this.#audiences) audience.hear(event);
  }

  /** Does something to the account; its words are told when it is over. */
  act<T>(work: () => T): T {
    try {
      return work();
    } finally {
      for (const audience of this.#audiences) audience.callIsOver();
    }
  }

  /** A symbol with its market brought up to now; -1121 where there is none that can be traded. */
  symbol(name: string): TradedSymbol {
    const traded = this.#list(name);
    if (traded === null) throw new VenueError(-1121, "Invalid symbol.");
    this.bring(traded.id, this.nowMs);
    return traded;
  }

  /** A symbol by its name, wherever its market is; null: none that can be traded. */
  find(name: string): TradedSymbol | null {
    return this.#list(name);
  }

  /** From now on so little is traded in a symbol, base units e8; null: what the present minute trades. */
  setVolume(id: SymbolId, volumeE8: bigint | null): void {
    if (volumeE8 === null) this.#thinE8.delete(id);
    else this.#thinE8.set(id, volumeE8);
    this.#tellVolume(id, this.nowMs);
  }

  #tellVolume(id: SymbolId, nowMs: number): void {
    const minuteE8 = this.prices.volumeE8(this.known(id).market, nowMs);
    this.exchange.setVolume(id, this.#thinE8.get(id) ?? minuteE8);
  }

  /** A symbol that has been listed before. */
  known(id: SymbolId): TradedSymbol {
    const traded = this.#symbols.get(id);
    if (traded === undefined) throw new RangeError(`symbol ${id} is not traded`);
    return traded;
  }

  /** Symbols that have been asked for. */
  listed(): readonly TradedSymbol[] {
    return [...this.#symbols.values()];
  }

  /** Every symbol of the document that the account could trade. */
  all(): readonly TradedSymbol[] {
    return [...this.venue.listed()].flatMap(({ symbol }) => this.#list(symbol) ?? []);
  }

  #list(name: string): TradedSymbol | null {
    const listed = this.#ids.get(name);
    if (listed !== undefined) return this.known(listed);
    const entry = this.venue.find(name);
    const market = this.venue.market.find(name);
    if (entry === null || market === null || !isTradable(entry)) return null;
    const id = symbolId(market.index);
    const rules = venueRules(entry);
    const traded: TradedSymbol = {
      id,
      symbol: name,
      market,
      rules,
      pricePlaces: Number(entry["pricePrecision"] ?? market.grid.priceDecimals),
      qtyPlaces: Number(entry["quantityPrecision"] ?? market.grid.volumeDecimals),
    };
    this.note(["listed", id, name]);
    this.#symbols.set(id, traded);
    this.#ids.set(name, id);
    const { leverage, marginType } = this.settings;
    this.#quietly(() => {
      this.exchange.list(id, rules, this.#fees());
      this.exchange.setTrading(id, entry.status === "TRADING");
      this.bring(id, this.nowMs);
      this.exchange.setMarginType(id, marginType, this.nowMs);
      this.exchange.setLeverage(id, Math.min(leverage, rules.brackets.leverageMax), this.nowMs);
    });
    return traded;
  }

  /** Lowers what a market order of a symbol may say at most, in the document too; null: as it was listed. */
  setMarketMax(id: SymbolId, maxE8: bigint | null): void {
    const { symbol, rules } = this.known(id);
    const { marketLot } = rules;
    this.venue.setMarketMax(symbol, e8Text(maxE8 ?? marketLot.maxE8));
    const lowered = { ...marketLot, maxE8: maxE8 ?? marketLot.maxE8 };
    this.exchange.setRules(id, { ...this.exchange.rules(id), marketLot: lowered });
  }

  /** A symbol's maintenance margin has that ratio at any size; null: as it was listed. */
  setMaintenance(id: SymbolId, ratioE8: bigint | null): void {
    const { brackets } = this.known(id).rules;
    const leverageMax = String(brackets.leverageMax);
    const flat =
      ratioE8 === null ? null : ([["0", NOTIONAL_MAX, e8Text(ratioE8), "0", leverageMax]] as const);
    const given = flat === null ? brackets : new Brackets(flat);
    this.exchange.setRules(id, { ...this.exchange.rules(id), brackets: given });
  }

  /** What the exchange itself takes: nothing while commissions are paid from the purse. */
  #fees(): TradingSettings["fees"] {
    return this.purse.isOpen ? { takerRatio: 0, makerRatio: 0 } : this.settings.fees;
  }

  /** From now on commissions are paid in BNB, so much cheaper; null: in USDT. */
  setFeeDiscount(discount: number | null): void {
    if (this.purse.isOpen === (discount !== null)) return;
    this.purse.setDiscount(discount);
    for (const { id } of this.listed()) this.exchange.setFees(id, this.#fees());
  }

  #bnbE8(): bigint {
    const bnb = this.venue.market.find("BNBUSDT");
    const print = bnb === null ? null : this.prices.at(bnb, this.nowMs);
    return print?.lastE8 ?? BNB_E8;
  }

  #quietly(work: () => void): void {
    this.#isQuiet = true;
    try {
      work();
    } finally {
      this.#isQuiet = false;
    }
  }

  /** Moves every market in which something is held or waits along its way up to now. */
  tick(nowMs: number): void {
    this.act(() => {
      for (const id of this.exchange.activeIds()) this.bring(id, nowMs);
    });
  }

  /** Moves one market up to a time; what its way meets happens where it meets it. */
  bring(id: SymbolId, nowMs: number): void {
    const { market } = this.known(id);
    const last = this.exchange.lastPrint(id);
    const fromMs = last?.timeMs ?? nowMs;
    if (nowMs < fromMs || (last !== null && nowMs === fromMs && !this.prices.isHeld)) return;
    // Where nothing waits nobody asks which way the market came.
    this.#tellVolume(id, nowMs);
    const isWatched = last !== null && this.exchange.activeIds().includes(id);
    const now = this.prices.at(market, nowMs);
    const way = isWatched ? this.prices.way(market, fromMs, nowMs) : now === null ? [] : [now];
    for (const to of way) {
      for (let met = this.exchange.reach(id, to); met !== null; met = this.exchange.reach(id, to))
        this.exchange.print(id, met);
      this.exchange.print(id, to);
    }
  }
}

/** The wallet is USDT; contracts of other kinds are not simulated. */
function isTradable({ contractType, marginAsset, status }: VenueSymbol): boolean {
  return contractType === "PERPETUAL" && marginAsset === "USDT" && status !== "PENDING_TRADING";
}
