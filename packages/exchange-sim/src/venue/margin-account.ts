import type { IncomeRow, MarginType, OrderSide, OtherFee, SymbolSettings } from "@smcq/exchange";
import { assert, divRound, E8, notionalE8, present, type SymbolId } from "@smcq/kernel";
import { max, min } from "./bigints.ts";
import type { VenueHolding } from "./orders.ts";
import type { VenueRules } from "./venue-rules.ts";

/** The venue's leverage and margin type of a symbol that nobody has set. */
const LEVERAGE_DEFAULT = 20;
const MARGIN_TYPE_DEFAULT: MarginType = "cross";

interface Book {
  rules: VenueRules;
  leverage: number;
  marginType: MarginType;
  markE8: bigint;
  holding: Holding | null;
  /** Result at the mark less the maintenance margin of what is held; 0 when flat. */
  excessE8: bigint;
}

/** What is held of a symbol; `qtyE8` is positive. */
export interface Holding {
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
  readonly #held = new Set<SymbolId>();
  #walletE8: bigint;
  /** Sums over what is held: given to isolated positions, and the excesses of cross ones. */
  #isolatedE8 = 0n;
  #crossExcessE8 = 0n;

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
      excessE8: 0n,
    });
  }

  setRules(symbolId: SymbolId, rules: VenueRules): void {
    const book = this.#of(symbolId);
    book.rules = rules;
    if (book.holding !== null) this.#change(symbolId, book, book.holding);
  }

  setMark(symbolId: SymbolId, markE8: bigint): void {
    const book = this.#of(symbolId);
    book.markE8 = markE8;
    if (book.holding !== null) this.#change(symbolId, book, book.holding);
  }

  /** What is held, as it is kept; null: flat. */
  held(symbolId: SymbolId): Holding | null {
    return this.#of(symbolId).holding;
  }

  /** Takes up how a symbol stood, with its mark. */
  restoreSymbol(
    symbolId: SymbolId,
    kept: Pick<Book, "leverage" | "marginType" | "holding"> & { readonly markE8: bigint | null },
  ): void {
    const book = this.#of(symbolId);
    const { leverage, marginType, holding, markE8 } = kept;
    if (book.marginType !== marginType) this.#change(symbolId, book, null);
    Object.assign(book, { leverage, marginType, markE8: markE8 ?? book.markE8 });
    this.#change(symbolId, book, holding);
  }

  restoreWallet(walletE8: bigint): void {
    this.#walletE8 = walletE8;
  }

  markE8(symbolId: SymbolId): bigint {
    return this.#of(symbolId).markE8;
  }

  get walletE8(): bigint {
    return this.#walletE8;
  }

  get crossWalletE8(): bigint {
    return this.#walletE8 - this.#isolatedE8;
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
    return [...this.#held].sort((a, b) => a - b);
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
      this.#change(row.symbolId as SymbolId, book, {
        ...book.holding,
        isolatedWalletE8: book.holding.isolatedWalletE8 + row.amountE8,
      });
    this.#onIncome({ ...row, tradeId: null });
  }

  /** Gives an isolated position more of the wallet, or takes some back; the wallet stays as large as it is. */
  giveMargin(symbolId: SymbolId, amountE8: bigint): void {
    const book = this.#of(symbolId);
    const holding = present(book.holding, "Invariant: margin is given to what is held");
    this.#change(symbolId, book, { ...holding, isolatedWalletE8: holding.isolatedWalletE8 + amountE8 });
  }

  /** Books a trade; one that is larger than what it closes opens the other side with the rest. */
  fill(trade: {
    readonly symbolId: SymbolId;
    readonly tradeId: string;
    readonly side: OrderSide;
    readonly priceE8: bigint;
    readonly qtyE8: bigint;
    readonly commissionE8: bigint;
    readonly otherFee: OtherFee | null;
    readonly timeMs: number;
  }): FillResult {
    const { symbolId, side, priceE8, commissionE8, otherFee, tradeId, timeMs } = trade;
    const book = this.#of(symbolId);
    const held = book.holding;
    const closedE8 = held === null || held.side === side ? 0n : min(held.qtyE8, trade.qtyE8);
    const realisedE8 =
      closedE8 > 0n && held !== null ? this.#reduce(symbolId, book, { closedE8, priceE8 }) : 0n;
    const openedE8 = trade.qtyE8 - closedE8;
    if (openedE8 > 0n) this.#grow(symbolId, book, { side, openedE8, priceE8 });
    this.#walletE8 += realisedE8 - (otherFee === null ? commissionE8 : 0n);
    if (closedE8 > 0n) this.#onIncome({ type: "realised", symbolId, amountE8: realisedE8, timeMs, tradeId });
    if (commissionE8 !== 0n)
      this.#onIncome({
        type: "commission",
        symbolId,
        amountE8: -commissionE8,
        timeMs,
        tradeId,
        ...(otherFee === null ? {} : { otherAsset: otherFee.asset }),
      });
    return { realisedE8, isFlat: book.holding === null };
  }

  #reduce(
    symbolId: SymbolId,
    book: Book,
    { closedE8, priceE8 }: { readonly closedE8: bigint; readonly priceE8: bigint },
  ): bigint {
    const held = present(book.holding, "Invariant: what is reduced is held");
    const isFlat = closedE8 === held.qtyE8;
    const share = (amountE8: bigint): bigint =>
      isFlat ? amountE8 : divRound(amountE8 * closedE8, held.qtyE8);
    const costE8 = share(held.entryNotionalE8);
    const left = {
      side: held.side,
      qtyE8: held.qtyE8 - closedE8,
      entryNotionalE8: held.entryNotionalE8 - costE8,
      isolatedWalletE8: held.isolatedWalletE8 - share(held.isolatedWalletE8),
    };
    this.#change(symbolId, book, isFlat ? null : left);
    return BigInt(held.side) * (notionalE8(priceE8, closedE8) - costE8);
  }

  #grow(
    symbolId: SymbolId,
    book: Book,
    {
      side,
      openedE8,
      priceE8,
    }: { readonly side: OrderSide; readonly openedE8: bigint; readonly priceE8: bigint },
  ): void {
    const held = book.holding;
    const valueE8 = notionalE8(priceE8, openedE8);
    const marginE8 = book.marginType === "isolated" ? divRound(valueE8, BigInt(book.leverage)) : 0n;
    this.#change(symbolId, book, {
      side,
      qtyE8: (held?.qtyE8 ?? 0n) + openedE8,
      entryNotionalE8: (held?.entryNotionalE8 ?? 0n) + valueE8,
      isolatedWalletE8: (held?.isolatedWalletE8 ?? 0n) + marginE8,
    });
  }

  /** Holds this from now on, at the present mark, and keeps the sums. */
  #change(symbolId: SymbolId, book: Book, holding: Holding | null): void {
    const excessE8 = holding === null ? 0n : excessOf(book.rules, holding, book.markE8);
    this.#isolatedE8 += (holding?.isolatedWalletE8 ?? 0n) - (book.holding?.isolatedWalletE8 ?? 0n);
    if (book.marginType === "cross") this.#crossExcessE8 += excessE8 - book.excessE8;
    book.holding = holding;
    book.excessE8 = excessE8;
    if (holding === null) this.#held.delete(symbolId);
    else this.#held.add(symbolId);
  }

  /** What the position would bring at the mark. */
  unrealisedE8(symbolId: SymbolId): bigint {
    const { holding, markE8 } = this.#of(symbolId);
    if (holding === null) return 0n;
    return BigInt(holding.side) * (notionalE8(markE8, holding.qtyE8) - holding.entryNotionalE8);
  }

  /**
   * What stands behind a position at the marks, its own result included: what an isolated one was given; of a cross one the
   * cross wallet and what all the others would bring.
   */
  standingE8(symbolId: SymbolId): bigint {
    const { holding, marginType } = this.#of(symbolId);
    if (marginType === "isolated") return (holding?.isolatedWalletE8 ?? 0n) + this.unrealisedE8(symbolId);
    const cross = this.heldIds().filter((id) => this.#of(id).marginType === "cross");
    return cross.reduce((sumE8, id) => sumE8 + this.unrealisedE8(id), this.crossWalletE8);
  }

  /** The account stays above its maintenance margin while this mark goes to `markE8` and nothing else changes. */
  isSafeAt(symbolId: SymbolId, markE8: bigint): boolean {
    const book = this.#of(symbolId);
    const { holding, marginType } = book;
    if (holding === null) return true;
    const excessE8 = excessOf(book.rules, holding, markE8);
    if (marginType === "isolated") return holding.isolatedWalletE8 + excessE8 > 0n;
    return this.crossWalletE8 + this.#crossExcessE8 - book.excessE8 + excessE8 > 0n;
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

  /**
   * A symbol whose margin is used up at the marks: an isolated one by itself, the lowest number first; of cross ones, which
   * stand together, the one that loses most. Null: nobody's is.
   */
  bankruptId(): SymbolId | null {
    const isCrossBankrupt = this.crossWalletE8 + this.#crossExcessE8 <= 0n;
    let isolated: SymbolId | null = null;
    let worst: SymbolId | null = null;
    let worstE8 = 0n;
    for (const symbolId of this.#held) {
      const { holding, marginType, excessE8 } = this.#of(symbolId);
      if (marginType === "isolated") {
        const isBankrupt = (holding?.isolatedWalletE8 ?? 0n) + excessE8 <= 0n;
        if (isBankrupt && (isolated === null || symbolId < isolated)) isolated = symbolId;
        continue;
      }
      if (!isCrossBankrupt) continue;
      const unrealisedE8 = this.unrealisedE8(symbolId);
      if (worst !== null && (unrealisedE8 > worstE8 || (unrealisedE8 === worstE8 && symbolId > worst)))
        continue;
      worst = symbolId;
      worstE8 = unrealisedE8;
    }
    return isolated ?? worst;
  }

  /**
   * The mark at which the position is liquidated while nothing else changes (docs/binance.md 9), the first one on the way
   * from safety; null: none above 0. Sought among the marks themselves: the formula's own rounding would miss it by some
   * units, and a market that stops there would go on.
   */
  liquidationPriceE8(symbolId: SymbolId): bigint | null {
    const { holding, markE8 } = this.#of(symbolId);
    if (holding === null) return null;
    const isLong = holding.side > 0;
    if (this.isSafeAt(symbolId, 1n) === isLong) return isLong ? null : 1n;
    // A long is safe above, a short below: `low` and `high` stand on either side of the mark that is sought.
    let [low, high] = [1n, max(2n, markE8)];
    while (this.isSafeAt(symbolId, high) !== isLong) [low, high] = [high, 2n * high];
    while (high - low > 1n) {
      const middleE8 = (low + high) / 2n;
      if (this.isSafeAt(symbolId, middleE8) === isLong) high = middleE8;
      else low = middleE8;
    }
    return isLong ? low : high;
  }

  #of(symbolId: SymbolId): Book {
    return present(this.#books.get(symbolId), "Invariant: the account knows listed symbols alone");
  }
}

function excessOf(rules: VenueRules, { side, qtyE8, entryNotionalE8 }: Holding, markE8: bigint): bigint {
  const valueE8 = notionalE8(markE8, qtyE8);
  return BigInt(side) * (valueE8 - entryNotionalE8) - rules.brackets.maintenanceE8(valueE8);
}
