import { type FeeRates, notionalMaxOf, type OrderSide, type TradingRules } from "@smcq/exchange";
import type { RiskParameters } from "./parameters.ts";

/** What a trade would cost and risk for each unit of quantity, before anybody asks how much of it. */
export interface UnitRisk {
  /** Expected entry price. */
  readonly e: number;
  /** Stop distance of the plan. */
  readonly d: number;
  /** Slippage a side, share of the price. */
  readonly sigma: number;
  /** The stop, rounded away from the entry to the tick. */
  readonly stopRef: number;
  readonly leverage: number;
  /** Loss at the stop with all costs. */
  readonly loss: number;
  /** Costs of entry and exit at the stop, in stop distances. */
  readonly c: number;
  /** Net reward for a unit of loss. */
  readonly b: number;
}

export interface UnitRiskInput {
  readonly side: OrderSide;
  readonly e: number;
  readonly d: number;
  readonly rules: TradingRules;
  readonly fees: FeeRates;
  /** Slippage of the symbol's own fills where it was measured; at least the configured one counts. */
  readonly measuredSlippageRatio: number;
  /** Funding against us inside the holding time, price units. */
  readonly fundingLoss: number;
  /** The entry rests in the book: it pays the maker's fee, and no slippage. */
  readonly isResting: boolean;
  /** Target distance of the plan, in stop distances. */
  readonly targetRiskRatio: number;
}

/** The unit figures of docs/trading.md 4, float64, in the order written there. */
export function unitRisk(input: UnitRiskInput, parameters: RiskParameters): UnitRisk {
  const { side, e, d, rules, fundingLoss, targetRiskRatio } = input;
  const { tickSize } = rules;
  const { takerRatio, makerRatio } = input.fees;
  const sigma = Math.max(Math.max(parameters.slippageRatio, input.measuredSlippageRatio), tickSize / e);
  const stopRef =
    side > 0 ? Math.floor((e - d) / tickSize) * tickSize : Math.ceil((e + d) / tickSize) * tickSize;
  const targetRef = e + side * targetRiskRatio * d;
  const entryFee = input.isResting ? makerRatio : takerRatio;
  const entrySlippage = input.isResting ? 0 : sigma;
  // What rests fills at its own price: no slippage makes up for the tick that its stop is rounded by.
  const distance = input.isResting ? side * (e - stopRef) : d;
  const loss =
    distance + entryFee * e + takerRatio * stopRef + entrySlippage * e + sigma * stopRef + fundingLoss;
  return {
    e,
    d,
    sigma,
    stopRef,
    leverage: leverageFor(e, d, rules, parameters),
    loss,
    c: (entryFee * e + takerRatio * stopRef + entrySlippage * e + sigma * stopRef) / d,
    b: (targetRiskRatio * d - entryFee * e - entrySlippage * e - makerRatio * targetRef) / loss,
  };
}

/** The configured leverage, lowered so far that the liquidation price lies several stop distances away. */
function leverageFor(e: number, d: number, rules: TradingRules, parameters: RiskParameters): number {
  const mmr = rules.maintMarginRatio ?? parameters.maintMarginRatioDefault;
  const { leverage, liquidationStopsMin: stops } = parameters;
  if (!(e * (1 / leverage - mmr) < stops * d)) return leverage;
  return Math.max(1, Math.floor(1 / ((stops * d) / e + mmr)));
}

/** What binds a size: a cap, a factor, or the risk itself. */
export type BoundBy =
  | "risk"
  | "margin"
  | "notional"
  | "heat"
  | "direction"
  | "gross"
  | "margins"
  | "liquidity"
  | "exchange"
  | "daily"
  | "drawdown"
  | "direction-factor";

/** What open and approved positions take up, shares of equity and USDT. */
export interface Exposure {
  /** Sum of what would be lost if every stop were hit. */
  readonly heat: number;
  /** The same, of the trade's own side. */
  readonly sideHeat: number;
  readonly notional: number;
  readonly margin: number;
}

export interface SizeInput {
  readonly unit: UnitRisk;
  /** Equity that is risked, USDT. */
  readonly equity: number;
  /** Share of equity at risk before the daily, drawdown and direction factors. */
  readonly baseRiskRatio: number;
  readonly dailyFactor: number;
  readonly drawdownFactor: number;
  readonly directionFactor: number;
  readonly exposure: Exposure;
  /** Median turnover of a minute, USDT. */
  readonly medianTurnover: number;
  readonly rules: TradingRules;
}

export interface Cap {
  readonly name: BoundBy;
  /** Quantity that this cap allows. */
  readonly q: number;
}

export interface Size {
  readonly steps: number;
  readonly riskRatio: number;
  readonly riskQ: number;
  readonly caps: readonly Cap[];
  readonly boundBy: BoundBy;
  readonly isTooSmall: boolean;
}

/** How much: the risk's own quantity, then the caps in their order; the smallest wins, the first of equals is named. */
export function sizeOf(input: SizeInput, parameters: RiskParameters): Size {
  const { unit, equity, rules, baseRiskRatio } = input;
  const riskRatio = baseRiskRatio * input.dailyFactor * input.drawdownFactor * input.directionFactor;
  const riskQ = (riskRatio * equity) / unit.loss;
  const caps = capsOf(input, parameters);
  const smallest = caps.reduce((best, cap) => (cap.q < best.q ? cap : best));
  const isBound = smallest.q < riskQ;
  const q = isBound ? smallest.q : riskQ;
  const steps = stepsOf(q, rules);
  const isTooSmall = !isAllowed(q, unit.e, rules) || equity <= 0;
  let boundBy: BoundBy = isBound ? smallest.name : "risk";
  if (
    isTooSmall &&
    !isBound &&
    isAllowed(Math.min((baseRiskRatio * equity) / unit.loss, smallest.q), unit.e, rules)
  )
    boundBy = smallestFactor(input);
  return { steps, riskRatio, riskQ, caps, boundBy, isTooSmall };
}

/** How much of a bracket an entry fills at most: the venue judges it at the mark, which is not the entry's price. */
const BRACKET_SHARE = 0.99;

function capsOf(input: SizeInput, parameters: RiskParameters): readonly Cap[] {
  const { unit, equity: E, exposure, medianTurnover, rules } = input;
  const { e, leverage, loss } = unit;
  const cap = (name: BoundBy, q: number): Cap => ({ name, q: q > 0 ? q : 0 });
  return [
    cap("margin", (parameters.marginRatioMax * E * leverage) / e),
    cap("notional", (parameters.notionalRatioMax * E) / e),
    cap("heat", ((parameters.heatRatioMax - exposure.heat) * E) / loss),
    cap("direction", ((parameters.directionHeatRatioMax - exposure.sideHeat) * E) / loss),
    cap("gross", (parameters.grossRatioMax * E - exposure.notional) / e),
    cap("margins", ((parameters.marginsRatioMax * E - exposure.margin) * leverage) / e),
    cap("liquidity", (parameters.liquidityRatioMax * medianTurnover) / e),
    cap("exchange", Math.min(rules.marketMaxQty, (BRACKET_SHARE * notionalMaxOf(rules, leverage)) / e)),
  ];
}

/** Whole steps of a quantity, never more than it; 0 where it is no number, and no more than an order can carry. */
function stepsOf(q: number, { stepSize }: TradingRules): number {
  return q > 0 ? Math.min(Math.floor(q / stepSize), Number.MAX_SAFE_INTEGER) : 0;
}

/** The venue would take this quantity: enough steps, and enough notional. */
function isAllowed(q: number, e: number, rules: TradingRules): boolean {
  const steps = stepsOf(q, rules);
  return steps >= rules.minQtySteps && steps * rules.stepSize * e >= rules.minNotional;
}

function smallestFactor({ dailyFactor, drawdownFactor, directionFactor }: SizeInput): BoundBy {
  if (dailyFactor <= drawdownFactor && dailyFactor <= directionFactor) return "daily";
  return drawdownFactor <= directionFactor ? "drawdown" : "direction-factor";
}
