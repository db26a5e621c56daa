import { describe, expect, it } from "vitest";
import { sizeOf, type UnitRisk, unitRisk } from "../src/index.ts";
import { DEFAULTS, FEES, rulesOf, sizeInput } from "./support.ts";

const EQUITY = 10_000;
/** Fine enough that neither tick nor step is seen in the tables' digits. */
const rules = rulesOf({ tickSize: "0.00000001", stepSize: "0.000001", minQty: "0.000001" });

/** A long at 100 with its stop so far below, at the costs of the tables. */
function unitOf(stopBps: number): UnitRisk {
  const own = { side: 1, e: 100, d: stopBps / 100, rules, fees: FEES } as const;
  return unitRisk(
    { ...own, measuredSlippageRatio: 0, fundingLoss: 0, isResting: false, targetRiskRatio: 1.5 },
    DEFAULTS,
  );
}

/** Loss at the stop with all costs, bps of the equity. */
function lossBps(q: number, loss: number): number {
  return (q * loss * 10_000) / EQUITY;
}

/** The win rate at which nothing is won or lost, costs of 7 bps a side. */
function breakEven(stopBps: number, reward: number): number {
  const costsBps = 14;
  return (stopBps + costsBps) / (stopBps + reward * stopBps);
}

describe("the costs of docs/risk.md section 6.2", () => {
  it.each([
    [20, 170, 170, 2.94],
    [30, 147, 146, 2.27],
    [50, 128, 128, 1.56],
    [100, 114, 114, 0.88],
    [200, 107, 107, 0.47],
  ])("of a stop of %s bps: %s naive, %s with a fee on the risk, 100 exact, notional %s", (...row) => {
    const [stopBps, naive, onRisk, notional] = row;
    const unit = unitOf(stopBps);
    const risked = EQUITY * 0.01;
    expect(Math.abs(lossBps(risked / unit.d, unit.loss) - naive)).toBeLessThan(0.5);
    // The document's own last digit is cut here and rounded there.
    const feeOnRisk = 2 * FEES.takerRatio * risked;
    expect(Math.abs(lossBps((risked - feeOnRisk) / unit.d, unit.loss) - onRisk)).toBeLessThan(0.75);
    const size = sizeOf(sizeInput({ unit, baseRiskRatio: 0.01, rules }), DEFAULTS);
    expect(lossBps(size.riskQ, unit.loss)).toBeCloseTo(100, 9);
    expect((size.riskQ * unit.e) / EQUITY).toBeCloseTo(notional, 2);
  });

  it.each([
    [30, 1, 0.733],
    [30, 1.5, 0.587],
    [30, 2, 0.489],
    [100, 1.5, 0.456],
  ])("of a stop of %s bps and a target of %s R need a win rate of %s", (stopBps, reward, rate) => {
    expect(breakEven(stopBps, reward)).toBeCloseTo(rate, 3);
  });
});

describe("the tiers of docs/risk.md section 6.3", () => {
  const tiers = [0.02, 0.01, 0.005] as const;
  // Bps of the equity at risk, of the tiers in order; `*`: the cap binds.
  it.each([
    [30, 1, "4.4* 4.4* 4.4*"],
    [50, 1, "6.4* 6.4* 6.4*"],
    [100, 1, "11.4* 11.4* 11.4*"],
    [30, 10, "44.0* 44.0* 44.0*"],
    [50, 10, "64.0* 64.0* 50.0"],
    [100, 10, "114.0* 100.0 50.0"],
    [30, 20, "88.0* 88.0* 50.0"],
    [50, 20, "128.0* 100.0 50.0"],
    [100, 20, "200.0 100.0 50.0"],
  ])("at a stop of %s bps and a margin cap of a tenth at %s times: %s", (stopBps, leverage, taken) => {
    const unit = { ...unitOf(stopBps), leverage };
    const found = tiers.map((baseRiskRatio) => {
      const { steps, boundBy } = sizeOf(sizeInput({ unit, baseRiskRatio, rules }), DEFAULTS);
      const isBound = boundBy === "margin";
      // The table reckons both sides' costs at the entry; at the stop they are a little less.
      const costs = 2 * (FEES.takerRatio + DEFAULTS.slippageRatio) * unit.e;
      const loss = isBound ? unit.d + costs : unit.loss;
      return lossBps(steps * rules.stepSize, loss).toFixed(1) + (isBound ? "*" : "");
    });
    expect(found.join(" ")).toBe(taken);
  });
});
