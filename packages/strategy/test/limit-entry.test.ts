import { type LimitEntry, M1_SCALP } from "@smcq/features";
import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { isTradedThrough, limitTicks, planTrade, resultR, stepEntryBar, stepPlan } from "../src/index.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const LIMIT: LimitEntry = { kind: "limit", offsetAtr: 0.5, expiryBars: 5 };
const PLAN = { ...M1_SCALP, entry: LIMIT };

/** Long at 99.75 with its stop 1 below: 0.5 to the anchor, raised to an ATR of 1. */
function planOf(side: 1 | -1 = 1): Extract<ReturnType<typeof planTrade>, { type: "plan" }> {
  const plan = planTrade({ side, invalidationPrice: 99.75 - side * 0.5, atr: 1 }, 99.75, PLAN);
  if (plan.type !== "plan") throw new Error("a plan");
  return plan;
}

describe("where an entry rests", () => {
  it("is half an ATR from its own side's quote, rounded away from the other side", () => {
    expect(limitTicks({ side: 1, atr: 0.31, quote: 100 }, LIMIT, 0.01)).toBe(9_984);
    expect(limitTicks({ side: -1, atr: 0.31, quote: 100 }, LIMIT, 0.01)).toBe(10_016);
    expect(limitTicks({ side: 1, atr: 0.5, quote: 100 }, { ...LIMIT, offsetAtr: 0 }, 0.01)).toBe(10_000);
  });

  it(`never crosses: no buy above its quote, no sell below it (seed ${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 5_000; round++) {
      const tickSize = [0.01, 0.001, 0.5, 0.0001][rng.int(4)] ?? 0.01;
      const quote = Number((Math.round((1 + rng.next() * 500) / tickSize) * tickSize).toFixed(4));
      const entry = { ...LIMIT, offsetAtr: rng.chance(0.3) ? 0 : rng.next() * 5 };
      const atr = quote * rng.next() * 0.02;
      expect(limitTicks({ side: 1, atr, quote }, entry, tickSize) * tickSize).toBeLessThanOrEqual(
        quote * (1 + 1e-12),
      );
      expect(limitTicks({ side: -1, atr, quote }, entry, tickSize) * tickSize).toBeGreaterThanOrEqual(
        quote * (1 - 1e-12),
      );
    }
  });

  it("is traded through from one tick beyond it on, whatever floats make of the grid", () => {
    for (let ticks = 9_000; ticks < 9_400; ticks++) {
      const at = (beyond: number): number => Number(((ticks + beyond) / 100).toFixed(2));
      const bar = (low: number, high: number): { readonly high: number; readonly low: number } => ({
        low,
        high,
      });
      expect(isTradedThrough(1, ticks, bar(at(-1), 100), 0.01)).toBe(true);
      expect(isTradedThrough(1, ticks, bar(at(0), 100), 0.01)).toBe(false);
      expect(isTradedThrough(-1, ticks, bar(1, at(1)), 0.01)).toBe(true);
      expect(isTradedThrough(-1, ticks, bar(1, at(0)), 0.01)).toBe(false);
    }
  });
});

describe("the bar that an entry has filled in", () => {
  const bar = { open: 100, high: 110, low: 99, close: 100 };

  it("stops it when it reaches the stop, at the open where that lies beyond, and reaches no target", () => {
    const plan = planOf();
    expect([plan.stop, plan.target]).toEqual([98.75, 101.25]);
    expect(stepEntryBar(plan, 1, bar)).toBeNull();
    expect(stepEntryBar(plan, 1, { ...bar, low: 98.75 })).toEqual({ reason: "stop", price: 98.75 });
    expect(stepEntryBar(plan, 1, { ...bar, open: 98.5, low: 98 })).toEqual({ reason: "stop", price: 98.5 });
    const short = planOf(-1);
    expect(stepEntryBar(short, 1, { open: 99, high: 100.75, low: 90, close: 99 })).toEqual({
      reason: "stop",
      price: 100.75,
    });
    expect(stepEntryBar(short, 1, { open: 99, high: 100.74, low: 90, close: 99 })).toBeNull();
  });

  it("ends it at its close by the same rules as every bar", () => {
    const plan = planOf();
    expect(stepEntryBar(plan, 120, { ...bar, high: 101 })).toEqual({ reason: "time", price: 100 });
    // 99.75 and costs of 0.09 %: nothing was won.
    const close = 99.75 * 1.0009;
    expect(stepEntryBar(plan, 31, { ...bar, close })).toEqual({ reason: "stagnation", price: close });
    expect(stepPlan(plan, 31, 100, 101, 99.5, close)).toEqual({ reason: "stagnation", price: close });
    expect(stepEntryBar(plan, 30, { ...bar, close })).toBeNull();
  });
});

describe("the result of an entry that rested", () => {
  it("pays the maker's fee at the entry, and fee and slippage at the exit", () => {
    const plan = planOf();
    expect(resultR(plan, { reason: "target", price: 101.25 })).toBeCloseTo(
      1.5 - 0.0002 * 99.75 - 0.0007 * 101.25,
      12,
    );
    const market = planTrade({ side: 1, invalidationPrice: 99.25, atr: 1 }, 99.75);
    expect(market.type === "plan" && resultR(market, { reason: "target", price: 101.25 })).toBe(
      (1.5 - 0.0007 * (99.75 + 101.25)) / 1,
    );
  });
});
