import { type TradingRuleTexts, tradingRules } from "@smcq/exchange";
import { describe, expect, it } from "vitest";

const texts: TradingRuleTexts = {
  symbol: "BTCUSDT",
  tickSize: "0.10",
  stepSize: "0.001",
  minQty: "0.001",
  marketMaxQty: "120",
  minNotional: "100",
};

describe("tradingRules", () => {
  it("reads the venue's texts, exact and as floats", () => {
    expect(tradingRules(texts)).toEqual({
      symbol: "BTCUSDT",
      tickSize: 0.1,
      stepSize: 0.001,
      tickE8: 10_000_000n,
      stepE8: 100_000n,
      minQtySteps: 1,
      marketMaxQty: 120,
      minNotional: 100,
      maintMarginRatio: null,
      priceDecimals: 1,
      qtyDecimals: 3,
      leverageCaps: [],
    });
    expect(tradingRules({ ...texts, maintMarginRatio: "0.0040" }).maintMarginRatio).toBe(0.004);
  });

  it.each([
    ["1", 0],
    ["10", 0],
    ["1.000", 0],
    ["0.50", 1],
    ["0.00000001", 8],
    ["0.000000010", 8],
  ])("counts the decimals that a step of %s needs", (stepSize, decimals) => {
    const rules = tradingRules({ ...texts, stepSize, tickSize: stepSize });
    expect([rules.qtyDecimals, rules.priceDecimals]).toEqual([decimals, decimals]);
  });

  it.each([
    ["0.001", 1],
    ["0.0010001", 2],
    ["0.003", 3],
    ["0.0000001", 1],
  ])("needs whole steps for a least quantity of %s", (minQty, steps) => {
    expect(tradingRules({ ...texts, minQty }).minQtySteps).toBe(steps);
  });

  const fields = [
    "tickSize",
    "stepSize",
    "minQty",
    "marketMaxQty",
    "minNotional",
    "maintMarginRatio",
  ] as const;
  const bad = ["", "0", "0.000", "-0.1", "1e-3", "abc", " 1", "NaN", "Infinity", "0.000000001"];
  it.each(fields)("refuses a %s that is no decimal above 0, naming symbol, field and text", (field) => {
    for (const text of bad)
      expect(() => tradingRules({ ...texts, [field]: text })).toThrow(
        expect.objectContaining({
          code: "RULES_INVALID",
          message: `BTCUSDT: ${field} is ${JSON.stringify(text)}, wanted a decimal above 0 with at most 8 places`,
          context: { symbol: "BTCUSDT", field },
        }),
      );
  });

  it.each(fields)("refuses a %s that is a number: it has lost the venue's decimals", (field) => {
    const given = { ...texts, [field]: 0.1 } as unknown as TradingRuleTexts;
    expect(() => tradingRules(given)).toThrow(`BTCUSDT: ${field} is 0.1, wanted a decimal`);
  });

  it("refuses a missing field", () => {
    const { minQty: _, ...rest } = texts;
    expect(() => tradingRules(rest as TradingRuleTexts)).toThrow("BTCUSDT: minQty is");
  });
});
