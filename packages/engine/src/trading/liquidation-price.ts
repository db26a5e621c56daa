import { notionalE8, type SymbolId } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { Holdings } from "./holdings.ts";

/**
 * Where the account would be liquidated in a symbol, price units; null: nowhere above 0, or nobody can say. For the whole
 * account as one margin (cross), one-way (docs/binance.md 9), without the brackets' `cum`, so never farther than the
 * venue's own where the maintenance ratio is right:
 *
 *   (wallet - maintenance of the others + their results - side * qty * avg) / (qty * ratio - side * qty)
 */
export function liquidationPrice(holdings: Holdings, symbolId: SymbolId): number | null {
  const { portfolio } = holdings;
  const position = portfolio.position(symbolId);
  // A wallet that nothing explains explains nothing.
  if (position === null || holdings.isWalletDoubtful) return null;
  let freeE8 = portfolio.walletE8;
  for (const other of portfolio.positions()) {
    if (other.symbolId === symbolId) continue;
    const valueE8 = valueOf(holdings, other);
    freeE8 += BigInt(other.side) * (valueE8 - other.entryNotionalE8);
    freeE8 -= BigInt(Math.ceil(Number(valueE8) * ratioOf(holdings, other.symbolId)));
  }
  const { side, qtyE8, entryNotionalE8 } = position;
  const above = Number(freeE8 - BigInt(side) * entryNotionalE8);
  const price = above / (Number(qtyE8) * (ratioOf(holdings, symbolId) - side));
  return Number.isFinite(price) && price > 0 ? price : null;
}

/** At the mark; at its entry where there is none yet. */
function valueOf({ portfolio }: Holdings, { symbolId, qtyE8, entryNotionalE8 }: Position): bigint {
  const markE8 = portfolio.markE8(symbolId);
  return markE8 === null ? entryNotionalE8 : notionalE8(markE8, qtyE8);
}

function ratioOf({ portfolio, options }: Holdings, symbolId: SymbolId): number {
  return portfolio.rules(symbolId).maintMarginRatio ?? options.risk.maintMarginRatioDefault;
}
