import type { Fill, Income, TradingRules } from "@smcq/exchange";
import { assert, present, type SymbolId } from "@smcq/kernel";
import { applyFill, type Position, type PositionChange, unrealisedE8 } from "./position.ts";

/** Trades that are remembered so that one that is told again counts once; the oldest are forgotten. */
export const TRADES_REMEMBERED_MAX = 65_536;

/** Sums since the start, USDT e8. */
export interface PortfolioTotals {
  readonly realisedE8: bigint;
  /** Whatever they were paid in. */
  readonly feesE8: bigint;
  /** Of them, what other assets' balances paid: no cost of the wallet. */
  readonly feesElsewhereE8: bigint;
  readonly fundingE8: bigint;
  readonly transfersE8: bigint;
}

/**
 * What the account holds, as a fold over fills and payments: the same ones in the same order give the same wallet to the
 * last unit. A trade counts once, however often it is told.
 */
export class Portfolio {
  readonly #rules = new Map<SymbolId, TradingRules>();
  readonly #positions = new Map<SymbolId, Position>();
  readonly #marksE8 = new Map<SymbolId, bigint>();
  readonly #seen = new Set<string>();
  readonly #startE8: bigint;
  #realisedE8 = 0n;
  #feesE8 = 0n;
  #feesElsewhereE8 = 0n;
  #fundingE8 = 0n;
  #transfersE8 = 0n;
  #otherE8 = 0n;
  /** Of each open position at its mark, and the sum of all. */
  readonly #unrealisedOf = new Map<SymbolId, bigint>();
  #unrealisedE8 = 0n;

  constructor(startE8: bigint) {
    this.#startE8 = startE8;
  }

  setRules(symbolId: SymbolId, rules: TradingRules): void {
    this.#rules.set(symbolId, rules);
  }

  rules(symbolId: SymbolId): TradingRules {
    return present(this.#rules.get(symbolId), "Invariant: a symbol's rules are known before it is traded");
  }

  /** Takes a trade; null when it had been taken before. */
  applyFill(fill: Fill): PositionChange | null {
    if (!this.#isNew(keyOf(fill))) return null;
    const before = this.#positions.get(fill.symbolId) ?? null;
    const change = applyFill(before, fill, this.rules(fill.symbolId));
    if (change.position === null) this.#positions.delete(fill.symbolId);
    else this.#positions.set(fill.symbolId, change.position);
    this.#revalue(fill.symbolId);
    this.#realisedE8 += change.realisedE8;
    this.#feesE8 += fill.feeE8;
    if (fill.otherFee !== undefined) this.#feesElsewhereE8 += fill.feeE8;
    return change;
  }

  /** True when the trade had been taken before. */
  knows(trade: Pick<Fill, "symbolId" | "tradeId">): boolean {
    return this.#seen.has(keyOf(trade));
  }

  /** True when the payment had been taken before. */
  knowsIncome(incomeId: string): boolean {
    return this.#seen.has(`i${incomeId}`);
  }

  /** Takes a payment; false when it had been taken before. */
  applyIncome({ incomeId, type, amountE8 }: Income): boolean {
    if (!this.#isNew(`i${incomeId}`)) return false;
    if (type === "funding") this.#fundingE8 += amountE8;
    else if (type === "transfer") this.#transfersE8 += amountE8;
    else this.#otherE8 += amountE8;
    return true;
  }

  /** The price that the symbol is valued at from now on. */
  mark(symbolId: SymbolId, priceE8: bigint): void {
    assert(priceE8 > 0n, "Invariant: a mark is a price above 0");
    this.#marksE8.set(symbolId, priceE8);
    if (this.#positions.has(symbolId)) this.#revalue(symbolId);
  }

  markE8(symbolId: SymbolId): bigint | null {
    return this.#marksE8.get(symbolId) ?? null;
  }

  get walletE8(): bigint {
    const feesE8 = this.#feesE8 - this.#feesElsewhereE8;
    return this.#startE8 + this.#realisedE8 - feesE8 + this.#fundingE8 + this.#transfersE8 + this.#otherE8;
  }

  /** Of all positions at their marks; a position without a mark yet stands at its entry. */
  get unrealisedE8(): bigint {
    return this.#unrealisedE8;
  }

  #revalue(symbolId: SymbolId): void {
    const position = this.#positions.get(symbolId);
    const markE8 = this.#marksE8.get(symbolId);
    const ownE8 = position === undefined || markE8 === undefined ? 0n : unrealisedE8(position, markE8);
    this.#unrealisedE8 += ownE8 - (this.#unrealisedOf.get(symbolId) ?? 0n);
    if (position === undefined) this.#unrealisedOf.delete(symbolId);
    else this.#unrealisedOf.set(symbolId, ownE8);
  }

  /** Wallet and what is open, at the marks. */
  get equityE8(): bigint {
    return this.walletE8 + this.unrealisedE8;
  }

  get totals(): PortfolioTotals {
    return {
      realisedE8: this.#realisedE8,
      feesE8: this.#feesE8,
      feesElsewhereE8: this.#feesElsewhereE8,
      fundingE8: this.#fundingE8,
      transfersE8: this.#transfersE8,
    };
  }

  position(symbolId: SymbolId): Position | null {
    return this.#positions.get(symbolId) ?? null;
  }

  /** Open positions by symbol number. */
  positions(): readonly Position[] {
    return [...this.#positions.values()].sort((a, b) => a.symbolId - b.symbolId);
  }

  get openCount(): number {
    return this.#positions.size;
  }

  #isNew(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > TRADES_REMEMBERED_MAX) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return true;
  }
}

/** Numbers of trades are a symbol's own. */
function keyOf({ symbolId, tradeId }: Pick<Fill, "symbolId" | "tradeId">): string {
  return `f${symbolId}:${tradeId}`;
}
