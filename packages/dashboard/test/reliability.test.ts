import { expect, it } from "vitest";
import { BIN_COUNT_MIN, verdictOf, wilson95 } from "../page/src/charts/reliability.ts";

const rounded = (wins: number, count: number): readonly number[] =>
  wilson95(wins, count).map((end) => Math.round(end * 1_000) / 1_000);

it("gives Wilson's interval of a share, inside 0 and 1 whatever came", () => {
  // E. B. Wilson (1927); the values of R's prop.test without correction.
  expect(rounded(8, 10)).toEqual([0.49, 0.943]);
  expect(rounded(50, 100)).toEqual([0.404, 0.596]);
  expect(rounded(0, 10)).toEqual([0, 0.278]);
  expect(rounded(10, 10)).toEqual([0.722, 1]);
  expect(rounded(1, 1)).toEqual([0.207, 1]);
});

it("judges a bin only where there are enough, and by its interval", () => {
  const bin = { lower: 0.6, upper: 0.65 };
  expect(verdictOf({ ...bin, count: BIN_COUNT_MIN - 1, wins: 0 })).toBe(null);
  expect(verdictOf({ ...bin, count: 100, wins: 30 })).toBe("fewer won");
  expect(verdictOf({ ...bin, count: 100, wins: 62 })).toBe("as promised");
  expect(verdictOf({ ...bin, count: 100, wins: 90 })).toBe("more won");
});
