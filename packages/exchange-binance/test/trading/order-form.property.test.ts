import type { OrderRequest } from "@smcq/exchange";
import { tradingRules } from "@smcq/exchange";
import { parseE8, priceTicks, qtySteps, Rng, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { orderCall } from "../../src/trading/orders/order-form.ts";
import { stepsOf, ticksOf, type TradedSymbol } from "../../src/trading/symbols.ts";
import { seed } from "../support/seed.ts";

const decimal = (places: number): string => (places === 0 ? "1" : `0.${"0".repeat(places - 1)}1`);

function symbolOf(tickSize: string, stepSize: string): TradedSymbol {
  const texts = {
    symbol: "币安人生USDT",
    tickSize,
    stepSize,
    minQty: stepSize,
    marketMaxQty: "1",
    minNotional: "5",
  };
  return { symbolId: symbolId(0), symbol: texts.symbol, rules: tradingRules(texts) };
}

const base = {
  clientOrderId: "a-1",
  symbolId: symbolId(0),
  symbol: "x",
  isReduceOnly: false,
  side: 1,
} as const;

describe("orderCall", () => {
  it(`says prices and quantities to the last digit, never with an exponent (seed ${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 2_000; round++) {
      const symbol = symbolOf(decimal(rng.int(9)), decimal(rng.int(9)));
      const steps = qtySteps(1 + rng.int(2_000_000_000));
      const ticks = priceTicks(1 + rng.int(2_000_000_000));
      const order: OrderRequest = {
        ...base,
        role: "entry",
        type: "limit",
        timeInForce: "GTC",
        qtySteps: steps,
        priceTicks: ticks,
      };
      const { quantity = "", price = "" } = orderCall(order, symbol).parameters ?? {};
      expect(quantity).toMatch(/^\d+(\.\d{1,8})?$/);
      expect(price).toMatch(/^\d+(\.\d{1,8})?$/);
      expect(parseE8(quantity)).toBe(BigInt(steps) * symbol.rules.stepE8);
      expect(parseE8(price)).toBe(BigInt(ticks) * symbol.rules.tickE8);
      expect([stepsOf(quantity, symbol.rules), ticksOf(price, symbol.rules)]).toEqual([steps, ticks]);
    }
  });

  const symbol = symbolOf("0.10", "0.001");
  const parametersOf = (order: OrderRequest) => ({
    path: orderCall(order, symbol).path,
    ...orderCall(order, symbol).parameters,
  });

  it("asks for a market entry that never dies of our own resting orders' price", () => {
    const order: OrderRequest = { ...base, role: "entry", type: "market", qtySteps: qtySteps(5) };
    expect(parametersOf(order)).toEqual({
      path: "/fapi/v1/order",
      symbol: "币安人生USDT",
      side: "BUY",
      selfTradePreventionMode: "EXPIRE_TAKER",
      type: "MARKET",
      quantity: "0.005",
      newClientOrderId: "a-1",
      newOrderRespType: "RESULT",
    });
    expect(orderCall(order, symbol).windowMs).toBe(2_000);
  });

  it("asks for a target that only reduces", () => {
    const order: OrderRequest = {
      ...base,
      role: "target",
      type: "limit",
      side: -1,
      timeInForce: "GTX",
      isReduceOnly: true,
      qtySteps: qtySteps(5),
      priceTicks: priceTicks(70_005),
    };
    expect(parametersOf(order)).toMatchObject({
      side: "SELL",
      selfTradePreventionMode: "EXPIRE_MAKER",
      timeInForce: "GTX",
      price: "7000.5",
      reduceOnly: "true",
    });
    expect(orderCall(order, symbol).windowMs).toBe(5_000);
  });

  it("asks for a stop at the algo service, by quantity or for whatever is held", () => {
    const stop = {
      ...base,
      role: "stop",
      type: "stop-market",
      side: -1,
      isReduceOnly: true,
      qtySteps: qtySteps(5),
      triggerTicks: priceTicks(60_000),
      workingType: "mark",
    } as const;
    const form = {
      path: "/fapi/v1/algoOrder",
      symbol: "币安人生USDT",
      algoType: "CONDITIONAL",
      side: "SELL",
      selfTradePreventionMode: "EXPIRE_MAKER",
      type: "STOP_MARKET",
      triggerPrice: "6000.0",
      workingType: "MARK_PRICE",
      clientAlgoId: "a-1",
      newOrderRespType: "ACK",
    };
    expect(parametersOf(stop)).toEqual({ ...form, quantity: "0.005", reduceOnly: "true" });
    expect(parametersOf({ ...stop, isClosePosition: true })).toEqual({ ...form, closePosition: "true" });
  });
});
