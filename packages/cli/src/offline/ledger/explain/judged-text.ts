import { e8Text, MINUTE_MS } from "@smcq/kernel";
import type { JournaledRun, StoredDecision, Units } from "@smcq/ledger";
import { counted, minuteText, numberText, shareText, stopsText } from "../../report/format.ts";
import { exitMeaning } from "../../report/meanings.ts";
import { figure, planSteps } from "../../report/receipt-text.ts";
import { averageText, priceText, qtyText } from "../answer/record-rows.ts";
import { textTable, wrapped } from "../answer/text-table.ts";
import type { Aftermath } from "./aftermath.ts";
import { endOf, feeText } from "./facts.ts";
import type { GateVerdict } from "./gates.ts";
import { clockText } from "./second-text.ts";
import type { Told } from "./told.ts";

/** A decision gate by gate, its size, and everything that became of it; nothing where nothing was decided. */
export function judgedText(run: JournaledRun, { decision, gates, aftermath, units }: Told): string {
  if (decision === null) return "";
  const became = aftermath === null ? "" : aftermathText(aftermath, units);
  return `\n${gateTable(gates)}${sizeText(run, decision, units)}${became}`;
}

function gateTable(gates: readonly GateVerdict[]): string {
  const built = gates.filter(({ verdict }) => verdict !== "not built");
  const unbuilt = gates.filter(({ verdict }) => verdict === "not built").map(({ gate }) => gate);
  const lines = built.map(({ gate, verdict, numbers }) =>
    wrapped(`${gate.padEnd(18)}${verdict.padEnd(13)}${numbers}`.trimEnd(), " ".repeat(31)),
  );
  const head = `${"Gate".padEnd(18)}${"Verdict".padEnd(13)}Judged by\n`;
  const table = `${head}${lines.join("")}`;
  return `${table}${wrapped(`not built yet, so never asked: ${unbuilt.join(", ")}`)}`;
}

/** How much, from the score's share of equity to whole steps; nothing for what was refused before anybody asked. */
function sizeText(
  { options: { trading } }: JournaledRun,
  { receipt, side }: StoredDecision,
  units: Units | null,
): string {
  if (trading === undefined || receipt.size === null) return "";
  const { baseRiskRatio, dailyFactor, drawdownFactor, directionFactor, size } = receipt;
  const quantity = units === null ? "" : ` = ${qtyText(size.steps, units)} units`;
  const factors = [
    `${shareText(baseRiskRatio, 3)} of equity by score and model`,
    `day ${figure(dailyFactor)}`,
    `drawdown ${figure(drawdownFactor)}`,
    `same side ${figure(directionFactor)}`,
  ];
  const steps = [
    ...planSteps(receipt, side, trading),
    `Factors: ${factors.join(" × ")} = ${shareText(size.riskRatio, 3)}.`,
    `Size: ${counted(size.steps, "whole step")}${quantity}, bound by ${size.boundBy}.`,
  ];
  return `\n${steps.map((step) => wrapped(step)).join("")}`;
}

function aftermathText(aftermath: Aftermath, units: Units | null): string {
  return `\n${ordersText(aftermath, units)}${fillsText(aftermath, units)}${endText(aftermath)}`;
}

function ordersText({ orders }: Aftermath, units: Units | null): string {
  if (units === null || orders.length === 0) return "no order has left\n";
  return textTable(
    [
      { name: "Order", mayShrink: true },
      { name: "Sent (UTC)" },
      { name: "Does" },
      { name: "Type" },
      { name: "Quantity", isFigure: true },
      { name: "Price", isFigure: true },
      { name: "Became", mayShrink: true },
    ],
    orders.map((order) => [
      order.role,
      clockText(order.sentMs),
      order.side > 0 ? "buy" : "sell",
      order.type,
      qtyText(order.qtySteps, units),
      order.priceTicks === null ? "market" : priceText(order.priceTicks, units),
      endOf(order),
    ]),
  );
}

function fillsText({ orders, fills }: Aftermath, units: Units | null): string {
  if (units === null || fills.length === 0) return "";
  const roles = new Map(orders.map(({ clientOrderId, role }) => [clientOrderId, role]));
  const table = textTable(
    [
      { name: "Fill", mayShrink: true },
      { name: "Time (UTC)" },
      { name: "Quantity", isFigure: true },
      { name: "Price", isFigure: true },
      { name: "As" },
      { name: "Fee", isFigure: true },
      { name: "Result", isFigure: true },
    ],
    fills.map((fill) => [
      roles.get(fill.clientOrderId) ?? "somebody else",
      clockText(fill.timeMs),
      `${fill.side > 0 ? "+" : "-"}${qtyText(fill.qtySteps, units)}`,
      priceText(fill.priceTicks, units),
      fill.isMaker ? "maker" : "taker",
      feeText(fill),
      e8Text(fill.realisedE8),
    ]),
  );
  return `\n${table}`;
}

function endText({ became, failure, trade, funding }: Aftermath): string {
  const paid = funding.map(
    ({ timeMs, amountE8 }) => `funding ${minuteText(timeMs)}: ${e8Text(amountE8)} USDT\n`,
  );
  const before = paid.length === 0 ? "\n" : `\n${paid.join("")}`;
  if (became === "failed") return `${before}${wrapped(`The entry came to nothing: ${failure ?? ""}.`)}`;
  if (became === "mixed")
    return `${before}${wrapped("Somebody else had traded the symbol meanwhile: what the entry filled is counted in the trade of what was adopted (setup S0).")}`;
  if (became === "open") return `${before}The position was still open when the journal ended.\n`;
  if (trade === null) return `${before}The entry was under way when the journal ended.\n`;
  const { reason, feesE8, fundingE8, pnlE8, r, entryPrice, exitPrice, entryMs, exitMs } = trade;
  const heldMs = exitMs - entryMs;
  const held =
    heldMs < MINUTE_MS
      ? `${numberText(heldMs / 1_000, 1)} s`
      : `${numberText(heldMs / MINUTE_MS, 1)} minutes`;
  const way = `In at ${averageText(entryPrice) ?? "?"}, out at ${averageText(exitPrice) ?? "?"} after ${held}: ${reason}. ${exitMeaning(reason)}`;
  const sum = `Price ${e8Text(pnlE8 + feesE8 - fundingE8)} - fees ${e8Text(feesE8)} + funding ${e8Text(fundingE8)} = ${e8Text(pnlE8)} USDT, ${stopsText(r)} R.`;
  return `${before}${wrapped(way)}${wrapped(sum)}`;
}
