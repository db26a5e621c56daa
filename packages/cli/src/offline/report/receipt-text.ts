import type { TradingOptions } from "@smcq/engine";
import type { Receipt } from "@smcq/risk";
import { moneyText, numberText, shareText } from "./format.ts";
import { outcomeMeaning } from "./meanings.ts";

/** What a run judges by. */
export type Limits = Pick<TradingOptions, "risk" | "plan">;

/** Plan, costs, risk and caps of a receipt, a sentence each; none of what was refused before anybody asked how much. */
export function planSteps(
  { unit, size, ...receipt }: Receipt,
  side: 1 | -1,
  { risk, plan }: Limits,
): readonly string[] {
  if (unit === null || size === null) return [];
  const { e, d, c, b, loss, leverage } = unit;
  const binding = size.caps.find(({ name }) => name === size.boundBy);
  const riskText = `${moneyText(receipt.equity)} USDT × ${shareText(size.riskRatio, 3)}`;
  const caps = size.caps.map(({ name, q }) => `${name} ${figure(q)}`).join(", ");
  return [
    `Plan: entry near ${figure(e)}, stop ${figure(d)} away (${shareText(d / e, 2)}) at ${figure(e - side * d)}, target ${figure(plan.targetRiskRatio)} times as far at ${figure(e + side * plan.targetRiskRatio * d)}.`,
    `Costs: fees and slippage take ${numberText(c, 3)} of the stop distance (at most ${risk.costRatioMax}); the target pays ${numberText(b, 3)} for each unit of loss (at least ${risk.rewardRatioMin}).`,
    `Risk: ${riskText} = ${moneyText(receipt.equity * size.riskRatio)} USDT may be lost at the stop, ${figure(loss)} a unit with all costs: ${figure(size.riskQ)} units, at leverage ${leverage}.`,
    `Caps, in units: ${caps}. ${binding === undefined ? "None is smaller: the risk decides." : `The smallest, ${binding.name}, decides.`}`,
  ];
}

/** The numbers behind a refusal; a dash where it was none of the signal's own. */
export function refusalText(
  { outcome, unknown, unit, size, kelly }: Receipt,
  { risk, plan }: Limits,
): string {
  if (unknown.length > 0) return `no ${unknown.join(" and no ")} known`;
  if (unit === null) return "–";
  if (outcome === "STOP_TOO_WIDE")
    return `a stop ${shareText(unit.d / unit.e, 2)} away from ${figure(unit.e)}; at most ${shareText(plan.stopDistanceRatioMax)}`;
  if (outcome === "TICK_TOO_COARSE")
    return `its tick is more than ${shareText(plan.tickRatioMax, 3)} of ${figure(unit.e)}`;
  if (outcome === "COST_GATE")
    return `costs of ${numberText(unit.c, 3)} stop distances; at most ${risk.costRatioMax}`;
  if (outcome === "REWARD")
    return `${numberText(unit.b, 3)} for each unit of loss; at least ${risk.rewardRatioMin}`;
  if (outcome === "KELLY" && kelly !== null)
    return `won ${shareText(kelly.winProbability)} at least, Kelly's share ${shareText(kelly.fraction)}`;
  if (outcome === "TOO_SMALL" && size !== null)
    return `${numberText(size.steps)} steps, bound by ${size.boundBy}`;
  return outcomeMeaning(outcome);
}

/** `long` or `short`. */
export function sideText(side: 1 | -1): string {
  return side > 0 ? "long" : "short";
}

/** Six digits that count, whatever the size. */
export function figure(value: number): string {
  if (!Number.isFinite(value) || value === 0) return numberText(value);
  const places = Math.min(12, Math.max(0, 5 - Math.floor(Math.log10(Math.abs(value)))));
  const text = numberText(value, places);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
