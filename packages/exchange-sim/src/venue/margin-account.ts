import type { IncomeRow, MarginType, OrderSide, SymbolSettings } from "@smcq/exchange";
import { assert, divRound, E8, notionalE8, present, type SymbolId } from "@smcq/kernel";
import type { VenueHolding } from "./orders.ts";
import type { VenueRules } from "./venue-rules.ts";

/** The venue's leverage and margin type of a symbol that nobody has set. */
const LEVERAGE_DEFAULT = 20;
const MARGIN_TYPE_DEFAULT: MarginType = "cross";

interface Book {
  readonly rules: VenueRules;
  leverage: number;
  marginType: MarginType;
  markE8: bigint;
  holding: Holding | null;
}

/** What is held of a symbol; `qtyE8` is positive. */
interface Holding {
  readonly side: OrderSide;
  readonly qtyE8: bigint;
  readonly entryNotionalE8: bigint;
  /** Set aside for it; 0 with cross margin. */
  readonly isolatedWalletE8: bigint;
}

/** What a trade did to the account. */
export interface FillResult {
  readonly realisedE8: bigint;
  readonly isFlat: boolean;
}

/**
 * Wallet, positions and margin of a one-way account with one asset (docs/binance.md 9). All amounts are USDT e8.
 *
 *   wallet = cross wallet + what isolated positions were given
 *   isolated: can lose what it was given, plus its own profit    cross: the cross wallet and all cross positions together
 *
 * Commissions and results are paid by the cross wallet; an isolated position gives back its share of what it was given
 * when it is reduced, and funding is paid from there.
 */
export class MarginAccount {
  readonly #books = new Map<SymbolId, Book>();
  readonly #onIncome: (row: Omit<IncomeRow, "incomeId">) => void;
  #walletE8: bigint;

  constructor(walletE8: bigint, onIncome: (row: Omit<IncomeRow, "incomeId">) => void) {
    this.#walletE8 = walletE8;
    this.#onIncome = onIncome;
  }

  list(symbolId: SymbolId, rules: VenueRules): void {
    const leverage = Math.min(LEVERAGE_DEFAULT, rules.brackets.leverageMax);
    this.#books.set(symbolId, {
      rules,
      leverage,
      marginType: MARGIN_TYPE_DEFAULT,
      markE8: 0n,
      holding: null,
    });
  }

  setMark(symbolId: SymbolId, markE8: bigint): void {
    this.#of(symbolId).markE8 = markE8;
  }

  markE8(symbolId: SymbolId): bigint {
    return this.#of(symbolId).markE8;
  }

  get walletE8(): bigint {
    return this.#walletE8;
  }

  get crossWalletE8(): bigint {
    let isolatedE8 = 0n;
    for (const { holding } of this.#books.values()) isolatedE8 += holding?.isolatedWalletE8 ?? 0n;
    return this.#walletE8 - isolatedE8;
  }

  settings(symbolId: SymbolId): SymbolSettings {
    const { leverage, marginType, rules } = this.#of(symbolId);
    return { symbolId, leverage, marginType, notionalMaxE8: rules.brackets.notionalMaxE8(leverage) };
  }

  setLeverage(symbolId: SymbolId, leverage: number): void {
    this.#of(symbolId).leverage = leverage;
  }

  setMarginType(symbolId: SymbolId, marginType: MarginType): void {
    const book = this.#of(symbolId);
    assert(book.holding === null, "Invariant: the margin type of what is held does not change");
    book.marginType = marginType;
  }

  /** Signed; 0: flat. */
  qtyE8(symbolId: SymbolId): bigint {
    const { holding } = this.#of(symbolId);
    return holding === null ? 0n : BigInt(holding.side) * holding.qtyE8;
  }

  /** Symbols that are held, by number. */
  heldIds(): readonly SymbolId[] {
    return [...this.#books]
      .filter(([, { holding }]) => holding !== null)
      .map(([symbolId]) => symbolId)
      .sort((a, b) => a - b);
  }

  holding(symbolId: SymbolId): VenueHolding {
    const { holding, marginType } = this.#of(symbolId);
    return {
      symbolId,
      qtyE8: this.qtyE8(symbolId),
      entryPriceE8: holding === null ? 0n : divRound(holding.entryNotionalE8 * E8, holding.qtyE8),
      marginType,
      isolatedWalletE8: holding?.isolatedWalletE8 ?? 0n,
    };
  }

  /** Books a payment that is no trade's. With a symbol whose position is isolated, that position pays or gets it. */
  pay(row: Omit<IncomeRow, "incomeId" | "tradeId">): void {
    this.#walletE8 += row.amountE8;
    const book = row.symbolId === null ? undefined : this.#books.get(row.symbolId);
    if (row.type === "funding" && book?.marginType === "isolated" && book.holding !== null)
      book.holding = {
        ...book.holding,
        isolatedWalletE8: book.holding.isolatedWalletE8 + row.amountE8,
      };
    this.#onIncome({ ...row, tradeId: null });
  }

  /** Books a trade; one that is larger than what it closes opens the other side with the rest. */
  fill(trade: {
    readonly symbolId: SymbolId;
    readonly tradeId: string;
    readonly side: OrderSide;
    readonly priceE8: bigint;
    readonly qtyE8: bigint;
    readonly commissionE8: bigint;
    readonly timeMs: number;
  }): FillResult {
    const { symbolId, side, priceE8, commissionE8, tradeId, timeMs } = trade;
    const book = this.#of(symbolId);
    const held = book.holding;
    const closedE8 = held === null || held.side === side ? 0n : min(held.qtyE8, trade.qtyE8);
    const realisedE8 = closedE8 > 0n && held !== null ? this.#reduce(book, held, closedE8, priceE8) : 0n;
    const openedE8 = trade.qtyE8 - closedE8;
    if (openedE8 > 0n) this.#grow(book, side, openedE8, priceE8);
    this.#walletE8 += realisedE8 - commissionE8;
    if (closedE8 > 0n) this.#onIncome({ type: "realised", symbolId, amountE8: realisedE8, timeMs, tradeId });
    if (commissionE8 !== 0n)
      this.#onIncome({ type: "commission", symbolId, amountE8: -commissionE8, timeMs, tradeId });
    return { realisedE8, isFlat: book.holding === null };
  }

  #reduce(book: Book, held: Holding, closedE8: bigint, priceE8: bigint): bigint {
    const isFlat = closedE8 === held.qtyE8;
    const share = (amountE8: bigint): bigint =>
      isFlat ? amountE8 : divRound(amountE8 * closedE8, held.qtyE8);
    const costE8 = share(held.entryNotionalE8);
    book.holding = isFlat
      ? null
      : {
          side: held.side,
          qtyE8: held.qtyE8 - closedE8,
          entryNotionalE8: held.entryNotionalE8 - costE8,
          isolatedWalletE8: held.isolatedWalletE8 - share(held.isolatedWalletE8),
        };
    return BigInt(held.side) * (notionalE8(priceE8, closedE8) - costE8);
  }

  #grow(book: Book, side: OrderSide, qtyE8: bigint, priceE8: bigint): void {
    const held = book.holding;
    const valueE8 = notionalE8(priceE8, qtyE8);
    const marginE8 = book.marginType === "isolated" ? divRound(valueE8, BigInt(book.leverage)) : 0n;
    book.holding = {
      side,
      qtyE8: (held?.qtyE8 ?? 0n) + qtyE8,
      entryNotionalE8: (held?.entryNotionalE8 ?? 0n) + valueE8,
      isolatedWalletE8: (held?.isolatedWalletE8 ?? 0n) + marginE8,
    };
  }

  /** What the position would bring at the mark. */
  unrealisedE8(symbolId: SymbolId): bigint {
    const { holding, markE8 } = this.#of(symbolId);
    if (holding === null) return 0n;
    return BigInt(holding.side) * (notionalE8(markE8, holding.qtyE8) - holding.entryNotionalE8);
  }

  maintenanceE8(symbolId: SymbolId): bigint {
    const { holding, markE8, rules } = this.#of(symbolId);
    return holding === null ? 0n : rules.brackets.maintenanceE8(notionalE8(markE8, holding.qtyE8));
  }

  /**
   * What new orders may still use: the cross wallet, less the losses that stand open, less the initial margins of cross
   * positions and of `ordersE8`. Open profit of cross positions counts, as it does at the venue.
   */
  availableE8(ordersE8: bigint): bigint {
    let availableE8 = this.crossWalletE8 - ordersE8;
    for (const symbolId of this.heldIds()) {
      const { holding, marginType, markE8, leverage } = this.#of(symbolId);
      if (holding === null || marginType === "isolated") continue;
      availableE8 += this.unrealisedE8(symbolId);
      availableE8 -= divRound(notionalE8(markE8, holding.qtyE8), BigInt(leverage));
    }
    return availableE8 > 0n ? availableE8 : 0n;
  }

  /** Symbols whose margin is used up at the marks: an isolated one by itself, cross ones together. */
  bankruptIds(): readonly SymbolId[] {
    const bankrupt: SymbolId[] = [];
    const cross: SymbolId[] = [];
    let crossBalanceE8 = 0n;
    let crossMaintenanceE8 = 0n;
    for (const symbolId of this.heldIds()) {
      const { holding, marginType } = this.#of(symbolId);
      const unrealisedE8 = this.unrealisedE8(symbolId);
      const maintenanceE8 = this.maintenanceE8(symbolId);
      if (marginType === "isolated") {
        const givenE8 = holding?.isolatedWalletE8 ?? 0n;
        if (givenE8 + unrealisedE8 <= maintenanceE8) bankrupt.push(symbolId);
      } else {
        cross.push(symbolId);
        crossBalanceE8 += unrealisedE8;
        crossMaintenanceE8 += maintenanceE8;
      }
    }
    if (cross.length > 0 && this.crossWalletE8 + crossBalanceE8 <= crossMaintenanceE8)
      // The one that loses most goes first.
      bankrupt.push(
        ...cross.toSorted((a, b) => Number(this.unrealisedE8(a) - this.unrealisedE8(b)) || a - b),
      );
    return bankrupt;
  }

  /**
   * The mark at which the position is liquidated while nothing else changes (docs/binance.md 9); null: none above 0.
   *
   *   LP = (WB - TMM_other + UPNL_other + cum - side * qty * entry) / (qty * MMR - side * qty)
   */
  liquidationPriceE8(symbolId: SymbolId): bigint | null {
    const { holding, marginType, rules } = this.#of(symbolId);
    if (holding === null) return null;
    const side = BigInt(holding.side);
    let balanceE8 = holding.isolatedWalletE8;
    if (marginType === "cross") {
      balanceE8 = this.crossWalletE8;
      for (const other of this.heldIds())
        if (other !== symbolId && this.#of(other).marginType === "cross")
          balanceE8 += this.unrealisedE8(other) - this.maintenanceE8(other);
    }
    // The bracket is that of the position's value at the price that is sought: tried one by one.
    for (const bracket of rules.brackets.steps) {
      const numerator = balanceE8 + bracket.cumE8 - side * holding.entryNotionalE8;
      const denominator = divRound(holding.qtyE8 * bracket.maintMarginRatioE8, E8) - side * holding.qtyE8;
      if (denominator === 0n) continue;
      const [top, bottom] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator];
      const priceE8 = divRound(top * E8, bottom);
      if (priceE8 <= 0n) continue;
      const valueE8 = notionalE8(priceE8, holding.qtyE8);
      if (valueE8 > bracket.notionalFloorE8 && valueE8 <= bracket.notionalCapE8) return priceE8;
    }
    return null;
  }

  #of(symbolId: SymbolId): Book {
    return present(this.#books.get(symbolId), "Invariant: the account knows listed symbols alone");
  }
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
