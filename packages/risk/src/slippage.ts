/** Orders of a symbol that are remembered, and how many must be before they say anything. */
export const SLIPPAGE_ORDERS_MAX = 40;
export const SLIPPAGE_ORDERS_MIN = 8;
const QUANTILE = 0.75;

/**
 * What taking has cost beside the price that was decided on, by symbol: a share of that price, above 0 where the fill was the
 * worse one (docs/trading.md 4).
 */
export class SlippageBook {
  readonly #ratios = new Map<number, number[]>();

  /** An order that took has been filled so much worse than its price. */
  note(symbolId: number, ratio: number): void {
    const ratios = this.#ratios.get(symbolId) ?? [];
    this.#ratios.set(symbolId, ratios);
    ratios.push(ratio);
    if (ratios.length > SLIPPAGE_ORDERS_MAX) ratios.shift();
  }

  /** The 75 % quantile (nearest rank) of the symbol's last orders, 0 at least; 0 while there are too few. */
  ratio(symbolId: number): number {
    const ratios = this.#ratios.get(symbolId);
    if (ratios === undefined || ratios.length < SLIPPAGE_ORDERS_MIN) return 0;
    const rank = Math.ceil(QUANTILE * ratios.length) - 1;
    return Math.max(0, ratios.toSorted((a, b) => a - b)[rank] ?? 0);
  }
}
