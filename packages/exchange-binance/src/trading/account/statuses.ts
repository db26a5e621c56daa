import type { OrderStatus } from "@smcq/exchange";

const STATUS: ReadonlyMap<string, OrderStatus> = new Map([
  ["NEW", "new"],
  ["PARTIALLY_FILLED", "partially-filled"],
  ["FILLED", "filled"],
  ["CANCELED", "canceled"],
  ["EXPIRED", "expired"],
  ["EXPIRED_IN_MATCH", "expired"],
  ["REJECTED", "rejected"],
  ["TRIGGERING", "triggering"],
  ["TRIGGERED", "triggered"],
  ["FINISHED", "finished"],
]);

/** The port's word for a status; one that nobody knows (`NEW_ADL`, `NEW_INSURANCE`, …) is told by the quantities. */
export function statusOf(text: string, cumSteps: number, steps: number): OrderStatus {
  const known = STATUS.get(text);
  if (known !== undefined) return known;
  if (cumSteps > 0) return cumSteps >= steps ? "filled" : "partially-filled";
  return "new";
}
