import { type Exposure, exposureOf, type Governors, type GovernorState, type Pace } from "@smcq/risk";
import type { Holdings } from "./holdings.ts";
import { type ApprovedEntries, risksOf } from "./open-risks.ts";
import type { OrderTracker } from "./stages/order-tracker.ts";
import type { TradingState } from "./trading-events.ts";

/** What is used of a cap; both are shares of the smaller of wallet and equity. */
export interface Usage {
  /** Infinite where something is at risk and no equity is left. */
  readonly ratio: number;
  readonly cap: number;
}

/** How much is at risk at a moment, and what holds entries back. Money in USDT e8, times in venue ms. */
export interface RiskMetrics extends GovernorState {
  /** Of the last event. */
  readonly atMs: number;
  readonly walletE8: bigint;
  readonly unrealisedE8: bigint;
  readonly equityE8: bigint;
  /** What would be lost if every stop were hit; approved entries count whole. */
  readonly heat: Usage;
  readonly longHeat: Usage;
  readonly shortHeat: Usage;
  /** Notional of what is open and approved. */
  readonly gross: Usage;
  /** Initial margin of the same. */
  readonly margins: Usage;
  readonly openPositions: number;
  /** Entries that are approved and may still fill. */
  readonly pendingEntries: number;
  /** Orders that may still do something, and those of them of which nobody knows what became. */
  readonly openOrders: number;
  readonly unknownOrders: number;
  readonly state: TradingState;
  readonly reasons: readonly string[];
  /** Exits by stop of the last `streakMs`, at most as many as make a streak. */
  readonly streakStops: number;
  /** End of the pause after a streak; 0: there is none. */
  readonly pausedUntilMs: number;
  /** Symbols that are left alone, by their number. */
  readonly locks: readonly { readonly symbolId: number; readonly untilMs: number }[];
  readonly entriesInMinute: number;
}

export interface MetricsSource {
  readonly holdings: Holdings;
  readonly orders: OrderTracker;
  readonly governors: Governors;
  readonly pace: Pace;
  readonly approved: ApprovedEntries;
}

/** Reads the metrics of the moment; nothing changes by it. */
export function riskMetricsOf(
  { holdings, orders, governors, pace, approved }: MetricsSource,
  atMs: number,
): RiskMetrics {
  const { portfolio, options } = holdings;
  const { equity, open, pending } = risksOf(holdings, approved.pending(orders));
  const long = exposureOf(1, equity, open, pending);
  const short = exposureOf(-1, equity, open, pending);
  const isAnything = open.length + pending.length > 0;
  const usage = (ratio: number, cap: number): Usage => ({
    ratio: !isAnything ? 0 : equity > 0 ? ratio : Number.POSITIVE_INFINITY,
    cap,
  });
  const { risk } = options;
  const sideUsage = ({ sideHeat }: Exposure): Usage => usage(sideHeat, risk.directionHeatRatioMax);
  const pausedUntilMs = pace.pausedUntilMs();
  return {
    ...governors.state,
    atMs,
    walletE8: portfolio.walletE8,
    unrealisedE8: portfolio.unrealisedE8,
    equityE8: portfolio.equityE8,
    heat: usage(long.heat, risk.heatRatioMax),
    longHeat: sideUsage(long),
    shortHeat: sideUsage(short),
    gross: usage(long.notional / equity, risk.grossRatioMax),
    margins: usage(long.margin / equity, risk.marginsRatioMax),
    openPositions: portfolio.openCount,
    pendingEntries: pending.length,
    openOrders: orders.openCount,
    unknownOrders: orders.unknownCount,
    state: holdings.state,
    reasons: holdings.reasons,
    streakStops: pace.stopsInStreak(atMs),
    pausedUntilMs: pausedUntilMs > atMs ? pausedUntilMs : 0,
    locks: pace.locks(atMs),
    entriesInMinute: pace.entriesInMinute(atMs),
  };
}
