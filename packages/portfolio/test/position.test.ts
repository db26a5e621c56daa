import { InvariantError, parseE8, qtySteps } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { applyFill, type Position, unrealisedE8 } from "../src/index.ts";
import { BTC_RULES, fillOf } from "./support.ts";

function open(...fills: readonly Parameters<typeof fillOf>[]): Position {
  let position: Position | null = null;
  for (const fill of fills) position = applyFill(position, fillOf(...fill), BTC_RULES).position;
  if (position === null) throw new Error("flat");
  return position;
}

describe("a position", () => {
  it("opens at the price of its first fill, exact to the tick", () => {
    const fill = fillOf(-1, 20, 650_001);
    expect(applyFill(null, fill, BTC_RULES)).toEqual({
      realisedE8: 0n,
      position: {
        symbolId: 0,
        side: -1,
        qtySteps: 20,
        qtyE8: parseE8("0.020"),
        entryNotionalE8: parseE8("1300.002"),
        avgPrice: 650_001 * 0.1,
        avgTicks: 650_001,
        openedMs: fill.timeMs,
      },
    });
  });

  it("grows to the average by quantity; one price stays exact, two have no tick", () => {
    expect(open([1, 1, 650_000], [1, 2, 650_000])).toMatchObject({ avgTicks: 650_000, qtySteps: 3 });
    const position = open([1, 1, 650_000], [1, 3, 650_010], [1, 4, 650_000]);
    expect(position).toMatchObject({ avgTicks: null, qtySteps: 8, entryNotionalE8: parseE8("520.003") });
    expect(position.avgPrice).toBeCloseTo(65_000.375, 9);
  });

  it("keeps the time at which it was opened", () => {
    expect(open([1, 1, 650_000, { timeMs: 5 }], [1, 1, 650_000, { timeMs: 9 }]).openedMs).toBe(5);
  });

  it.each([
    [1, 660_000, "20"],
    [-1, 660_000, "-20"],
    [1, 640_000, "-20"],
    [-1, 640_000, "20"],
  ] as const)("of side %s closed at %s ticks realises %s", (side, price, result) => {
    const change = applyFill(open([side, 20, 650_000]), fillOf(side > 0 ? -1 : 1, 20, price), BTC_RULES);
    expect(change).toEqual({ position: null, realisedE8: parseE8(result) });
  });

  it("that is reduced keeps its average, and realises the part that was closed", () => {
    const before = open([1, 20, 650_000]);
    const { position, realisedE8 } = applyFill(before, fillOf(-1, 5, 652_000), BTC_RULES);
    expect(realisedE8).toBe(parseE8("1"));
    expect(position).toEqual({
      ...before,
      qtySteps: 15,
      qtyE8: parseE8("0.015"),
      entryNotionalE8: parseE8("975"),
    });
  });

  it("is closed and opened the other way by a fill beyond it", () => {
    const fill = fillOf(-1, 21, 651_000);
    // 0.020 at a hundred more are 2; what is left is a position of its own.
    expect(applyFill(open([1, 20, 650_000]), fill, BTC_RULES)).toEqual({
      realisedE8: parseE8("2"),
      position: applyFill(null, { ...fill, qtySteps: qtySteps(1) }, BTC_RULES).position,
    });
    expect(applyFill(open([-1, 20, 650_000]), fillOf(1, 21, 651_000), BTC_RULES)).toMatchObject({
      realisedE8: parseE8("-2"),
      position: { side: 1, qtySteps: 1, avgTicks: 651_000 },
    });
  });

  it("does not come from a fill of nothing", () => {
    expect(() => applyFill(null, fillOf(1, 0, 650_000), BTC_RULES)).toThrow(InvariantError);
    expect(() => applyFill(open([1, 20, 650_000]), fillOf(-1, 0, 650_000), BTC_RULES)).toThrow(
      InvariantError,
    );
  });

  it.each([
    [1, "65100", "2"],
    [1, "65000", "0"],
    [1, "0.00000001", "-1300"],
    [-1, "65100", "-2"],
    [-1, "64900", "2"],
  ] as const)("of side %s stands at a mark of %s with %s", (side, mark, result) => {
    expect(unrealisedE8(open([side, 20, 650_000]), parseE8(mark))).toBe(parseE8(result));
  });
});
