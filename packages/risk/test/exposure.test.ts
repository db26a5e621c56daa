import { describe, expect, it } from "vitest";
import { exposureOf, heatOf, type OpenRisk, type PendingRisk } from "../src/index.ts";

/** A long of 10 from 100, marked at 102, its stop at 98; a quarter of the stop's price in costs. */
function openRisk(more: Partial<OpenRisk> = {}): OpenRisk {
  return {
    side: 1,
    qty: 10,
    avgPrice: 100,
    mark: 102,
    stop: 98,
    takerRatio: 0.125,
    sigma: 0.125,
    leverage: 5,
    ...more,
  };
}

function pendingRisk(more: Partial<PendingRisk> = {}): PendingRisk {
  return { side: 1, qty: 4, price: 50, loss: 2, leverage: 10, ...more };
}

describe("the heat of a position", () => {
  it.each([
    ["a long counts from its entry while it wins", {}, 10 * (100 - 98 + 24.5)],
    ["a long counts from its mark while it loses", { mark: 99 }, 10 * (99 - 98 + 24.5)],
    ["a short counts from its entry while it wins", { side: -1, mark: 98, stop: 102 }, 10 * (2 + 25.5)],
    ["a short counts from its mark while it loses", { side: -1, mark: 101, stop: 102 }, 10 * (1 + 25.5)],
    ["a stop in profit takes costs from what it locks in", { stop: 104 }, 10 * (-4 + 26)],
    ["a stop far in profit is no heat below 0", { stop: 200 }, 0],
  ] as const)("%s", (_, more, loss) => {
    expect(heatOf(openRisk(more), 1_000)).toBe(loss / 1_000);
  });
});

describe("exposure", () => {
  it("of nothing is nothing", () => {
    expect(exposureOf(1, 1_000, [], [])).toEqual({ heat: 0, sideHeat: 0, notional: 0, margin: 0 });
  });

  it("adds up positions at their marks and margins at their entries, and what is approved as approved", () => {
    const short = openRisk({ side: -1, mark: 101, stop: 102, leverage: 10 });
    const found = exposureOf(1, 1_000, [openRisk(), short], [pendingRisk(), pendingRisk({ side: -1 })]);
    const [long, other, pending] = [0.265, 0.265, 0.008];
    expect(found.heat).toBeCloseTo(long + other + 2 * pending, 14);
    expect(found.sideHeat).toBeCloseTo(long + pending, 14);
    expect(found.notional).toBe(10 * 102 + 10 * 101 + 2 * 4 * 50);
    expect(found.margin).toBe((10 * 100) / 5 + (10 * 100) / 10 + (2 * 4 * 50) / 10);
  });

  it("gives each side its own heat: both together are all of it", () => {
    const open = [openRisk(), openRisk({ side: -1, stop: 103 })];
    const pending = [pendingRisk({ side: -1 }), pendingRisk({ qty: 9 })];
    const [long, short] = [exposureOf(1, 500, open, pending), exposureOf(-1, 500, open, pending)];
    expect(long.sideHeat + short.sideHeat).toBeCloseTo(long.heat, 14);
    expect([short.heat, short.notional, short.margin]).toEqual([long.heat, long.notional, long.margin]);
  });
});
