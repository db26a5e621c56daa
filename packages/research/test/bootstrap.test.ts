import { Rng } from "@smcq/kernel";
import { blockInterval, type DailyResults } from "@smcq/research";
import { describe, expect, it } from "vitest";
import { seriesOf } from "./series.ts";

describe("the interval of a mean by blocks of days", () => {
  it("is what can be computed by hand for two days", () => {
    // The means 1, 2 and 3 come with chances of 1/4, 1/2 and 1/4.
    const daily: DailyResults = { days: [3, 9], sums: [2, 6], counts: [2, 2] };
    expect(blockInterval(daily, { blockDays: 1, seed: 1 })).toEqual({
      mean: 2,
      lower: 1,
      upper: 3,
      blocks: 2,
    });
  });

  it("weighs days by their trades", () => {
    const daily: DailyResults = { days: [3, 9], sums: [1, 9], counts: [1, 3] };
    expect(blockInterval(daily, { blockDays: 1, seed: 1 })).toMatchObject({ mean: 2.5, lower: 1, upper: 3 });
  });

  it.each([
    [{ days: [], sums: [], counts: [] }, 1],
    [{ days: [3], sums: [1], counts: [1] }, 1],
    [{ days: [3, 4], sums: [1, 2], counts: [1, 1] }, 3],
  ])("is none with fewer than two blocks: %j", (daily, blockDays) => {
    expect(blockInterval(daily, { blockDays, seed: 1 })).toBeNull();
  });

  it.each([1, 3])("holds the true mean about 95 times of 100, by blocks of %i days", (blockDays) => {
    const rng = new Rng(5);
    let held = 0;
    for (let family = 0; family < 300; family++) {
      const daily = seriesOf({ rng, days: 120, mean: 0.1 });
      const found = blockInterval(daily, { blockDays, seed: family, resamples: 200 });
      if (found !== null && found.lower <= 0.1 && found.upper >= 0.1) held++;
    }
    expect(held / 300).toBeGreaterThan(0.9);
    expect(held / 300).toBeLessThan(0.985);
  });

  it("widens where days depend on the days before, and only the longer blocks see it", () => {
    const rng = new Rng(6);
    const shared = Array.from({ length: 80 }, () => rng.normal());
    const daily: DailyResults = {
      days: Array.from({ length: 240 }, (_, day) => day),
      sums: Array.from({ length: 240 }, (_, day) => shared[Math.floor(day / 3)] as number),
      counts: Array.from({ length: 240 }, () => 1),
    };
    const width = (blockDays: number): number => {
      const { lower = 0, upper = 0 } = blockInterval(daily, { blockDays, seed: 1 }) ?? {};
      return upper - lower;
    };
    expect(width(3) / width(1)).toBeCloseTo(Math.sqrt(3), 0);
  });
});
