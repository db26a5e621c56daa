import { e8Text } from "@smcq/kernel";
import type { StoredFill, StoredOrder, Units } from "@smcq/ledger";
import { type Cell, figureCell, type Row } from "../answer/answer.ts";
import { decisionRow, priceText, qtyText, tradeRow } from "../answer/record-rows.ts";
import { isoText } from "../answer/utc-time.ts";
import type { Moment } from "./moment.ts";
import type { Told } from "./told.ts";

export const factColumns: readonly string[] = ["part", "name", "value", "detail"];

function fact(part: string, name: string, value: Cell, detail: Cell = null): Row {
  return { part, name, value, detail };
}

/** What was so at the time, a fact a row. */
export function momentFacts({ state, changes, held, otherSignals }: Moment): readonly Row[] {
  return [
    ...[state, ...changes].map((own) =>
      fact(
        "state",
        own.sinceMs === null ? "begin" : isoText(own.sinceMs),
        own.state,
        own.reasons.join(" ") || null,
      ),
    ),
    fact("position", "steps", held?.steps ?? 0, held === null ? null : isoText(held.sinceMs)),
    fact("signals", "of other symbols", otherSignals),
  ];
}

/** A signal, its decision with all numbers, and everything that became of it. */
export function judgedFacts({ signal, decision, gates, aftermath, units }: Told): readonly Row[] {
  const facts: Row[] = [];
  if (signal !== null)
    facts.push(
      fact("signal", `S${signal.setup}`, figureCell(signal.score), `${signal.side} ${signal.scorerId}`),
    );
  if (decision !== null) {
    for (const [name, value] of Object.entries(decisionRow(decision)))
      facts.push(fact("decision", name, value));
    for (const { name, q } of decision.receipt.size?.caps ?? []) facts.push(fact("cap", name, figureCell(q)));
  }
  for (const { gate, verdict, numbers } of gates) facts.push(fact("gate", gate, verdict, numbers || null));
  if (aftermath === null) return facts;
  const { became, failure, trade, funding } = aftermath;
  facts.push(fact("entry", "became", became, failure));
  if (units !== null) {
    for (const order of aftermath.orders) facts.push(orderFact(order, units));
    for (const fill of aftermath.fills) facts.push(fillFact(fill, units));
  }
  for (const { amountE8, timeMs } of funding) facts.push(fact("funding", isoText(timeMs), e8Text(amountE8)));
  if (trade !== null)
    for (const [name, value] of Object.entries(tradeRow(trade))) facts.push(fact("trade", name, value));
  return facts;
}

function orderFact(order: StoredOrder, units: Units): Row {
  const { clientOrderId, role, side, type, qtySteps, priceTicks, sentMs } = order;
  const price = priceTicks === null ? "" : ` at ${priceText(priceTicks, units)}`;
  return fact(
    "order",
    clientOrderId,
    `${role} ${type} ${side * qtySteps < 0 ? "-" : ""}${qtyText(qtySteps, units)}${price}`,
    `${isoText(sentMs)} ${endOf(order)}`,
  );
}

function fillFact(
  { tradeId, clientOrderId, side, priceTicks, qtySteps, ...fill }: StoredFill,
  units: Units,
): Row {
  const { realisedE8, isMaker, timeMs } = fill;
  return fact(
    "fill",
    tradeId,
    `${side < 0 ? "-" : ""}${qtyText(qtySteps, units)} at ${priceText(priceTicks, units)}`,
    `${isoText(timeMs)} ${clientOrderId} fee ${feeText(fill)} ${isMaker ? "maker" : "taker"} result ${e8Text(realisedE8)}`,
  );
}

/** A commission in USDT, with what was really taken where that was something else. */
export function feeText({ feeE8, otherFee }: Pick<StoredFill, "feeE8" | "otherFee">): string {
  const paid = otherFee === null ? "" : ` (${e8Text(otherFee.amountE8)} ${otherFee.asset})`;
  return `${e8Text(feeE8)}${paid}`;
}

/** The last that is known of an order. */
export function endOf({ status, outcome, refusal }: StoredOrder): string {
  if (outcome === "refused") return `refused ${refusal ?? ""}`.trimEnd();
  return status ?? outcome;
}
