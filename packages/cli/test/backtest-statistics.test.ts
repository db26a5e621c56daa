import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { exposureSteps } from "../src/offline/backtest/report/exposure.ts";
import { calibrationOf, dailyReturns, histogramOf } from "../src/offline/backtest/report/statistics.ts";
import { expectancyOf } from "../src/offline/report/expectancy.ts";

const DAY_MS = 86_400_000;

describe("expectancy", () => {
  /** Trades of `days` days, whose days share a part of their luck. */
  function tradesOf(rng: Rng, days: number, mean: number): { entryMs: number; r: number }[] {
    return Array.from({ length: days }, (_, day) => {
      const common = rng.normal();
      const count = 1 + rng.int(9);
      return Array.from({ length: count }, () => ({
        entryMs: day * DAY_MS + rng.int(DAY_MS),
        r: mean + common + rng.normal(),
      }));
    }).flat();
  }

  it("is null without trades, and has no interval with a single day", () => {
    expect(expectancyOf([])).toBeNull();
    const one = expectancyOf([
      { entryMs: 5, r: 1 },
      { entryMs: DAY_MS - 1, r: -0.5 },
    ]);
    expect(one).toMatchObject({ trades: 2, days: 1, meanR: 0.25, interval95: null });
  });

  it("gives the same interval for the same seed, another one for another", () => {
    const trades = tradesOf(new Rng(1), 40, 0.1);
    expect(expectancyOf(trades, 7)).toEqual(expectancyOf(trades, 7));
    expect(expectancyOf(trades, 8)?.interval95).not.toEqual(expectancyOf(trades, 7)?.interval95);
    expect(expectancyOf(trades)).toMatchObject({ resamples: 2_000, trades: trades.length, days: 40 });
  });

  it("draws whole days: two days of one result each give only their mixtures", () => {
    const trades = [
      { entryMs: 0, r: -1 },
      { entryMs: 1, r: -1 },
      { entryMs: DAY_MS, r: 1 },
      { entryMs: DAY_MS + 1, r: 1 },
    ];
    expect(expectancyOf(trades)).toMatchObject({ meanR: 0, interval95: { lower: -1, upper: 1 } });
  });

  it("covers the true mean about 95 times in 100, though the trades of a day move together", () => {
    const rng = new Rng(2);
    let covered = 0;
    const runs = 200;
    for (let run = 0; run < runs; run++) {
      const interval = expectancyOf(tradesOf(rng, 50, 0.3), run)?.interval95;
      if (interval && interval.lower <= 0.3 && interval.upper >= 0.3) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.88);
    expect(covered / runs).toBeLessThan(0.99);
  });
});

describe("daily returns", () => {
  it("closes a day with the row of its midnight, and keeps a day without rows at 0", () => {
    const rows = [
      { timeMs: DAY_MS / 2, equity: 90 },
      { timeMs: DAY_MS, equity: 110 },
      { timeMs: 3 * DAY_MS, equity: 55 },
    ];
    const returns = dailyReturns(rows, { start: 100, fromMs: 0, endMs: 3 * DAY_MS });
    expect(returns.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0.1, 0, -0.5]);
  });

  it("begins on the day of the start, holds a broken last day, and ends where the equity is gone", () => {
    const rows = [{ timeMs: 2 * DAY_MS + 5, equity: 0 }];
    expect(dailyReturns(rows, { start: 100, fromMs: DAY_MS + 9, endMs: 9 * DAY_MS })).toEqual([0, -1]);
    expect(dailyReturns([], { start: 100, fromMs: 7, endMs: DAY_MS + 1 })).toEqual([0, 0]);
    expect(dailyReturns([], { start: 100, fromMs: 7, endMs: 0 })).toEqual([]);
  });
});

describe("the calibration", () => {
  it("puts a score on an edge into the bin above it, and 1 into the last bin", () => {
    const bins = calibrationOf([
      { score: 0.15 * 5, isWon: true },
      { score: 0.7, isWon: true },
      { score: 0.72, isWon: false },
      { score: 0.699, isWon: false },
      { score: 1, isWon: true },
      { score: 0.95, isWon: false },
    ]);
    expect(bins.map(({ scoreMin, trades, wonRatio }) => [scoreMin, trades, wonRatio])).toEqual([
      [0.65, 1, 0],
      [0.7, 2, 0.5],
      [0.75, 1, 1],
      [0.95, 2, 0.5],
    ]);
    expect(bins[1]?.meanScore).toBeCloseTo(0.71, 12);
    expect(calibrationOf([])).toEqual([]);
  });
});

describe("the histogram", () => {
  it("counts an edge to the bin above, and what lies outside to the outer bins", () => {
    const bins = { min: -1, width: 0.5, bins: 4 };
    expect(histogramOf([-1, -0.5, 0, 0.5], bins)).toEqual([1, 1, 1, 1]);
    expect(histogramOf([-7, -0.500_1, 0.999, 1, 40], bins)).toEqual([2, 0, 0, 3]);
    expect(histogramOf([], bins)).toEqual([0, 0, 0, 0]);
  });
});

describe("exposure", () => {
  it("adds up what is open, by the wallet of the moment, and is exactly 0 with nothing open", () => {
    const steps = exposureSteps(
      [
        { entryMs: 10, exitMs: 30, notional: 50, riskRatio: 0.01, pnl: -20 },
        { entryMs: 20, exitMs: 40, notional: 40, riskRatio: 0.02, pnl: 1 },
        { entryMs: 40, exitMs: 50, notional: 8.1, riskRatio: 0.001, pnl: 0 },
      ],
      100,
    );
    expect(steps.map(({ timeMs, openTrades }) => [timeMs, openTrades])).toEqual([
      [10, 1],
      [20, 2],
      [30, 1],
      [40, 1],
      [50, 0],
    ]);
    expect(steps.map(({ notionalRatio }) => Math.round(notionalRatio * 1e9) / 1e9)).toEqual([
      0.5, 0.9, 0.5, 0.1, 0,
    ]);
    expect(steps.at(-1)).toMatchObject({ notionalRatio: 0, riskRatio: 0 });
  });
});
