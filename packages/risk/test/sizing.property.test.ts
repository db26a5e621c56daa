import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  type BoundBy,
  RISK_BOUNDS,
  type RiskParameters,
  type Size,
  type SizeInput,
  sizeOf,
  type UnitRisk,
  unitRisk,
} from "../src/index.ts";
import { between, DEFAULTS, FEES, rulesOf, SEED } from "./support.ts";

const CASES = 20_000;
/** What float64 may add to a bound. */
const SLACK = 1 + 1e-12;

/** Parameters anywhere in their bounds; half the time the defaults. */
function anyParameters(rng: Rng): RiskParameters {
  if (rng.chance(0.5)) return DEFAULTS;
  const entries = Object.entries(RISK_BOUNDS).map(([name, [min, max]]) => [
    name,
    min + rng.next() * (max - min),
  ]);
  const parameters = Object.fromEntries(entries) as RiskParameters;
  return { ...parameters, leverage: Math.floor(parameters.leverage) };
}

interface Case {
  readonly input: SizeInput;
  readonly parameters: RiskParameters;
  readonly unit: UnitRisk;
  readonly size: Size;
}

function anyCase(rng: Rng): Case {
  const parameters = anyParameters(rng);
  const e = between(rng, 0.001, 100_000);
  const tickSize = ["0.00001", "0.001", "0.1", "0.5"][rng.int(4)] ?? "0.1";
  const stepSize = ["0.00000001", "0.001", "0.1", "0.3", "1", "100"][rng.int(6)] ?? "1";
  const rules = rulesOf({
    tickSize,
    stepSize,
    minQty: stepSize,
    marketMaxQty: ["0.3", "7", "1000", "100000000"][rng.int(4)] ?? "7",
    minNotional: ["0.00000001", "5", "100"][rng.int(3)] ?? "5",
  });
  const unit = unitRisk(
    {
      side: rng.chance(0.5) ? 1 : -1,
      e,
      d: e * between(rng, 0.0005, 0.3),
      rules,
      fees: FEES,
      measuredSlippageRatio: rng.next() * 0.001,
      fundingLoss: rng.chance(0.2) ? e * 0.0005 : 0,
      isResting: rng.chance(0.3),
      targetRiskRatio: 1.5,
    },
    parameters,
  );
  const equity = between(rng, 10, 1e7);
  const used = (max: number): number => (rng.chance(0.5) ? 0 : max * rng.next() * 1.1);
  const factor = (): number => (rng.chance(0.5) ? 1 : rng.next());
  const input: SizeInput = {
    unit,
    equity,
    baseRiskRatio: rng.chance(0.1) ? 0 : 0.02 * rng.next(),
    dailyFactor: factor(),
    drawdownFactor: factor(),
    directionFactor: factor(),
    exposure: {
      heat: used(parameters.heatRatioMax),
      sideHeat: used(parameters.directionHeatRatioMax),
      notional: used(parameters.grossRatioMax * equity),
      margin: used(parameters.marginsRatioMax * equity),
    },
    medianTurnover: between(rng, 100, 1e9),
    rules,
  };
  return { input, parameters, unit, size: sizeOf(input, parameters) };
}

/** Each bound of docs/trading.md section 4 as it is written there: what is used, and what may be. */
function bounds({ input, parameters, unit, size }: Case): readonly (readonly [string, number, number])[] {
  const { equity: E, exposure, medianTurnover, rules } = input;
  const { e, loss, leverage } = unit;
  const q = size.steps * rules.stepSize;
  const factors = input.dailyFactor * input.drawdownFactor * input.directionFactor;
  return [
    ["risk", q * loss, input.baseRiskRatio * E * factors],
    ["margin", (q * e) / leverage, parameters.marginRatioMax * E],
    ["notional", q * e, parameters.notionalRatioMax * E],
    ["heat", exposure.heat + (q * loss) / E, parameters.heatRatioMax],
    ["direction", exposure.sideHeat + (q * loss) / E, parameters.directionHeatRatioMax],
    ["gross", exposure.notional + q * e, parameters.grossRatioMax * E],
    ["margins", exposure.margin + (q * e) / leverage, parameters.marginsRatioMax * E],
    ["liquidity", q * e, parameters.liquidityRatioMax * medianTurnover],
    ["exchange", q, rules.marketMaxQty],
  ];
}

const rng = new Rng(SEED);
const cases = Array.from({ length: CASES }, () => anyCase(rng));

describe(`random sizes (SMCQ_SEED=${SEED})`, () => {
  it("pass no bound", () => {
    const passed = cases.filter(
      (one) => one.size.steps > 0 && bounds(one).some(([, used, most]) => used > most * SLACK),
    );
    expect(passed).toEqual([]);
  });

  it("are whole steps that an order can carry", () => {
    expect(cases.filter(({ size }) => !Number.isSafeInteger(size.steps) || size.steps < 0)).toEqual([]);
  });

  it("are as large as they may be: one step more passes a bound", () => {
    const wasteful = cases.filter((one) => {
      const { size } = one;
      const more = { ...one, size: { ...size, steps: size.steps + 1 } };
      if (size.steps === Number.MAX_SAFE_INTEGER) return false;
      return bounds(more).every(([, used, most]) => used * SLACK < most);
    });
    expect(wasteful).toEqual([]);
  });

  it("are too small exactly where the venue would refuse them", () => {
    const wrong = cases.filter(({ size, unit, input: { rules } }) => {
      const isTaken =
        size.steps >= rules.minQtySteps && size.steps * rules.stepSize * unit.e >= rules.minNotional;
      return size.isTooSmall === isTaken;
    });
    expect(wrong).toEqual([]);
  });

  it("name the bound that they have come to, and every name occurs", () => {
    const names = new Set<BoundBy>();
    for (const { size } of cases) {
      names.add(size.boundBy);
      const lowest = size.caps.reduce((least, { q }) => Math.min(least, q), Infinity);
      const cap = size.caps.find(({ name }) => name === size.boundBy);
      expect(cap === undefined ? size.riskQ <= lowest : cap.q === lowest && cap.q < size.riskQ).toBe(true);
    }
    expect([...names].toSorted()).toEqual(
      [
        "daily",
        "direction",
        "direction-factor",
        "drawdown",
        "exchange",
        "gross",
        "heat",
        "liquidity",
        "margin",
        "margins",
        "notional",
        "risk",
      ].toSorted(),
    );
  });

  it("lie so many stops away from liquidation, or are not leveraged", () => {
    const near = cases.filter(({ unit: { e, d, leverage }, input: { rules }, parameters }) => {
      const mmr = rules.maintMarginRatio ?? parameters.maintMarginRatioDefault;
      const distance = e * (1 / leverage - mmr);
      return leverage !== 1 && distance * SLACK < parameters.liquidationStopsMin * d;
    });
    expect(near).toEqual([]);
  });

  it("have a whole leverage, never above the configured, and the highest that liquidation allows", () => {
    const wrong = cases.filter(({ unit: { e, d, leverage }, input: { rules }, parameters }) => {
      if (!Number.isInteger(leverage) || leverage < 1 || leverage > parameters.leverage) return true;
      const mmr = rules.maintMarginRatio ?? parameters.maintMarginRatioDefault;
      const distanceAbove = e * (1 / (leverage + 1) - mmr);
      return leverage < parameters.leverage && distanceAbove > parameters.liquidationStopsMin * d * SLACK;
    });
    expect(wrong).toEqual([]);
  });
});
