import type { RiskMetrics } from "@smcq/engine";
import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { HEAT_SAMPLES_MAX, RiskWatch } from "../src/offline/backtest/risk-watch.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function metricsOf(heat: number, more: Partial<RiskMetrics> = {}): RiskMetrics {
  const usage = { ratio: heat, cap: 0.03 };
  return {
    dayLossRatio: -0.01,
    dailyFactor: 1,
    isDayStopped: false,
    drawdownRatio: 0,
    drawdownFactor: 1,
    atMs: 0,
    walletE8: 0n,
    unrealisedE8: 0n,
    equityE8: 0n,
    heat: usage,
    longHeat: usage,
    shortHeat: usage,
    gross: usage,
    margins: usage,
    openPositions: 1,
    pendingEntries: 2,
    openOrders: 3,
    unknownOrders: 0,
    state: "ACTIVE",
    reasons: [],
    streakStops: 0,
    pausedUntilMs: 0,
    locks: [],
    entriesInMinute: 0,
    ...more,
  };
}

describe("the risk of a run", () => {
  it("keeps the worst of each figure by itself, and the last ones", () => {
    const watch = new RiskWatch();
    watch.sample(1, metricsOf(0.02, { dayLossRatio: 0.03 }));
    watch.sample(2, metricsOf(0.01, { drawdownRatio: 0.04 }));
    const { last, worst } = watch.summary(metricsOf(0));
    expect(worst).toMatchObject({
      heatRatio: 0.02,
      grossRatio: 0.02,
      dayLossRatio: 0.03,
      drawdownRatio: 0.04,
    });
    expect(last).toMatchObject({ heatRatio: 0, dayLossRatio: -0.01, openPositions: 1, pendingEntries: 2 });
  });

  it("has no number for what is at risk with no equity left", () => {
    const watch = new RiskWatch();
    watch.sample(1, metricsOf(Number.POSITIVE_INFINITY));
    const { worst } = watch.summary(metricsOf(0));
    expect(worst).toMatchObject({ heatRatio: null, marginsRatio: null, dayLossRatio: 0 });
  });

  it(`keeps heat over time in a bounded number of samples, with every peak (seed ${seed})`, () => {
    const rng = new Rng(seed);
    const watch = new RiskWatch();
    let peak = 0;
    for (let timeMs = 0; timeMs < 5 * HEAT_SAMPLES_MAX; timeMs++) {
      const ratio = rng.next();
      peak = Math.max(peak, ratio);
      watch.sample(timeMs, metricsOf(ratio));
    }
    const { heat } = watch;
    expect(heat.length).toBeLessThanOrEqual(HEAT_SAMPLES_MAX);
    expect(heat.length).toBeGreaterThan(HEAT_SAMPLES_MAX / 4);
    expect(Math.max(...heat.map(({ ratio }) => ratio))).toBe(peak);
    expect(heat.every(({ timeMs }, at) => at === 0 || timeMs > (heat[at - 1]?.timeMs ?? 0))).toBe(true);
  });
});
