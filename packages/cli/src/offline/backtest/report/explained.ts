import type { DecisionRecord, TradeRecord } from "@smcq/engine";
import { e8ToNumber } from "@smcq/kernel";
import type { DecisionLog } from "../decision-log.ts";
import { minuteText, numberText, signedText, stopsText } from "../../report/format.ts";
import { type Markup, markup, note, section, table } from "./markup.ts";
import { exitMeaning } from "../../report/meanings.ts";
import { figure, type Limits, planSteps, refusalText, sideText } from "../../report/receipt-text.ts";

/** One decision of each outcome, the first; of the approved ones the first whose trade has closed. */
export interface Examples {
  readonly trade: { readonly decision: DecisionRecord; readonly trade: TradeRecord } | null;
  readonly refusals: readonly DecisionRecord[];
}

export function examplesOf(decisions: DecisionLog, trades: readonly TradeRecord[]): Examples {
  const [trade] = trades;
  const decision = decisions.approved.find(
    ({ symbolId, timeMs }) => symbolId === trade?.symbolId && timeMs === trade.signalMs,
  );
  return {
    trade: trade === undefined || decision === undefined ? null : { decision, trade },
    refusals: decisions.firstRefusals,
  };
}

/** The first trade from signal to last cent, and the first refusal of each kind, with the numbers that they were judged by. */
export function explainedSection({ trade, refusals }: Examples, limits: Limits): Markup {
  const rows = refusals.map((record) => [
    record.receipt.outcome,
    `${record.symbol} ${sideText(record.side)}, ${minuteText(record.timeMs)}`,
    refusalText(record.receipt, limits),
  ]);
  return section(
    "One of each, explained",
    ...(trade === null ? [] : [tradeSteps(trade.decision, trade.trade, limits)]),
    note("The first refusal of each kind, and what it was judged by:"),
    table(["Outcome", "Signal", "Judged by"], rows, ["Signal", "Judged by"]),
  );
}

function tradeSteps(decision: DecisionRecord, trade: TradeRecord, limits: Limits): Markup {
  const steps = [
    signalStep(decision),
    ...planSteps(decision.receipt, decision.side, limits),
    outcomeStep(trade),
  ];
  return markup`<ol>${steps.map((text) => markup`<li>${text}</li>\n`)}</ol>\n`;
}

function signalStep({ symbol, side, timeMs, setup, score }: DecisionRecord): string {
  return `Signal: ${symbol} ${sideText(side)} at ${minuteText(timeMs)}, setup S${setup}, score ${numberText(score, 3)}.`;
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
