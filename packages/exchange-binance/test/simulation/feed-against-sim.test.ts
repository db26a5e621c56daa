import { describe, expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { SICK_MARKET, runSickMarket } from "../support/sick-market.ts";

console.info(`seed ${seed}`);

describe("BinanceFeed in a sick market", () => {
  it("gives every bar of 60 symbols once, in order, equal to what the venue finally serves", async () => {
    const result = await runSickMarket({
      seed,
      symbols: 60,
      speed: 60,
      minutes: 12,
      updatesPerSecondWall: 4,
      faults: SICK_MARKET,
    });
    expect(result.different).toEqual([]);
    expect(result.behind).toEqual([]);
    expect(result.violations).toEqual([]);
    expect(result.resets).toBe(0);
    const { stats } = result;
    expect(stats.usedWeightMax).toBeLessThanOrEqual(stats.weightLimit * 0.8);
    expect([stats.replies429, stats.replies418, stats.unexpected, stats.connections.closed1008]).toEqual([
      0, 0, 0, 0,
    ]);
    for (const counter of ["Duplicates", "BadFrames", "BadBars", "Unknown", "ClockFaults"] as const)
      expect([counter, result.count(counter) > 0]).toEqual([counter, true]);
  });
});
