import { describe, expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { SICK_MARKET, runSickMarket } from "../support/sick-market.ts";

/** Campaigns of an hour of venue time each, with further faults; a failure names its seed. */
const CAMPAIGNS = [
  { symbols: 297, speed: 30, faults: `${SICK_MARKET},NW02=900s,NW06=50ms:200ms,NW12=1100s` },
  { symbols: 150, speed: 60, faults: `${SICK_MARKET},NW08=1200s:120s,NW09=1500s:90s` },
  { symbols: 60, speed: 60, faults: `${SICK_MARKET},NW10=900s:600s` },
] as const;

describe("BinanceFeed through an hour of a sick market", () => {
  for (const [index, campaign] of CAMPAIGNS.entries())
    it(`gives every bar of ${campaign.symbols} symbols once, in order, equal to the venue's (${index})`, async () => {
      const result = await runSickMarket({
        ...campaign,
        seed: seed + index,
        minutes: 60,
        updatesPerSecondWall: 1.5,
      });
      expect(result.different).toEqual([]);
      expect(result.behind).toEqual([]);
      expect(result.violations).toEqual([]);
      expect(result.resets).toBe(0);
      const { stats } = result;
      expect(stats.usedWeightMax).toBeLessThanOrEqual(stats.weightLimit * 0.8);
      expect([stats.replies429, stats.replies418, stats.unexpected]).toEqual([0, 0, 0]);
    });
});

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
