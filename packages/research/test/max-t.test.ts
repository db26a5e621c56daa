import { Rng } from "@smcq/kernel";
import { type DailyResults, maxT, normalQuantile, VARIANT_BLOCKS_MIN } from "@smcq/research";
import { describe, expect, it } from "vitest";
import { nullFamilies } from "./null-families.ts";
import { seriesOf } from "./series.ts";

const OPTIONS = { blockDays: 1, seed: 7, unseen: 0, draws: 2_000 };

function scaled(daily: DailyResults, factor: number, shift: number): DailyResults {
  return { ...daily, sums: daily.sums.map((sum, k) => factor * sum + shift * (daily.counts[k] as number)) };
}

describe("the max-t correction", () => {
  it("is the plain one for a single variant: about 1.96 errors", () => {
    const { criticalT, variants } = maxT([seriesOf({ rng: new Rng(1), days: 400 })], OPTIONS);
    expect(criticalT).toBeCloseTo(1.96, 0);
    const [own] = variants;
    expect(own?.lower).toBeCloseTo((own?.mean ?? 0) - criticalT * (own?.error ?? 0), 12);
  });

  it("has the textbook's standard error of a mean", () => {
    const daily = { days: [], sums: [], counts: [] } as unknown as {
      days: number[];
      sums: number[];
      counts: number[];
    };
    for (let day = 0; day < 40; day++) {
      daily.days.push(day);
      daily.sums.push(day % 2 === 0 ? 1 : -1);
      daily.counts.push(1);
    }
    const [own] = maxT([daily], OPTIONS).variants;
    expect(own?.mean).toBe(0);
    expect(own?.error).toBeCloseTo(Math.sqrt(40 / 39 / 40), 12);
  });

  it("asks for what the best of so many independent variants shows by luck", () => {
    const rng = new Rng(2);
    const variants = Array.from({ length: 50 }, () => seriesOf({ rng, days: 300 }));
    expect(maxT(variants, OPTIONS).criticalT).toBeCloseTo(normalQuantile(0.975 ** (1 / 50)), 0);
  });

  it("asks for nothing more when a variant is tried again under other names", () => {
    const daily = seriesOf({ rng: new Rng(3), days: 300 });
    const clones = Array.from({ length: 50 }, () => daily);
    expect(maxT(clones, OPTIONS).criticalT).toBe(maxT([daily], OPTIONS).criticalT);
  });

  it("does not change with the unit of the results", () => {
    const daily = seriesOf({ rng: new Rng(4), days: 200 });
    const [one, ten] = [daily, scaled(daily, 10, 0)].map((own) => maxT([own], OPTIONS).variants[0]);
    expect(ten?.t).toBeCloseTo(one?.t ?? 0, 10);
  });

  it("counts variants that are not seen as independent ones", () => {
    const daily = seriesOf({ rng: new Rng(5), days: 300 });
    const of = (unseen: number): number => maxT([daily], { ...OPTIONS, unseen }).criticalT;
    expect(of(2_000)).toBeCloseTo(normalQuantile(0.975 ** (1 / 2_001)), 0);
    expect(of(200)).toBeGreaterThan(of(0));
    expect(of(20_000)).toBeGreaterThan(of(200));
    expect(maxT([daily], { ...OPTIONS, unseen: 9 }).tried).toBe(10);
  });

  it("says nothing of a variant with too few blocks, and counts it", () => {
    const rng = new Rng(6);
    const [long, short] = [seriesOf({ rng, days: 200 }), seriesOf({ rng, days: VARIANT_BLOCKS_MIN - 1 })];
    const both = maxT([long, short], OPTIONS);
    expect(both.variants[1]).toBeNull();
    expect(both.criticalT).toBeGreaterThan(maxT([long], OPTIONS).criticalT);
    expect(maxT([seriesOf({ rng, days: VARIANT_BLOCKS_MIN })], OPTIONS).variants[0]).not.toBeNull();
  });

  it("says nothing of a variant whose days are all alike", () => {
    const days = Array.from({ length: 60 }, (_, day) => day);
    const daily = { days, sums: days.map(() => 0.5), counts: days.map(() => 1) };
    expect(maxT([daily], OPTIONS).variants).toEqual([null]);
  });

  it("steps down: the second best is not held against the best", () => {
    const rng = new Rng(8);
    const best = scaled(seriesOf({ rng, days: 300 }), 1, 0.5);
    const second = scaled(seriesOf({ rng, days: 300 }), 1, 0.09);
    const { variants } = maxT([second, best], OPTIONS);
    const alone = maxT([second], OPTIONS).variants[0];
    expect(variants[1]?.adjustedP).toBeCloseTo(1 / 2_001, 6);
    expect(variants[0]?.adjustedP).toBeCloseTo(alone?.adjustedP ?? 1, 1);
    expect(variants[0]?.adjustedP ?? 0).toBeGreaterThanOrEqual(variants[1]?.adjustedP ?? 1);
  });

  it("lets at most one family in twenty of null variants show an edge", () => {
    expect(nullFamilies({ families: 120, variants: 40, days: 120, draws: 200, seed: 9 })).toBeLessThanOrEqual(
      0.05,
    );
  });

  it("finds an edge of 0.15 R among null variants", () => {
    const rng = new Rng(10);
    const nulls = Array.from({ length: 200 }, () => seriesOf({ rng, days: 180 }));
    const [edge] = maxT([seriesOf({ rng, days: 180, mean: 0.15 + 0.05 }), ...nulls], OPTIONS).variants;
    expect(edge?.lower).toBeGreaterThan(0);
    expect(edge?.adjustedP).toBeLessThan(0.025);
  });
});
