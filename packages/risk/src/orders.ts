import { approve } from "@smcq/exchange/approval";
import type { LimitOrder, MarketOrder, RiskApproved, StopMarketOrder } from "@smcq/exchange";
import { assert } from "@smcq/kernel";

/** Seals an order that can only close: a stop, a target, an exit. It needs no gate, and nothing holds it back. */
export function approveClosing<T extends MarketOrder | LimitOrder | StopMarketOrder>(
  order: T,
): RiskApproved<T> {
  assert(order.isReduceOnly, "Invariant: what needs no review can only close a position");
  return approve(order);
}
