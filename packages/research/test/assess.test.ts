import { Rng } from "@smcq/kernel";
import {
  assess,
  type DailyResults,
  DAY_MS,
  choose,
  judge,
  type ProofFigures,
  type TimedResult,
  walkForwardFolds,
} from "@smcq/research";
import { describe, expect, it } from "vitest";
import { seriesOf } from "./series.ts";

const NOTHING = { known: [], unseen: 0 };
const GOOD: ProofFigures = {
  correctedLowerR: 0.01,
  gainingPeriods: 3,
  days: 120,
  trades: 500,
  bestDaysShare: 0.5,
};

/** Three stretches of days with an edge, far from one another. */
function threePeriods(mean: number, days = 60): DailyResults {
  const rng = new Rng(3);
  const parts = [0, 100, 200].map((at) => seriesOf({ rng, days, fromDay: 20_000 + at, mean }));
  return {
    days: parts.flatMap((part) => part.days),
    sums: parts.flatMap((part) => part.sums),
    counts: parts.flatMap((part) => part.counts),
  };
}

describe("the verdict", () => {
  it("is proven at the edge of every condition", () => {
    expect(judge(GOOD)).toMatchObject({ status: "proven" });
  });

  it.each([
    ["correctedLowerR", { correctedLowerR: 0 }],
    ["correctedLowerR", { correctedLowerR: null }],
    ["gainingPeriods", { gainingPeriods: 2 }],
    ["days", { days: 119 }],
    ["trades", { trades: 499 }],
    ["bestDaysShare", { bestDaysShare: 0.501 }],
    ["bestDaysShare", { bestDaysShare: null }],
  ])("is unproven for want of %s: %j", (name, change) => {
    const { status, conditions } = judge({ ...GOOD, ...change });
    expect(status).toBe("unproven");
    expect(conditions.filter(({ isMet }) => !isMet).map((condition) => condition.name)).toEqual([name]);
  });
});

describe("an assessment", () => {
  it("proves an edge on three periods", () => {
    const [own] = assess([threePeriods(0.2)], NOTHING, 1);
    expect(own?.verdict.status).toBe("proven");
    expect(own?.periods.map(({ days }) => days)).toEqual([60, 60, 60]);
  });

  it("proves nothing of the same edge on one of the periods", () => {
    const rng = new Rng(4);
    const [own] = assess([seriesOf({ rng, days: 90, mean: 0.3 })], NOTHING, 1);
    expect(own?.corrected[0]?.lower).toBeGreaterThan(0);
    expect(own?.verdict.status).toBe("unproven");
  });

  it("takes the proof back when very many variants were tried", () => {
    const daily = threePeriods(0.13);
    const lower = (unseen: number): number =>
      assess([daily], { known: [], unseen }, 1)[0]?.figures.correctedLowerR ?? 0;
    expect(lower(0)).toBeGreaterThan(0);
    expect(lower(50_000)).toBeLessThan(lower(0));
  });

  it("counts what was tried before like what is tried now", () => {
    const rng = new Rng(5);
    const before = Array.from({ length: 30 }, () => seriesOf({ rng, days: 160 }));
    const daily = threePeriods(0.1);
    const [alone] = assess([daily], NOTHING, 1);
    const [among] = assess([daily], { known: before, unseen: 0 }, 1);
    expect(among?.figures.correctedLowerR).toBeLessThan(alone?.figures.correctedLowerR ?? 0);
  });

  it("gives the same words for the same seed", () => {
    const daily = threePeriods(0.1);
    expect(assess([daily], NOTHING, 8)).toEqual(assess([daily], NOTHING, 8));
  });

  it("says so where there is nothing", () => {
    const [own] = assess([{ days: [], sums: [], counts: [] }], NOTHING, 1);
    expect(own).toMatchObject({ intervals: [null, null], corrected: [null, null], periods: [] });
    expect(own?.verdict.status).toBe("unproven");
  });
});

describe("choosing the best variant", () => {
  const GUARD = { holdMs: 7_200_000, embargoMs: DAY_MS };
  const days = Array.from({ length: 40 }, (_, day) => day);
  const resultsOf = (meanOf: (day: number) => number): TimedResult[] =>
    days.flatMap((day) =>
      Array.from({ length: 10 }, (_, k) => {
        const t0Ms = day * DAY_MS + k * 3_600_000;
        return { t0Ms, t1Ms: t0Ms + 3_600_000, r: meanOf(day) };
      }),
    );

  it("takes the one that was better before, and is judged by what it does then", () => {
    const variants = [resultsOf((day) => (day < 20 ? 1 : -1)), resultsOf(() => 0.5)];
    const choices = choose(variants, walkForwardFolds(days, 3), GUARD);
    expect(choices.map(({ chosen }) => chosen)).toEqual([0, 0, 1]);
    expect(choices.map(({ testedR }) => testedR)).toEqual([1, -1, 0.5]);
  });

  it("trades nothing where everything has lost", () => {
    const choices = choose([resultsOf(() => -0.1)], walkForwardFolds(days, 3), GUARD);
    expect(choices.every(({ chosen, trades }) => chosen === null && trades === 0)).toBe(true);
  });
});
