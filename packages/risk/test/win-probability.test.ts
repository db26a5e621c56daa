import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { BASE_RATE_ROWS, review, winLowerBound, winProbabilityOf } from "../src/index.ts";
import { DEFAULTS, reviewInput, SEED } from "./support.ts";

/** Bins of 0.05; only that of 0.65 has rows. */
const BINS = Array.from({ length: 20 }, (_, k) => ({
  lower: k / 20,
  upper: (k + 1) / 20,
  count: k === 13 ? 200 : 0,
  wins: k === 13 ? 120 : 0,
}));

describe("the lower bound of a win rate", () => {
  // Wilson's bound of 60 % is 0.509, 0.555, 0.580 and 0.591 at these counts (docs/risk.md 6.4); weights 1/2, 4/5, ..
  it.each([
    [50, 0.5 * 0.5094 + 0.5 * 0.3],
    [200, 0.8 * 0.555 + 0.2 * 0.3],
    [1_000, (1_000 * 0.58 + 50 * 0.3) / 1_050],
    [5_000, (5_000 * 0.591 + 50 * 0.3) / 5_050],
  ])("of 60 %% over %d rows, beside a base rate of 30 %%", (count, wanted) => {
    expect(winLowerBound({ wins: 0.6 * count, count }, 0.3)).toBeCloseTo(wanted, 3);
  });

  it("is the base rate without rows, half of it at the rows that weigh as much, and what was observed at most", () => {
    expect(winLowerBound({ wins: 0, count: 0 }, 0.41)).toBe(0.41);
    // 5 of 5: Wilson gives 5 / (5 + z^2) = 0.7527, which weighs 1/11.
    expect(winLowerBound({ wins: 5, count: 5 }, 0.4)).toBeCloseTo(0.7527 / 11 + (10 * 0.4) / 11, 4);
    expect(winLowerBound({ wins: BASE_RATE_ROWS, count: BASE_RATE_ROWS }, 0)).toBeCloseTo(
      0.5 * (50 / (50 + 1.6424)),
      4,
    );
    expect(winLowerBound({ wins: 0, count: 30 }, 0.4)).toBe(0);
    expect(winLowerBound({ wins: 3, count: 30 }, 0.9)).toBe(0.1);
  });

  it(`lies in 0..1, rises with wins, stays below the observed rate, and is drawn to the base rate by few rows (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    for (let round = 0; round < 5_000; round++) {
      const count = 1 + rng.int(rng.chance(0.5) ? 40 : 20_000);
      const wins = rng.int(count + 1);
      const baseRate = rng.next();
      const own = winLowerBound({ wins, count }, baseRate);
      expect(own).toBeGreaterThanOrEqual(0);
      expect(own).toBeLessThanOrEqual(wins / count);
      const richer = winLowerBound({ wins: Math.min(wins + 1, count), count }, baseRate);
      expect(richer).toBeGreaterThanOrEqual(own);
      // The bound of ten times as many rows of the same share lies no further below it.
      const more = winLowerBound({ wins: wins * 10, count: count * 10 }, baseRate);
      expect(baseRate > own || more >= own).toBe(true);
      const isFew = count <= 5 && baseRate <= wins / count;
      expect(!isFew || Math.abs(own - baseRate) < 0.1).toBe(true);
    }
  });
});

describe("the win probability of a score", () => {
  it("is that of its bin: from the lower limit on, below the upper one, 1 in the last", () => {
    const own = winProbabilityOf({ baseRate: 0.3, bins: BINS });
    const bound = winLowerBound({ wins: 120, count: 200 }, 0.3);
    expect(own?.(0.65)).toBe(bound);
    expect(own?.(0.6999)).toBe(bound);
    for (const score of [0.6499, 0.7, 0, 1]) expect(own?.(score)).toBe(0.3);
    for (const score of [-0.1, 1.1, Number.NaN]) expect(own?.(score)).toBe(0);
  });

  it("is none where nothing is proven", () => {
    expect(winProbabilityOf(null)).toBeNull();
  });

  it("makes Kelly's fraction: the bin that has won enough is approved, an empty one refused", () => {
    const winProbability = winProbabilityOf({ baseRate: 0.3, bins: BINS });
    const { receipt } = review(reviewInput({ winProbability }, { score: 0.68 }), DEFAULTS);
    expect(receipt.outcome).toBe("APPROVED");
    const p = winLowerBound({ wins: 120, count: 200 }, 0.3);
    expect(receipt.kelly).toEqual({ winProbability: p, fraction: p - (1 - p) / receipt.unit.b });
    const empty = review(reviewInput({ winProbability }, { score: 0.75 }), DEFAULTS).receipt;
    expect(empty).toMatchObject({ outcome: "KELLY", kelly: { winProbability: 0.3 } });
  });
});
