import type { TradeRecord } from "@smcq/engine";
import { e8Text } from "@smcq/kernel";

/** What a trade brought. Money in USDT e8. */
export type BookedTrade = Pick<TradeRecord, "feesE8" | "fundingE8" | "pnlE8"> & {
  /** Result in stop distances; null: it cannot be said. */
  readonly r: number | null;
};

/** A group of closed trades; money in USDT, decimal text. */
export interface TradeGroup {
  readonly trades: number;
  readonly wins: number;
  /** Price result before costs. */
  readonly gross: string;
  readonly fees: string;
  readonly funding: string;
  readonly net: string;
  /** Mean result of a trade in stop distances; null without trades. */
  readonly meanR: number | null;
}
/** Sums up trades, exact to the last unit. */
export function groupOf(trades: readonly BookedTrade[]): TradeGroup {
  const sum = (of: (trade: BookedTrade) => bigint): bigint =>
    trades.reduce((total, trade) => total + of(trade), 0n);
  const feesE8 = sum((trade) => trade.feesE8);
  const fundingE8 = sum((trade) => trade.fundingE8);
  const netE8 = sum((trade) => trade.pnlE8);
  return {
    trades: trades.length,
    wins: trades.filter(({ pnlE8 }) => pnlE8 > 0n).length,
    gross: e8Text(netE8 + feesE8 - fundingE8),
    fees: e8Text(feesE8),
    funding: e8Text(fundingE8),
    net: e8Text(netE8),
    meanR: meanOf(trades.map(({ r }) => r)),
  };
}

/** The groups of trades of one key each, by name. */
export function groupsBy<T extends BookedTrade>(
  trades: readonly T[],
  key: (trade: T) => string,
): Readonly<Record<string, TradeGroup>> {
  const groups = [...Map.groupBy(trades, key)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(groups.map(([name, own]) => [name, groupOf(own)]));
}

/** Null of nothing; what cannot be said is left out. */
function meanOf(results: readonly (number | null)[]): number | null {
  const known = results.filter((r) => r !== null);
  return known.length === 0 ? null : known.reduce((total, r) => total + r, 0) / known.length;
}
