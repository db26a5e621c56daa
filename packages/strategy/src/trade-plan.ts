import { M1_SCALP, type TradePlanParameters } from "@smcq/features";

/** What a plan needs to know of its candidate. */
export interface PlanCandidate {
  readonly side: 1 | -1;
  /** The price that the stop lies beyond (`CandidateScanner.invalidationPrice`). */
  readonly invalidationPrice: number;
  /** ATR-14 of the candidate's bar, price units. */
  readonly atr: number;
}

/** What taking costs, share of the price: fee and slippage; a tick of 0 is one that nobody knows. */
function takerCostRatio(parameters: TradePlanParameters, price: number, tickSize: number): number {
  return parameters.takerFeeRatio + slippageOf(parameters, price, tickSize);
}

function slippageOf(
  { slippageRatio, slippageTicks }: TradePlanParameters,
  price: number,
  tickSize: number,
): number {
  return Math.max(slippageRatio, (slippageTicks * tickSize) / price);
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
  /** What an exit that takes costs, share of its price. */
  readonly exitCostRatio: number;
  /** The price that a bar has to reach for the target: itself, or a tick beyond it where it rests. */
  readonly targetReach: number;
  readonly parameters: TradePlanParameters;
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
  parameters: TradePlanParameters = M1_SCALP,
  tickSize = 0,
): TradePlan | StopTooWide {
  const { side, invalidationPrice, atr } = candidate;
  const { stopPadAtr, stopDistanceAtrMin, stopDistanceRatioMax, targetRiskRatio, costGateRatio } = parameters;
  const costRatio = takerCostRatio(parameters, entry, tickSize);
  const stopDistance = Math.max(
    side * (entry - invalidationPrice) + stopPadAtr * atr,
    stopDistanceAtrMin * atr,
    (2 * costRatio * entry) / costGateRatio,
  );
  if (stopDistance > stopDistanceRatioMax * entry) return { type: "stop_too_wide", entry, stopDistance };
  const target = entry + side * targetRiskRatio * stopDistance;
  return {
    type: "plan",
    side,
    entry,
    stopDistance,
    stop: entry - side * stopDistance,
    target,
    entryCostRatio: parameters.entry.kind === "limit" ? parameters.makerFeeRatio : costRatio,
    exitCostRatio: costRatio,
    targetReach: parameters.target === "maker" ? target + side * tickSize : target,
    parameters,
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
  const isResting = plan.parameters.target === "maker";
  if (isLong ? open < stop : open > stop) return { reason: "stop", price: open };
  // What rests is filled at its own price, what takes at what it meets.
  if (isLong ? open > target : open < target) {
    if (!isResting) return { reason: "target", price: open };
    if (isBeyond(plan, open)) return { reason: "target", price: target };
  }
  if (isLong ? low <= stop : high >= stop) return { reason: "stop", price: stop };
  const best = isLong ? high : low;
  const isReached = isResting ? isBeyond(plan, best) : isLong ? high >= target : low <= target;
  if (isReached) return { reason: "target", price: target };
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

/** Returns whether a price has traded through the target that rests. */
function isBeyond({ side, target, targetReach }: TradePlan, price: number): boolean {
  return side * (price - target) > 0 && side * (price - targetReach) >= 0;
}

function ruleAtClose(
  { side, entry, entryCostRatio, exitCostRatio, parameters }: TradePlan,
  heldBars: number,
  close: number,
): PlanExit | null {
  if (heldBars > parameters.stagnationBars) {
    const netRatio = (side * (close - entry)) / entry - (entryCostRatio + exitCostRatio);
    if (Math.abs(netRatio) < parameters.stagnationRatio) return { reason: "stagnation", price: close };
  }
  return heldBars >= parameters.holdBarsMax ? { reason: "time", price: close } : null;
}

/** A position that is held, for the band. */
export interface HeldPosition {
  readonly side: 1 | -1;
  /** Price units; it holds the entry's slippage already, so that the band is the label's. */
  readonly avgPrice: number;
  readonly tickSize: number;
}

/** How far from nothing, net of costs, a position's result lies at a close, as a share of its average price. */
export function stagnationBand(
  { side, avgPrice, tickSize }: HeldPosition,
  close: number,
  parameters: TradePlanParameters = M1_SCALP,
): number {
  const { entry, takerFeeRatio, makerFeeRatio } = parameters;
  const slippage = slippageOf(parameters, avgPrice, tickSize);
  const costRatio =
    entry.kind === "limit" ? makerFeeRatio + (takerFeeRatio + slippage) : 2 * takerFeeRatio + slippage;
  return Math.abs((side * (close - avgPrice)) / avgPrice - costRatio);
}

/** The result of an exit in R, net of what entry and exit cost; a label is 1 when it is above 0. */
export function resultR(plan: TradePlan, { reason, price }: PlanExit): number {
  const { side, entry, stopDistance, entryCostRatio, parameters } = plan;
  const isMaker = reason === "target" && parameters.target === "maker";
  const exitCostRatio = isMaker ? parameters.makerFeeRatio : plan.exitCostRatio;
  const costs =
    entryCostRatio === exitCostRatio
      ? exitCostRatio * (entry + price)
      : entryCostRatio * entry + exitCostRatio * price;
  return (side * (price - entry) - costs) / stopDistance;
}

/** Returns whether a symbol's tick is too coarse for the plan at this price. */
export function isTickTooCoarse(
  { tickRatioMax }: TradePlanParameters,
  tickSize: number,
  price: number,
): boolean {
  return tickSize > tickRatioMax * price;
}
