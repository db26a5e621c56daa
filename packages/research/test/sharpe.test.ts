import { describe, expect, it } from "vitest";
import {
  deflatedSharpeOf,
  luckSharpeOf,
  momentsOf,
  normalCdf,
  normalQuantile,
  sharpeProbability,
} from "@smcq/research";

describe("the normal distribution", () => {
  it.each([
    [0, 0.5],
    [1, 0.841_344_746_068_542_9],
    [-1.96, 0.024_997_895_148_220_435],
    [3, 0.998_650_101_968_369_9],
    [-9, 0],
    [9, 1],
  ])("has at %s the share %s below", (x, share) => {
    expect(normalCdf(x)).toBeCloseTo(share, 14);
  });

  it("gives back the x of a share, and refuses what is no share", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959_963_984_540_054, 10);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 12);
    expect(normalQuantile(1e-6)).toBeCloseTo(-4.753_424_308_822_899, 8);
    for (const share of [0, 1, -1, Number.NaN]) expect(() => normalQuantile(share)).toThrow(RangeError);
  });
});

describe("the deflated Sharpe ratio", () => {
  it("is that of the paper's example: 100 trials, 1,250 days, a ratio of 2.5 a year", () => {
    const luck = luckSharpeOf(100, 1 / 2 / 250);
    expect(luck).toBeCloseTo(0.1132, 4);
    const moments = { count: 1_250, sharpe: 2.5 / Math.sqrt(250), skewness: -3, kurtosis: 10 };
    expect(sharpeProbability(moments, luck)).toBeCloseTo(0.9004, 4);
    expect(sharpeProbability(moments, luckSharpeOf(46, 1 / 2 / 250))).toBeCloseTo(0.9505, 4);
    // The paper's comparison: normal returns would have stood 88 trials.
    const normal = { ...moments, skewness: 0, kurtosis: 3 };
    expect(sharpeProbability(normal, luckSharpeOf(88, 1 / 2 / 250))).toBeCloseTo(0.9505, 3);
  });

  it("takes moments that can be reckoned by hand", () => {
    const moments = momentsOf([0.01, 0.02, 0.03, 0.04]);
    expect(moments?.sharpe).toBeCloseTo(0.025 / Math.sqrt(5e-4 / 3), 10);
    expect(moments?.skewness).toBeCloseTo(0, 10);
    expect(moments?.kurtosis).toBeCloseTo(2.5625 / 1.25 ** 2, 10);
  });

  it("is null with fewer than ten days, and where nothing moves", () => {
    const returns = Array.from({ length: 10 }, (_, day) => (day % 3) / 100);
    expect(deflatedSharpeOf(returns.slice(1), 1)).toBeNull();
    expect(deflatedSharpeOf(returns, 1)?.count).toBe(10);
    expect(deflatedSharpeOf(Array(20).fill(0), 1)).toBeNull();
    expect(deflatedSharpeOf(Array(20).fill(0.1), 1)).toBeNull();
  });

  it("falls with the number of trials, and is a share of one up to a million", () => {
    const returns = Array.from({ length: 60 }, (_, day) => Math.sin(day) / 100 + 0.003);
    const probabilities = [1, 2, 10, 1_000, 1_000_000].map(
      (trials) => deflatedSharpeOf(returns, trials)?.probability ?? Number.NaN,
    );
    for (const [index, probability] of probabilities.entries()) {
      expect(probability).toBeGreaterThanOrEqual(0);
      expect(probability).toBeLessThan(probabilities[index - 1] ?? 1);
    }
  });
});
