import { Rng } from "@smcq/kernel";
import { backtestOverfitting, bestDaysShare } from "@smcq/research";
import { describe, expect, it } from "vitest";
import { seriesOf } from "./series.ts";

describe("the probability of backtest overfitting", () => {
  it("is about one half where there is nothing to choose", () => {
    const rng = new Rng(1);
    let sum = 0;
    for (let family = 0; family < 20; family++) {
      const variants = Array.from({ length: 10 }, () => seriesOf({ rng, days: 96 }));
      sum += backtestOverfitting(variants)?.probability ?? 0;
    }
    expect(sum / 20).toBeGreaterThan(0.35);
    expect(sum / 20).toBeLessThan(0.65);
  });

  it("is 0 where one variant is better on all days", () => {
    const rng = new Rng(2);
    const variants = [2, 0, 0, 0].map((mean) => seriesOf({ rng, days: 60, mean }));
    const found = backtestOverfitting(variants);
    expect(found).toMatchObject({ probability: 0, splits: 924 });
    expect(found?.judgedR).toBeCloseTo(2, 0);
  });

  it("is 1 where whoever wins in one half loses in the other", () => {
    // The sums over all groups are the same, so that a half's best is the rest's worst.
    const days = Array.from({ length: 12 }, (_, day) => day);
    const counts = days.map(() => 1);
    const of = (first: number): readonly number[] => days.map((day) => (day < 6 ? first : -first));
    const variants = [1, -1].map((first) => ({ days, counts, sums: of(first) }));
    const found = backtestOverfitting(variants);
    // Where a half holds as many of either kind both variants are alike, and no better than the median.
    expect(found?.probability).toBe(1);
    expect(found?.chosenR ?? 0).toBeGreaterThan(found?.judgedR ?? 0);
  });

  it("is none for a single variant or fewer days than groups", () => {
    const daily = seriesOf({ rng: new Rng(3), days: 11 });
    expect(backtestOverfitting([daily, daily])).toBeNull();
    expect(backtestOverfitting([seriesOf({ rng: new Rng(3), days: 90 })])).toBeNull();
  });
});

describe("the share of the best five days", () => {
  it.each([
    [[5, 4, 3, 2, 1, 1, -1], 15 / 15],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0.5],
    [[9, -9], Infinity],
    [[-1], Infinity],
    [[2], 1],
  ])("of %j is %d", (sums, share) => {
    const days = sums.map((_, day) => day);
    expect(bestDaysShare({ days, sums, counts: sums.map(() => 1) })).toBeCloseTo(share, 12);
  });
});
