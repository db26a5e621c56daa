import {
  isApproved,
  type MarketOrder,
  type OrderGateway,
  type OrderRequest,
  type RiskApproved,
} from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { qtySteps, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";

const order: MarketOrder = {
  type: "market",
  clientOrderId: "smcqE1a0",
  symbolId: symbolId(3),
  symbol: "BTCUSDT",
  role: "entry",
  side: 1,
  qtySteps: qtySteps(7),
  isReduceOnly: false,
};

/** Takes what a gateway takes, and nothing less. */
const submit: OrderGateway["submit"] = (approved) => {
  if (!isApproved(approved)) throw new TypeError("forged");
};
const ignore = (): void => {};

describe("an approved order", () => {
  it("is what was approved, sealed", () => {
    const approved: RiskApproved<OrderRequest> = approve(order);
    expect(approved.value).toBe(order);
    expect(isApproved(approved)).toBe(true);
    expect(() => submit(approved, ignore)).not.toThrow();
  });

  it("is not an order, nor anything that looks like one: neither type nor seal passes", () => {
    // @ts-expect-error An order alone is not approved.
    expect(() => submit(order, ignore)).toThrow("forged");
    // @ts-expect-error Neither is one of the same shape.
    expect(() => submit({ value: order }, ignore)).toThrow("forged");
    // A clone has the type still: the seal is gone.
    expect(() => submit(structuredClone(approve(order)), ignore)).toThrow("forged");
  });

  it("cannot be changed into another", () => {
    const approved = approve(order);
    const change = (): void => {
      // @ts-expect-error What was approved is not replaced.
      approved.value = { ...order, qtySteps: qtySteps(8) };
    };
    expect(change).toThrow(TypeError);
    expect(approved.value.qtySteps).toBe(7);
    const inside = (): void => {
      // @ts-expect-error Nor is a part of it.
      approved.value.qtySteps = qtySteps(8);
    };
    expect(inside).toThrow(TypeError);
    expect(approved.value).toEqual(order);
  });

  it("loses its seal where it crosses a thread, or is built upon its prototype", () => {
    const approved = approve(order);
    const prototype: unknown = Object.getPrototypeOf(approved);
    for (const forged of [
      structuredClone(approved),
      Object.assign(Object.create(prototype as object) as object, { value: order }),
      new Proxy(approved, {}),
    ])
      expect(isApproved(forged)).toBe(false);
  });

  it("is nothing else", () => {
    for (const value of [null, undefined, 0, "", "sealed", true, [], {}, order, approve])
      expect(isApproved(value)).toBe(false);
  });
});
