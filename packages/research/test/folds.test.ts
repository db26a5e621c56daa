import { Rng } from "@smcq/kernel";
import {
  combinatorialFolds,
  DAY_MS,
  dailyResults,
  type Fold,
  isTested,
  isTraining,
  periodsOf,
  rangesOf,
  sharedDays,
  utcDay,
  walkForwardFolds,
} from "@smcq/research";
import { describe, expect, it } from "vitest";

const HOUR_MS = 3_600_000;
const GUARD = { holdMs: 2 * HOUR_MS, embargoMs: DAY_MS };
const DAYS = Array.from({ length: 30 }, (_, k) => 20_000 + k);

describe("folds by calendar", () => {
  const folds: [string, Fold[]][] = [
    ["walk-forward", walkForwardFolds(DAYS, 5)],
    ["combinatorial", combinatorialFolds(DAYS, { groups: 6, testGroups: 2 })],
  ];
  it.each(folds)("keeps what teaches an embargo away from what is judged: %s", (_, own) => {
    const rng = new Rng(11);
    for (let round = 0; round < 400; round++) {
      const t0Ms = DAYS[0]! * DAY_MS + rng.int(30 * 24 * 60) * 60_000;
      const row = { t0Ms, t1Ms: t0Ms + (1 + rng.int(120)) * 60_000, r: 0 };
      for (const fold of own) {
        const isTaught = isTraining(fold, row, GUARD);
        expect(isTaught && isTested(fold, row)).toBe(false);
        if (!isTaught) continue;
        for (const { fromDay, toDay } of fold.test) {
          const lastLabelMs = (toDay + 1) * DAY_MS + GUARD.holdMs;
          expect(row.t1Ms + DAY_MS <= fromDay * DAY_MS || row.t0Ms >= lastLabelMs + DAY_MS).toBe(true);
        }
      }
    }
  });

  it("has all symbols of a day on one side", () => {
    const [fold] = walkForwardFolds(DAYS, 4) as [Fold];
    for (const day of DAYS) {
      const sides = [0, 5, 23.9].map((hour) => isTested(fold, { t0Ms: day * DAY_MS + hour * HOUR_MS }));
      expect(new Set(sides).size).toBe(1);
    }
  });

  it("judges every day once in a walk, but for those that teach first", () => {
    const tested = walkForwardFolds(DAYS, 5).flatMap(({ test }) =>
      DAYS.filter((day) => test.some(({ fromDay, toDay }) => day >= fromDay && day <= toDay)),
    );
    expect(tested).toEqual(DAYS.slice(5));
  });

  it("combines every choice of groups", () => {
    const folds = combinatorialFolds(DAYS, { groups: 6, testGroups: 2 });
    expect(folds).toHaveLength(15);
    for (const day of DAYS)
      expect(folds.filter((fold) => isTested(fold, { t0Ms: day * DAY_MS }))).toHaveLength(5);
  });

  it("teaches nothing of later days in a walk", () => {
    const [fold] = walkForwardFolds(DAYS, 5) as [Fold];
    const lateMs = 20_029 * DAY_MS;
    expect(isTraining(fold, { t0Ms: lateMs, t1Ms: lateMs + HOUR_MS }, GUARD)).toBe(false);
  });

  it("refuses more groups than days", () => {
    expect(() => walkForwardFolds(DAYS.slice(0, 5), 5)).toThrow(/6 groups need at least as many days/);
  });
});

describe("periods of the calendar", () => {
  it.each([
    [[0, 1, 2, 9, 10], [[0, 10]]],
    [
      [0, 1, 2, 10, 11],
      [
        [0, 2],
        [10, 11],
      ],
    ],
    [[5], [[5, 5]]],
    [[], []],
  ])("splits %j where nothing came for more than a week", (days, ranges) => {
    expect(periodsOf(days).map(({ fromDay, toDay }) => [fromDay, toDay])).toEqual(ranges);
  });

  it("cuts a long stretch into equal parts of a quarter at most", () => {
    const year = Array.from({ length: 365 }, (_, day) => day);
    const lengths = periodsOf(year).map(({ fromDay, toDay }) => toDay - fromDay + 1);
    expect(lengths).toEqual([91, 92, 91, 91]);
  });
});

describe("the calendar rule", () => {
  const trained = [{ fromDay: 100, toDay: 110 }];
  it.each([
    [[95, 99], [99]],
    [[105], [105]],
    [[111, 112], [111]],
    [[98, 112], []],
  ])("finds in %j the days that a model knows", (judged, shared) => {
    expect(sharedDays(trained, judged, 1)).toEqual(shared);
  });

  it("takes neighbouring days together", () => {
    expect(rangesOf([1, 2, 3, 7, 9, 10])).toEqual([
      { fromDay: 1, toDay: 3 },
      { fromDay: 7, toDay: 7 },
      { fromDay: 9, toDay: 10 },
    ]);
  });
});

describe("results by day", () => {
  it("adds up by the candidate's UTC day, in whatever order they come", () => {
    const at = (day: number, hour: number, r: number): { t0Ms: number; r: number } => ({
      t0Ms: day * DAY_MS + hour * HOUR_MS,
      r,
    });
    expect(dailyResults([at(2, 0, 1), at(1, 23.99, -1), at(1, 0, 0.5)])).toEqual({
      days: [1, 2],
      sums: [-0.5, 1],
      counts: [2, 1],
    });
    expect(utcDay(2 * DAY_MS - 1)).toBe(1);
  });
});
