import { medianTurnover, TURNOVER_BARS } from "@smcq/features";
import { BAR_FIELDS } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { testRng } from "./support.ts";

/** Flat bars whose volume times close are these; all else is absurd. */
function barsOf(turnovers: readonly number[], close: number = 2): Float64Array {
  return Float64Array.from(turnovers.flatMap((turnover) => [-1, -2, -3, -4, close, turnover / close]));
}

const RISING = Array.from({ length: TURNOVER_BARS }, (_, k) => k + 1);

describe("the median turnover", () => {
  it("is the mean of the two middle values of 60 bars, in whatever order", () => {
    expect(TURNOVER_BARS).toBe(60);
    expect(medianTurnover(barsOf(RISING), 0)).toBe(30.5);
    expect(medianTurnover(barsOf(RISING.toReversed()), 0)).toBe(30.5);
    const rng = testRng("median turnover");
    for (let round = 0; round < 200; round++) {
      const values = RISING.map(() => rng.int(1_000) * 2 ** rng.int(20));
      const sorted = values.toSorted((a, b) => a - b);
      const middle = ((sorted[29] ?? 0) + (sorted[30] ?? 0)) / 2;
      expect(medianTurnover(barsOf(values), 0)).toBe(middle);
    }
  });

  it("does not care for the wildest 29 minutes on either side", () => {
    const values = [...RISING.slice(0, 31), ...RISING.slice(31).map(() => 1e300)];
    expect(medianTurnover(barsOf(values), 0)).toBe(30.5);
    expect(medianTurnover(barsOf(RISING.map((value) => (value < 30 ? 0 : value))), 0)).toBe(30.5);
  });

  it("sorts by size and not by text", () => {
    expect(medianTurnover(barsOf(RISING.map((value) => (value > 30 ? 100 : 9))), 0)).toBe(54.5);
  });

  it("counts 60 bars from its offset on, and none before or behind them", () => {
    const bars = barsOf([1e9, 1e9, ...RISING, 1e9]);
    expect(medianTurnover(bars, 2 * BAR_FIELDS)).toBe(30.5);
  });

  it("is no number where a bar is missing", () => {
    expect(medianTurnover(barsOf(RISING.slice(1)), 0)).toBeNaN();
    expect(medianTurnover(barsOf(RISING), 1)).toBeNaN();
    expect(medianTurnover(barsOf(RISING), BAR_FIELDS)).toBeNaN();
    expect(medianTurnover(new Float64Array(0), 0)).toBeNaN();
  });

  it("keeps nothing of the call before, and leaves the bars as they are", () => {
    const bars = barsOf(RISING.toReversed());
    const before = bars.slice();
    medianTurnover(barsOf(RISING.map(() => 1e12)), 0);
    expect(medianTurnover(bars, 0)).toBe(30.5);
    expect(bars).toEqual(before);
  });
});
