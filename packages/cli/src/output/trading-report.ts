import type { RiskMetrics } from "@smcq/engine";
import { e8ToNumber } from "@smcq/kernel";
import type { DeskTally } from "../run/trading/desk.ts";
import type { OrdersName } from "../accounts/account.ts";

/** How the account does, for the minute line and the metrics; USDT, shares of equity. */
export interface TradingReport {
  /** Who carries orders out. */
  readonly orders: OrdersName;
  readonly state: string;
  /** Why it is not ACTIVE; empty when it is. */
  readonly stateReasons: string;
  readonly openPositions: number;
  readonly pendingEntries: number;
  readonly tradesClosed: number;
  readonly tradesWon: number;
  /** Of closed trades, after costs. */
  readonly netUsdt: number;
  readonly equityUsdt: number;
  readonly heatRatio: number;
  readonly drawdownRatio: number;
}

export function tradingReport(
  orders: OrdersName,
  metrics: RiskMetrics,
  { trades, wins, netE8 }: DeskTally,
): TradingReport {
  return {
    orders,
    state: metrics.state,
    stateReasons: metrics.reasons.join(","),
    openPositions: metrics.openPositions,
    pendingEntries: metrics.pendingEntries,
    tradesClosed: trades,
    tradesWon: wins,
    netUsdt: e8ToNumber(netE8),
    equityUsdt: e8ToNumber(metrics.equityE8),
    heatRatio: metrics.heat.ratio,
    drawdownRatio: metrics.drawdownRatio,
  };
}

/** One part of the minute line for eyes; empty where nobody trades. */
export function tradingPart(fields: Readonly<Record<string, unknown>>): string {
  if (fields["orders"] === undefined) return "";
  const number = (key: string, places: number): string => Number(fields[key]).toFixed(places);
  const reasons = fields["stateReasons"] === "" ? "" : ` (${String(fields["stateReasons"])})`;
  return [
    `simulated trading ${String(fields["state"])}${reasons}: ${String(fields["openPositions"])} open`,
    `${String(fields["tradesClosed"])} closed, net ${number("netUsdt", 2)}`,
    `equity ${number("equityUsdt", 2)} USDT`,
  ].join(", ");
}
