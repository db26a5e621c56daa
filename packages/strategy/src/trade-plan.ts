import { type EntryPlan, MARKET_ENTRY, TRADE_PLAN_PARAMETERS } from "@smcq/features";

const {
  stopPadAtr,
  stopDistanceAtrMin,
  stopDistanceRatioMax,
  targetRiskRatio,
  holdBarsMax,
  stagnationBars,
  stagnationRatio,
  costGateRatio,
  feeRatioPerSide,
  slippageRatioPerSide,
} = TRADE_PLAN_PARAMETERS;
const COST_PER_SIDE = feeRatioPerSide + slippageRatioPerSide;
const COST_ROUND_TRIP = 2 * COST_PER_SIDE;

/** What a plan needs to know of its candidate. */
export interface PlanCandidate {
  readonly side: 1 | -1;
  /** The price that the stop lies beyond (`CandidateScanner.invalidationPrice`). */
  readonly invalidationPrice: number;
  /** ATR-14 of the candidate's bar, price units. */
  readonly atr: number;
}

/** Prices in quote units, as float64: live rounds the order's price only. */
export interface TradePlan {
  readonly type: "plan";
  readonly side: 1 | -1;
  readonly entry: number;
  /** One R. */
  readonly stopDistance: number;
  readonly stop: number;
  readonly target: number;
  /** What entering costs, share of the entry price: fee and slippage, or the fee alone of an order that rests. */
  readonly entryCostRatio: number;
}

/** No plan: the stop would lie further from the entry than `stopDistanceRatioMax` allows. */
export interface StopTooWide {
  readonly type: "stop_too_wide";
  readonly entry: number;
  readonly stopDistance: number;
}

/** Prices of a closed bar. */
export interface PlanBar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export type ExitReason = "stop" | "target" | "stagnation" | "time";

export interface PlanExit {
  readonly reason: ExitReason;
  readonly price: number;
}

/**
 * Plans a candidate's trade from its entry price (docs/smc.md 11): the open of the next bar, live the best quote of
 * the entry's side, or where its limit order rests. One rule for live, backtest and training.
 */
export function planTrade(
  candidate: PlanCandidate,
  entry: number,
  kind: EntryPlan = MARKET_ENTRY,
): TradePlan | StopTooWide {
  const { side, invalidationPrice, atr } = candidate;
  const stopDistance = Math.max(
    side * (entry - invalidationPrice) + stopPadAtr * atr,
    stopDistanceAtrMin * atr,
    (COST_ROUND_TRIP * entry) / costGateRatio,
  );
  if (stopDistance > stopDistanceRatioMax * entry) return { type: "stop_too_wide", entry, stopDistance };
  return {
    type: "plan",
    side,
    entry,
    stopDistance,
    stop: entry - side * stopDistance,
    target: entry + side * targetRiskRatio * stopDistance,
    entryCostRatio: kind.kind === "limit" ? kind.feeRatio : COST_PER_SIDE,
  };
}

/**
 * Takes a plan over its next closed bar, the `heldBars`-th since the entry (1: the bar that opened at the entry).
 * Returns the exit, or null while the plan stays open. A bar that reaches stop and target exits at the stop.
 */
export function stepPlan(
  plan: TradePlan,
  heldBars: number,
  open: number,
  high: number,
  low: number,
  close: number,
): PlanExit | null {
  const { side, stop, target } = plan;
  const isLong = side > 0;
  if (isLong ? open < stop : open > stop) return { reason: "stop", price: open };
  if (isLong ? open > target : open < target) return { reason: "target", price: open };
  if (isLong ? low <= stop : high >= stop) return { reason: "stop", price: stop };
  if (isLong ? high >= target : low <= target) return { reason: "target", price: target };
  return ruleAtClose(plan, heldBars, close);
}

/**
 * The same over the bar that a limit order filled in: nobody knows what the bar did before, so that it may be stopped in
 * it and reaches no target.
 */
export function stepEntryBar(
  plan: TradePlan,
  heldBars: number,
  { open, high, low, close }: PlanBar,
): PlanExit | null {
  const { side, stop } = plan;
  const isLong = side > 0;
  if (isLong ? open < stop : open > stop) return { reason: "stop", price: open };
  if (isLong ? low <= stop : high >= stop) return { reason: "stop", price: stop };
  return ruleAtClose(plan, heldBars, close);
}

function ruleAtClose(
  { side, entry, entryCostRatio }: TradePlan,
  heldBars: number,
  close: number,
): PlanExit | null {
  if (heldBars > stagnationBars) {
    const netRatio = (side * (close - entry)) / entry - (entryCostRatio + COST_PER_SIDE);
    if (Math.abs(netRatio) < stagnationRatio) return { reason: "stagnation", price: close };
  }
  return heldBars >= holdBarsMax ? { reason: "time", price: close } : null;
}

/** The plan's numbers, for those who follow a position instead of a plan. */
export const TRADE_PLAN: Readonly<{
  stagnationBars: number;
  stagnationRatio: number;
  holdBarsMax: number;
}> = { stagnationBars, stagnationRatio, holdBarsMax };

/**
 * How far a position's result lies from nothing, net of costs, as a share of its average price. That price holds the
 * entry's slippage already, so that the band is the label's.
 */
export function stagnationBand(
  side: 1 | -1,
  avgPrice: number,
  close: number,
  kind: EntryPlan = MARKET_ENTRY,
): number {
  const costRatio =
    kind.kind === "limit" ? kind.feeRatio + COST_PER_SIDE : 2 * feeRatioPerSide + slippageRatioPerSide;
  return Math.abs((side * (close - avgPrice)) / avgPrice - costRatio);
}

/** The result of an exit in R, net of what entry and exit cost; a label is 1 when it is above 0. */
export function resultR(plan: TradePlan, exitPrice: number): number {
  const { side, entry, stopDistance, entryCostRatio } = plan;
  const costs =
    entryCostRatio === COST_PER_SIDE
      ? COST_PER_SIDE * (entry + exitPrice)
      : entryCostRatio * entry + COST_PER_SIDE * exitPrice;
  return (side * (exitPrice - entry) - costs) / stopDistance;
}
