import { isApproved, type MarketOrder, type StopMarketOrder } from "@smcq/exchange";
import { InvariantError, priceTicks, qtySteps, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { approveClosing } from "../src/index.ts";

describe("closing orders", () => {
  const stop: StopMarketOrder = {
    type: "stop-market",
    clientOrderId: "smcqS1a0",
    symbolId: symbolId(3),
    symbol: "TESTUSDT",
    role: "stop",
    side: -1,
    qtySteps: qtySteps(4),
    isReduceOnly: true,
    triggerTicks: priceTicks(9_900),
    workingType: "last",
  };

  it("are sealed without a review", () => {
    const approved = approveClosing(stop);
    expect([isApproved(approved), approved.value]).toEqual([true, stop]);
  });

  it("are none if they could open anything", () => {
    const order: MarketOrder = { ...stop, type: "market", isReduceOnly: false };
    expect(() => approveClosing(order)).toThrow(InvariantError);
  });
});
