import type { IncomeRow } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { VenueTrade } from "./orders.ts";

/** Trades of a symbol, and lines of the account book, that can still be asked for; the oldest are forgotten. */
export const TRADES_KEPT_MAX = 16_384;
export const INCOME_KEPT_MAX = 262_144;

/** What the venue has written down of an account: trades by symbol, and every cent that came or went. */
export class AccountBook {
  readonly #trades = new Map<SymbolId, VenueTrade[]>();
  readonly #rows: IncomeRow[] = [];
  readonly #onRow: (row: IncomeRow) => void;

  constructor(onRow: (row: IncomeRow) => void) {
    this.#onRow = onRow;
  }

  addTrade(trade: VenueTrade): void {
    const own = this.#trades.get(trade.symbolId);
    if (own === undefined) this.#trades.set(trade.symbolId, [trade]);
    else push(own, trade, TRADES_KEPT_MAX);
  }

  addIncome(row: Omit<IncomeRow, "incomeId">, incomeId: string): void {
    const full = { ...row, incomeId };
    push(this.#rows, full, INCOME_KEPT_MAX);
    this.#onRow(full);
  }

  /** Takes up a line that was written earlier; nobody is told of it. */
  takeUp(row: IncomeRow): void {
    push(this.#rows, row, INCOME_KEPT_MAX);
  }

  *allTrades(): Iterable<VenueTrade> {
    for (const trades of this.#trades.values()) yield* trades;
  }

  /** In order of time. */
  trades(symbolId: SymbolId, sinceMs: number): readonly VenueTrade[] {
    return (this.#trades.get(symbolId) ?? []).filter(({ timeMs }) => timeMs >= sinceMs);
  }

  income(sinceMs: number): readonly IncomeRow[] {
    return this.#rows.filter(({ timeMs }) => timeMs >= sinceMs);
  }
}

/** Adds one; at twice the limit the older half goes at once, so that adding stays cheap. */
function push<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length >= 2 * limit) list.splice(0, list.length - limit);
}
