import { describe, expect, it } from "vitest";
import {
  type BoundBy,
  type RiskParameters,
  type Size,
  type SizeInput,
  sizeOf,
  unitRisk,
} from "../src/index.ts";
import type { UnitRiskInput } from "../src/sizing.ts";
import { DEFAULTS, FEES, NO_EXPOSURE, rulesOf, sizeInput, unitOf } from "./support.ts";

function unitInput(more: Partial<UnitRiskInput> = {}): UnitRiskInput {
  return {
    side: 1,
    e: 100,
    d: 1.25,
    rules: rulesOf(),
    fees: FEES,
    measuredSlippageRatio: 0,
    fundingLoss: 0,
    isResting: false,
    targetRiskRatio: 1.5,
    ...more,
  };
}

function sized(more: Partial<SizeInput> = {}, parameters: Partial<RiskParameters> = {}): Size {
  return sizeOf(sizeInput(more), { ...DEFAULTS, ...parameters });
}

describe("the exchange's cap", () => {
  const caps = [
    { leverageMax: 50, notionalMax: 300 },
    { leverageMax: 10, notionalMax: 900 },
    { leverageMax: 5, notionalMax: 5_000 },
  ];
  const capAt = (leverage: number, marketMaxQty: string, leverageCaps = caps): number | undefined => {
    const rules = { ...rulesOf({ marketMaxQty }), leverageCaps };
    const unit = { ...unitOf(), e: 100, leverage };
    return sized({ rules, unit }).caps.find(({ name }) => name === "exchange")?.q;
  };

  it("is the largest market order, or 99 % of the bracket's notional at the trade's leverage where that is less", () => {
    expect(capAt(10, "1000")).toBeCloseTo(8.91, 12);
    expect(capAt(11, "1000")).toBeCloseTo(2.97, 12);
    expect(capAt(5, "1000")).toBeCloseTo(49.5, 12);
    expect(capAt(5, "20")).toBe(20);
  });

  it("is none by brackets that are unknown, and 0 at a leverage that they do not have", () => {
    expect(capAt(10, "1000", [])).toBe(1_000);
    expect(capAt(51, "1000")).toBe(0);
  });
});

describe("the unit figures", () => {
  it("of an entry that rests pay the maker's fee and no slippage to get in", () => {
    const input = { ...unitInput(), rules: rulesOf({ tickSize: "0.01" }), isResting: true };
    const { loss, c, b, sigma, stopRef } = unitRisk(input, DEFAULTS);
    expect([sigma, stopRef]).toEqual([0.0002, 98.75]);
    const costs = 0.0002 * 100 + 0.0005 * 98.75 + 0.0002 * 98.75;
    expect(loss).toBeCloseTo(1.25 + costs, 12);
    expect(c).toBeCloseTo(costs / 1.25, 12);
    expect(b).toBeCloseTo((1.875 - 0.0002 * 100 - 0.0002 * 101.875) / loss, 12);
    // Its stop is reckoned with where it stands, 0.01 further away here.
    const coarse = unitRisk({ ...input, d: 1.241 }, DEFAULTS);
    expect(coarse.loss).toBeCloseTo(1.25 + costs, 12);
    const taken = unitRisk({ ...input, isResting: false }, DEFAULTS);
    expect(taken.loss - loss).toBeCloseTo(0.0003 * 100 + 0.0002 * 100, 12);
    expect(taken.leverage).toBe(unitRisk(input, DEFAULTS).leverage);
  });

  it("of a long are those of a hand computation", () => {
    const unit = unitRisk(unitInput(), DEFAULTS);
    // A tick of 0.5 at 100 is 0.005, above the slippage; 98.75 lies between ticks.
    expect(unit).toMatchObject({ e: 100, d: 1.25, sigma: 0.005, stopRef: 98.5, leverage: 10 });
    expect(unit.loss).toBeCloseTo(1.25 + 0.05 + 0.04925 + 0.5 + 0.4925, 12);
    expect(unit.c).toBeCloseTo(1.09175 / 1.25, 12);
    expect(unit.b).toBeCloseTo((1.875 - 0.05 - 0.5 - 0.020375) / 2.34175, 12);
  });

  it("of a short are mirrored, with the stop rounded up", () => {
    const unit = unitRisk(unitInput({ side: -1 }), DEFAULTS);
    expect(unit).toMatchObject({ sigma: 0.005, stopRef: 101.5 });
    expect(unit.loss).toBeCloseTo(1.25 + 0.05 + 0.05075 + 0.5 + 0.5075, 12);
    expect(unit.b).toBeCloseTo((1.875 - 0.05 - 0.5 - 0.019625) / 2.35825, 12);
  });

  it("leave a stop on a tick where it is", () => {
    expect(unitRisk(unitInput({ d: 1.5 }), DEFAULTS).stopRef).toBe(98.5);
    expect(unitRisk(unitInput({ d: 1.5, side: -1 }), DEFAULTS).stopRef).toBe(101.5);
  });

  it("reckon with the largest of configured, measured and tick-sized slippage", () => {
    const rules = rulesOf({ tickSize: "0.01" });
    expect(unitRisk(unitInput({ rules }), DEFAULTS).sigma).toBe(0.0002);
    expect(unitRisk(unitInput({ rules, measuredSlippageRatio: 0.0003 }), DEFAULTS).sigma).toBe(0.0003);
    expect(unitRisk(unitInput({ measuredSlippageRatio: 0.0003 }), DEFAULTS).sigma).toBe(0.005);
  });

  it("add funding to the loss, not to the costs", () => {
    const [free, paid] = [0, 0.5].map((fundingLoss) => unitRisk(unitInput({ fundingLoss }), DEFAULTS));
    expect(paid?.loss).toBeCloseTo((free?.loss ?? 0) + 0.5, 12);
    expect(paid?.c).toBe(free?.c);
  });

  it.each([
    [10, "0.01", 3, 10],
    [10, "0.01", 3.01, 9],
    [25, "0.01", 1, 25],
    [25, "0.01", 1.5, 18],
    [25, "0.02", 1.5, 15],
    [10, "0.01", 30, 1],
    [10, "0.01", 40, 1],
    [1, "0.01", 40, 1],
  ])("keep of a leverage of %s with a margin of %s and a stop of %s: %s", (leverage, mmr, d, kept) => {
    const known = unitInput({ d, rules: rulesOf({ maintMarginRatio: mmr }) });
    expect(unitRisk(known, { ...DEFAULTS, leverage }).leverage).toBe(kept);
    const unknown = { ...DEFAULTS, leverage, maintMarginRatioDefault: Number(mmr) };
    expect(unitRisk(unitInput({ d }), unknown).leverage).toBe(kept);
  });
});

describe("a size", () => {
  it("is the risk's where no cap is near", () => {
    expect(sized()).toMatchObject({
      steps: 100,
      riskQ: 25,
      riskRatio: 0.0025,
      boundBy: "risk",
      isTooSmall: false,
    });
  });

  it("knows its caps in their order, each with its own quantity", () => {
    expect(
      sized({ medianTurnover: 1e6 }).caps.map(({ name, q }) => [name, Math.round(q * 1e9) / 1e9]),
    ).toEqual([
      ["margin", 100],
      ["notional", 200],
      ["heat", 300],
      ["direction", 200],
      ["gross", 300],
      ["margins", 500],
      ["liquidity", 100],
      ["exchange", 1_000],
    ]);
  });

  const bound: readonly (readonly [BoundBy, number, Partial<SizeInput>])[] = [
    ["margin", 100, { baseRiskRatio: 0.02 }],
    ["notional", 200, { baseRiskRatio: 0.02, unit: unitOf({ leverage: 25, loss: 0.5 }) }],
    ["heat", 9.75, { exposure: { ...NO_EXPOSURE, heat: 0.03 - 2 ** -10 } }],
    ["direction", 9.75, { exposure: { ...NO_EXPOSURE, sideHeat: 0.02 - 2 ** -10 } }],
    ["gross", 10, { exposure: { ...NO_EXPOSURE, notional: 29_000 } }],
    ["margins", 10, { exposure: { ...NO_EXPOSURE, margin: 4_900 } }],
    ["liquidity", 10, { medianTurnover: 100_000 }],
    ["exchange", 10, { rules: rulesOf({ marketMaxQty: "10" }) }],
  ];
  it.each(bound)("is bound by %s at %s", (boundBy, qty, more) => {
    expect(sized(more)).toMatchObject({ boundBy, steps: qty * 4, isTooSmall: false });
  });

  it("names the first of equal caps, and the risk where it equals the cap", () => {
    expect(sized({ baseRiskRatio: 0.02, medianTurnover: 1e6 }).boundBy).toBe("margin");
    expect(sized({ baseRiskRatio: 0.01, medianTurnover: 1e6 })).toMatchObject({
      boundBy: "risk",
      steps: 400,
    });
  });

  it("counts what is used up, and more, as nothing", () => {
    for (const heat of [0.03, 0.5, Infinity]) {
      const size = sized({ exposure: { ...NO_EXPOSURE, heat } });
      expect(size).toMatchObject({ boundBy: "heat", steps: 0, isTooSmall: true });
      expect(size.caps[2]).toEqual({ name: "heat", q: 0 });
    }
  });

  it("is whole steps, never rounded up: 0.3 of 0.1 is two by floats", () => {
    const rules = rulesOf({ stepSize: "0.1", minQty: "0.1" });
    expect(sized({ rules, equity: 120, unit: unitOf({ leverage: 25 }) })).toMatchObject({
      riskQ: 0.3,
      steps: 2,
    });
    expect(sized({ equity: 199.99999999 }).steps).toBe(1);
    expect(sized({ equity: 200 }).steps).toBe(2);
  });

  it("multiplies the factors and keeps the product", () => {
    const size = sized({ dailyFactor: 0.5, drawdownFactor: 0.5, directionFactor: 0.5 });
    expect(size).toMatchObject({ riskRatio: 0.0003125, riskQ: 3.125, steps: 12, boundBy: "risk" });
  });

  it("of more steps than an order can carry stays at what it can", () => {
    const rules = rulesOf({
      stepSize: "0.00000001",
      minQty: "0.00000001",
      minNotional: "0.5",
      marketMaxQty: "9".repeat(24),
    });
    const unit = unitOf({ e: 1e-8, loss: 1e-10 });
    const size = sized({ rules, unit, equity: 1e9, baseRiskRatio: 0.02 });
    expect(size).toMatchObject({ steps: Number.MAX_SAFE_INTEGER, isTooSmall: false });
  });
});

describe("too small", () => {
  // 20 units are needed: the risk's 25 are enough, a half of them is not.
  const rules = rulesOf({ minNotional: "2000" });

  it("is what is below the least quantity or notional, and not what is at it", () => {
    expect(sized({ rules: rulesOf({ minQty: "25" }) }).isTooSmall).toBe(false);
    expect(sized({ rules: rulesOf({ minQty: "25.25" }) })).toMatchObject({
      isTooSmall: true,
      boundBy: "risk",
    });
    expect(sized({ rules: rulesOf({ minNotional: "2500" }) }).isTooSmall).toBe(false);
    expect(sized({ rules: rulesOf({ minNotional: "2500.00000001" }) }).isTooSmall).toBe(true);
  });

  it("judges the notional of whole steps, not of the quantity", () => {
    const input = { equity: 9_999, rules: rulesOf({ minNotional: "2480" }) };
    expect(sized(input)).toMatchObject({ steps: 99, isTooSmall: true });
  });

  it.each([
    ["daily", { dailyFactor: 0.5 }],
    ["drawdown", { drawdownFactor: 0.5 }],
    ["direction-factor", { directionFactor: 0.5 }],
    ["daily", { dailyFactor: 0.5, drawdownFactor: 0.5, directionFactor: 0.5 }],
    ["drawdown", { drawdownFactor: 0.5, directionFactor: 0.5 }],
    ["direction-factor", { dailyFactor: 0.5, drawdownFactor: 0.4, directionFactor: 0.3 }],
    ["drawdown", { dailyFactor: 0.5, drawdownFactor: 0, directionFactor: 0.3 }],
  ] as const)("names the smallest factor that made it so: %s", (boundBy, factors) => {
    expect(sized({ rules, ...factors })).toMatchObject({ isTooSmall: true, boundBy });
  });

  it("names the risk where no factor made it so, and where a cap would have", () => {
    expect(sized({ rules, baseRiskRatio: 0.001, dailyFactor: 0.5 }).boundBy).toBe("risk");
    expect(sized({ rules, dailyFactor: 0.5, medianTurnover: 150_000 }).boundBy).toBe("risk");
    expect(sized({ rules, dailyFactor: 0.5, medianTurnover: 100_000 }).boundBy).toBe("liquidity");
  });

  it.each([0, -0, -1, -1e9, Number.NaN, -Infinity])("is any size of an equity of %s", (equity) => {
    expect(sized({ equity })).toMatchObject({ steps: 0, isTooSmall: true });
  });

  it("is any size with a number in it that is none, or not above 0", () => {
    const broken = (value: number): readonly Partial<SizeInput>[] => [
      { baseRiskRatio: value },
      { dailyFactor: value },
      { drawdownFactor: value },
      { directionFactor: value },
      { medianTurnover: value },
      { unit: unitOf({ e: value }) },
      { unit: unitOf({ leverage: value }) },
    ];
    const nan = Number.NaN;
    const inputs = [
      ...[nan, 0, -1, -Infinity].flatMap(broken),
      ...[nan, -1, -Infinity].map((loss) => ({ unit: unitOf({ loss }) })),
      ...["heat", "sideHeat", "notional", "margin"].flatMap((key) =>
        [nan, Infinity].map((value) => ({ exposure: { ...NO_EXPOSURE, [key]: value } })),
      ),
    ];
    for (const input of inputs) {
      const { isTooSmall, steps } = sized(input);
      expect([isTooSmall, Number.isSafeInteger(steps)]).toEqual([true, true]);
    }
  });
});
