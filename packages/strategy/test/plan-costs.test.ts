import { labelPlan, M1_SCALP, type TradePlanParameters } from "@smcq/features";
import {
  isTickTooCoarse,
  planTrade,
  resultR,
  stagnationBand,
  stepPlan,
  type TradePlan,
} from "@smcq/strategy";
import { describe, expect, it } from "vitest";

const TICKED: TradePlanParameters = labelPlan(M1_SCALP);
const MAKER: TradePlanParameters = { ...M1_SCALP, target: "maker" };

/** From 1,000 with its stop 10 away and its target 15. */
function planOf(side: 1 | -1, parameters: TradePlanParameters, tickSize = 0): TradePlan {
  const plan = planTrade({ side, invalidationPrice: 1_000 - side * 10, atr: 0 }, 1_000, parameters, tickSize);
  if (plan.type !== "plan") throw new Error("no plan");
  return plan;
}

describe("slippage of a plan", () => {
  it.each([
    [0, 0.0002],
    [0.4, 0.0002],
    [0.401, 0.0002005],
    [2, 0.001],
  ])("is half a tick of %s where that is more than the ratio: %s", (tickSize, slippage) => {
    const plan = planOf(1, TICKED, tickSize);
    expect(plan.entryCostRatio).toBeCloseTo(0.0005 + slippage, 15);
    expect(plan.exitCostRatio).toBeCloseTo(0.0005 + slippage, 15);
    expect(resultR(plan, { reason: "stop", price: 990 })).toBeCloseTo(
      (-10 - (0.0005 + slippage) * 1_990) / plan.stopDistance,
      12,
    );
  });

  it("knows no tick in the first plan, whose trades stay what they were", () => {
    expect(planOf(1, M1_SCALP, 2).entryCostRatio).toBe(planOf(1, M1_SCALP).entryCostRatio);
  });

  it("moves the floor of the stop with it", () => {
    const { stopDistance } = planOf(1, TICKED, 3);
    expect(stopDistance).toBeCloseTo((2 * (0.0005 + 0.0015) * 1_000) / 0.35, 12);
  });

  it("counts in the stagnation band", () => {
    const held = { side: 1, avgPrice: 1_000 } as const;
    expect(stagnationBand({ ...held, tickSize: 0 }, 1_000, TICKED)).toBeCloseTo(0.0012, 12);
    expect(stagnationBand({ ...held, tickSize: 2 }, 1_000, TICKED)).toBeCloseTo(0.002, 12);
  });
});

describe("a tick too coarse", () => {
  it.each([
    [0, false],
    [0.3, false],
    [0.300_1, true],
  ])("of %s at 1,000: %s", (tickSize, isCoarse) => {
    expect(isTickTooCoarse({ ...M1_SCALP, tickRatioMax: 0.0003 }, tickSize, 1_000)).toBe(isCoarse);
  });
});

describe("a target that rests", () => {
  it.each([
    [1, 1_015, null],
    [1, 1_015.09, null],
    [1, 1_015.1, "target"],
    [-1, 985, null],
    [-1, 984.91, null],
    [-1, 984.9, "target"],
  ] as const)("of side %s is not filled by a touch: best price %s gives %s", (side, best, reason) => {
    const plan = planOf(side, MAKER, 0.1);
    const [high, low] = side > 0 ? [best, 1_000] : [1_000, best];
    expect(stepPlan(plan, 1, 1_000, high, low, 1_005)?.reason ?? null).toBe(reason);
    // What takes is.
    expect(stepPlan(planOf(side, M1_SCALP, 0.1), 1, 1_000, high, low, 1_005)?.reason).toBe("target");
  });

  it("fills at its own price when a bar opens beyond it, and what takes at the open", () => {
    expect(stepPlan(planOf(1, MAKER, 0.1), 1, 1_020, 1_021, 1_019, 1_020)?.price).toBeCloseTo(1_015, 9);
    expect(stepPlan(planOf(1, M1_SCALP, 0.1), 1, 1_020, 1_021, 1_019, 1_020)?.price).toBe(1_020);
  });

  it("pays the maker's fee and no slippage; every other exit takes", () => {
    const plan = planOf(1, MAKER, 0.1);
    expect(resultR(plan, { reason: "target", price: 1_015 })).toBeCloseTo(
      (15 - 0.7 - 0.0002 * 1_015) / 10,
      12,
    );
    expect(resultR(plan, { reason: "stop", price: 990 })).toBeCloseTo((-10 - 0.0007 * 1_990) / 10, 12);
  });
});
