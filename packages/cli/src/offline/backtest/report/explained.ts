import type { DecisionRecord, TradeRecord } from "@smcq/engine";
import { TRADE_PLAN_PARAMETERS } from "@smcq/features";
import { e8ToNumber } from "@smcq/kernel";
import type { Receipt, RiskParameters } from "@smcq/risk";
import { minuteText, moneyText, numberText, shareText, signedText, stopsText } from "./format.ts";
import { type Markup, markup, note, section, table } from "./markup.ts";
import { exitMeaning, outcomeMeaning } from "./meanings.ts";

/** One decision of each outcome, the first; of the approved ones the first whose trade has closed. */
export interface Examples {
  readonly trade: { readonly decision: DecisionRecord; readonly trade: TradeRecord } | null;
  readonly refusals: readonly DecisionRecord[];
}

export function examplesOf(decisions: readonly DecisionRecord[], trades: readonly TradeRecord[]): Examples {
  const [trade] = trades;
  const decision = decisions.find(
    ({ symbolId, timeMs, receipt }) =>
      receipt.outcome === "APPROVED" && symbolId === trade?.symbolId && timeMs === trade.signalMs,
  );
  const refusals = new Map<string, DecisionRecord>();
  for (const record of decisions) {
    const { outcome } = record.receipt;
    if (outcome !== "APPROVED" && !refusals.has(outcome)) refusals.set(outcome, record);
  }
  return {
    trade: trade === undefined || decision === undefined ? null : { decision, trade },
    refusals: [...refusals.values()],
  };
}

/** The first trade from signal to last cent, and the first refusal of each kind, with the numbers that they were judged by. */
export function explainedSection({ trade, refusals }: Examples, risk: RiskParameters): Markup {
  const rows = refusals.map((record) => [
    record.receipt.outcome,
    `${record.symbol} ${sideText(record.side)}, ${minuteText(record.timeMs)}`,
    refusalText(record.receipt, risk),
  ]);
  return section(
    "One of each, explained",
    ...(trade === null ? [] : [tradeSteps(trade.decision, trade.trade, risk)]),
    note("The first refusal of each kind, and what it was judged by:"),
    table(["Outcome", "Signal", "Judged by"], rows, ["Signal", "Judged by"]),
  );
}

function tradeSteps(decision: DecisionRecord, trade: TradeRecord, risk: RiskParameters): Markup {
  const steps = [
    signalStep(decision),
    ...planSteps(decision.receipt, decision.side, risk),
    outcomeStep(trade),
  ];
  return markup`<ol>${steps.map((text) => markup`<li>${text}</li>\n`)}</ol>\n`;
}

function signalStep({ symbol, side, timeMs, setup, score }: DecisionRecord): string {
  return `Signal: ${symbol} ${sideText(side)} at ${minuteText(timeMs)}, setup S${setup}, score ${numberText(score, 3)}.`;
}

function planSteps(
  { unit, size, ...receipt }: Receipt,
  side: 1 | -1,
  risk: RiskParameters,
): readonly string[] {
  if (unit === null || size === null) return [];
  const { e, d, c, b, loss, leverage } = unit;
  const binding = size.caps.find(({ name }) => name === size.boundBy);
  const riskText = `${moneyText(receipt.equity)} USDT × ${shareText(size.riskRatio, 3)}`;
  const caps = size.caps.map(({ name, q }) => `${name} ${figure(q)}`).join(", ");
  return [
    `Plan: entry near ${figure(e)}, stop ${figure(d)} away (${shareText(d / e, 2)}) at ${figure(e - side * d)}, target 1.5 times as far at ${figure(e + side * 1.5 * d)}.`,
    `Costs: fees and slippage take ${numberText(c, 3)} of the stop distance (at most ${risk.costRatioMax}); the target pays ${numberText(b, 3)} for each unit of loss (at least ${risk.rewardRatioMin}).`,
    `Risk: ${riskText} = ${moneyText(receipt.equity * size.riskRatio)} USDT may be lost at the stop, ${figure(loss)} a unit with all costs: ${figure(size.riskQ)} units, at leverage ${leverage}.`,
    `Caps, in units: ${caps}. ${binding === undefined ? "None is smaller: the risk decides." : `The smallest, ${binding.name}, decides.`}`,
  ];
}

function outcomeStep(trade: TradeRecord): string {
  const [fees, funding, pnl] = [trade.feesE8, trade.fundingE8, trade.pnlE8].map(e8ToNumber) as [
    number,
    number,
    number,
  ];
  const parts = [
    `price ${signedText(pnl + fees - funding, 2)}`,
    `fees ${signedText(-fees, 2)}`,
    ...(funding === 0 ? [] : [`funding ${signedText(funding, 2)}`]),
  ];
  return `Outcome: in at ${figure(trade.entryPrice)} on ${minuteText(trade.entryMs)}, out at ${figure(trade.exitPrice)} on ${minuteText(trade.exitMs)}. ${exitMeaning(trade.reason)} ${parts.join(", ")} = ${signedText(pnl, 2)} USDT, ${stopsText(trade.r)} R.`;
}

/** The numbers behind a refusal; a dash where it was none of the signal's own. */
function refusalText({ outcome, unknown, unit, size, kelly }: Receipt, risk: RiskParameters): string {
  if (unknown.length > 0) return `no ${unknown.join(" and no ")} known`;
  if (unit === null) return "–";
  if (outcome === "STOP_TOO_WIDE")
    return `a stop ${shareText(unit.d / unit.e, 2)} away from ${figure(unit.e)}; at most ${shareText(TRADE_PLAN_PARAMETERS.stopDistanceRatioMax)}`;
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

function sideText(side: 1 | -1): string {
  return side > 0 ? "long" : "short";
}

/** Six digits that count, whatever the size. */
function figure(value: number): string {
  if (!Number.isFinite(value) || value === 0) return numberText(value);
  const places = Math.min(12, Math.max(0, 5 - Math.floor(Math.log10(Math.abs(value)))));
  const text = numberText(value, places);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
