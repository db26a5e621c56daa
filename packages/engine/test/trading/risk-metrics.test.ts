import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import type { RiskMetrics } from "../../src/index.ts";
import { capFaults } from "../support/cap-faults.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { RISK, START_E8 } from "../support/fixtures.ts";
import { randomRun, VenueRun } from "../support/venue-run.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function metricsOf(driver: CoreDriver): RiskMetrics {
  return driver.core.getRiskMetrics();
}

/** 32.6 units at 100 that lose 0.625 and costs: fee 0.05 % and slippage 0.02 % of entry and of the stop at 99.37. */
const LOSS = 0.625 + 0.0007 * 100 + 0.0007 * 99.37;

describe("the risk metrics", () => {
  it("of a core that holds nothing are its wallet, its caps, and nothing", () => {
    expect(metricsOf(new CoreDriver())).toMatchObject({
      walletE8: START_E8,
      equityE8: START_E8,
      unrealisedE8: 0n,
      dayLossRatio: 0,
      dailyFactor: 1,
      drawdownRatio: 0,
      drawdownFactor: 1,
      heat: { ratio: 0, cap: RISK.heatRatioMax },
      longHeat: { ratio: 0, cap: RISK.directionHeatRatioMax },
      shortHeat: { ratio: 0, cap: RISK.directionHeatRatioMax },
      gross: { ratio: 0, cap: RISK.grossRatioMax },
      margins: { ratio: 0, cap: RISK.marginsRatioMax },
      openPositions: 0,
      pendingEntries: 0,
      openOrders: 0,
      unknownOrders: 0,
      state: "ACTIVE",
      reasons: [],
      streakStops: 0,
      pausedUntilMs: 0,
      locks: [],
      entriesInMinute: 0,
    });
  });

  it("count an entry whole from its approval on, and what is held by its stop", () => {
    const driver = new CoreDriver(2, {}, { isVenueRemote: false });
    driver.enter();
    const pending = metricsOf(driver);
    expect(pending).toMatchObject({ openPositions: 0, pendingEntries: 1, openOrders: 1, entriesInMinute: 1 });
    expect(pending.heat.ratio).toBeCloseTo((32.6 * LOSS) / 10_000, 9);
    expect(pending.longHeat.ratio).toBe(pending.heat.ratio);
    expect(pending.shortHeat.ratio).toBe(0);
    expect(pending.gross.ratio).toBeCloseTo(0.326, 12);
    expect(pending.margins.ratio).toBeCloseTo(0.0326, 12);
    driver.outcome("entry", { type: "unknown", text: "timeout" });
    expect(metricsOf(driver).unknownOrders).toBe(1);
    driver.fill("entry");
    driver.ack("stop");
    driver.minute("99.9");
    const held = metricsOf(driver);
    expect(held).toMatchObject({ openPositions: 1, pendingEntries: 0, openOrders: 2, unknownOrders: 0 });
    // From the mark of 99.9 to the stop at 99.39, and what leaving there costs.
    const E = Number(held.equityE8) / 1e8;
    expect(held.heat.ratio).toBeCloseTo((32.6 * (99.9 - 99.39 + 0.0007 * 99.39)) / E, 9);
    expect(held.gross.ratio).toBeCloseTo((32.6 * 99.9) / E, 9);
    expect(held.margins.ratio).toBeCloseTo((32.6 * 100.02) / 10 / E, 9);
    expect(held.dayLossRatio).toBeCloseTo((10_000 - E) / 10_000, 12);
    expect(held.unrealisedE8).toBeLessThan(0n);
    expect(held.equityE8).toBe(held.walletE8 + held.unrealisedE8);
  });

  it("tell of streaks, locks and pauses, and of the state with its reasons", () => {
    const driver = new CoreDriver(1, { streakStops: 2 });
    for (let stop = 0; stop < 2; stop++) {
      driver.enterFilled();
      driver.ack("stop");
      driver.fill("stop", { ticks: 9_937, status: "finished" });
      driver.end("target");
    }
    const { nowMs } = driver;
    expect(metricsOf(driver)).toMatchObject({
      streakStops: 2,
      pausedUntilMs: nowMs + RISK.streakMs,
      locks: [{ symbolId: symbolId(0), untilMs: nowMs + RISK.symbolLockMs }],
    });
    driver.nowMs += RISK.streakMs;
    driver.put({ type: "time" });
    expect(metricsOf(driver)).toMatchObject({ pausedUntilMs: 0, atMs: driver.nowMs });
    driver.nowMs += RISK.symbolLockMs - RISK.streakMs;
    driver.put({ type: "time" });
    expect(metricsOf(driver).locks).toEqual([]);
    driver.guard();
    driver.minute("60");
    expect(metricsOf(driver)).toMatchObject({ state: "HALTED", reasons: ["drawdown"], isDayStopped: true });
    expect(metricsOf(driver).drawdownFactor).toBeLessThan(RISK.drawdownFactorMin);
  });

  it("are infinite where something is at risk and no equity is left", () => {
    const driver = new CoreDriver();
    driver.guard();
    const income = { incomeId: "1", type: "transfer", symbolId: null, amountE8: -START_E8 } as const;
    driver.put({ type: "income", income: { ...income, timeMs: driver.nowMs } });
    const { heat, gross, margins } = metricsOf(driver);
    for (const { ratio } of [heat, gross, margins]) expect(ratio).toBe(Number.POSITIVE_INFINITY);
  });

  it(`change nothing when they are read, and hold every cap where an entry was approved (seed ${seed})`, () => {
    let approvals = 0;
    for (let round = 0; round < 40; round++) {
      const options = randomRun(seed + round);
      const faults: string[] = [];
      const watched = new VenueRun({
        ...options,
        onTurn: (_, commands, core) => {
          const own = core.getRiskMetrics();
          if (own.equityE8 !== own.walletE8 + own.unrealisedE8) faults.push("equity");
          faults.push(...capFaults(commands, own));
          if (commands.some(({ type }) => type === "set-leverage")) approvals++;
        },
      }).run();
      expect(faults, `seed ${seed + round}`).toEqual([]);
      expect(watched.record, `seed ${seed + round}`).toBe(new VenueRun(options).run().record);
      expect(watched.core.getRiskMetrics()).toMatchObject({ openPositions: 0, openOrders: 0 });
    }
    expect(approvals).toBeGreaterThan(100);
  });
});
