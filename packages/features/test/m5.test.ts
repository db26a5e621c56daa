import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import type { Bar } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { detect } from "@smcq/smc";
import { M5Aggregator } from "../src/m5-aggregator.ts";
import { fixtureFlat, flatOf, Lane, barsOf, testRng, tickWalk } from "./support.ts";

/** M5 bars of the whole buckets of M1 bars, in plain code. */
function m5Of(bars: readonly Bar[]): Bar[] {
  const buckets = Map.groupBy(bars, ({ openTimeMs }) => openTimeMs - (openTimeMs % (5 * MINUTE_MS)));
  return [...buckets]
    .filter(([, minutes]) => minutes.length === 5)
    .map(([openTimeMs, minutes]) => ({
      openTimeMs,
      open: minutes[0]!.open,
      high: Math.max(...minutes.map(({ high }) => high)),
      low: Math.min(...minutes.map(({ low }) => low)),
      close: minutes[4]!.close,
      volume: minutes.reduce((sum, { volume }) => sum + volume, 0),
    }));
}

function openAggregator(): M5Aggregator {
  const aggregator = new M5Aggregator(new ArrayBuffer(M5Aggregator.CARRY_BYTES));
  aggregator.attach(0);
  aggregator.reset();
  return aggregator;
}

describe("M5 bars made of M1 bars", () => {
  it("follow the structure of the plainly aggregated bars, whatever minute the stream starts at", () => {
    const rng = testRng("m5 starts");
    for (let round = 0; round < 15; round++) {
      const bars = tickWalk(rng, 1_500, 1_000 + round);
      const aggregator = openAggregator();
      for (const { openTimeMs, high, low, close } of bars)
        aggregator.pushMinute(openTimeMs / MINUTE_MS, high, low, close);
      const m5 = m5Of(bars);
      expect(aggregator.barCount).toBe(m5.length);
      expect(aggregator.trend).toBe(detect(m5).trend);
    }
  });

  it("are dropped when a minute is missing, and the next whole one counts again", () => {
    const rng = testRng("m5 holes");
    for (let round = 0; round < 15; round++) {
      const bars = tickWalk(rng, 2_000, 77).filter(() => !rng.chance(0.03));
      const aggregator = openAggregator();
      for (const { openTimeMs, high, low, close } of bars)
        aggregator.pushMinute(openTimeMs / MINUTE_MS, high, low, close);
      const m5 = m5Of(bars);
      expect(m5.length).toBeLessThan(395);
      expect(aggregator.barCount).toBe(m5.length);
      expect(aggregator.trend).toBe(detect(m5).trend);
    }
  });

  it("close with their fifth minute, not before", () => {
    const aggregator = openAggregator();
    const counts = [100, 101, 102, 103, 104, 105].map((minute) => {
      aggregator.pushMinute(minute, 2, 1, 1.5);
      return aggregator.barCount;
    });
    expect(counts).toEqual([0, 0, 0, 0, 1, 1]);
  });
});

describe("seeding M5", () => {
  it("with M5 bars of the same history leaves the very bytes that streaming it leaves", () => {
    const rng = testRng("m5 seeding");
    for (let round = 0; round < 30; round++) {
      const count = 400 + rng.int(1_600);
      const bars = tickWalk(rng, count, 10_000 + rng.int(5));
      const flat = flatOf(bars);
      const streamed = new Lane();
      streamed.run(flat, 0, count);
      const seeded = new Lane();
      seeded.carry.set(streamed.carry);
      seeded.scanner.reseedM5(flatOf(m5Of(bars)), flatOf(bars.slice(-512)));
      expect(seeded.carry).toEqual(streamed.carry);
    }
  });

  it("with the venue's 499 bars gives the same trend and candidates as the whole history on real bars", () => {
    const flat = fixtureFlat("BTCUSDT");
    const streamed = new Lane();
    const expected = streamed.run(flat, 0, 10_000).filter((found) => Number.parseInt(found, 10) >= 5_003);
    const seeded = new Lane();
    seeded.run(flat, 5_003 - 400, 5_003);
    const m5 = m5Of(barsOf(flat, 0, 5_003)).slice(-499);
    const before = seeded.scanner.m5BarCount;
    seeded.scanner.reseedM5(flatOf(m5), flat.subarray((5_003 - 400) * BAR_FIELDS, 5_003 * BAR_FIELDS));
    expect(before).toBeLessThan(81);
    expect(seeded.scanner.m5BarCount).toBe(499);
    // A warm start and a whole history agree from here on, but for a rest that began before it.
    const found = seeded.run(flat, 5_003, 10_000);
    expect(found.slice(-100)).toEqual(expected.slice(-100));
    expect(seeded.scanner.m5Trend).toBe(streamed.scanner.m5Trend);
  });

  it("leaves out a bar that closed after the last scanned minute, and starts the open one from the minutes", () => {
    const rng = testRng("m5 ahead");
    const bars = tickWalk(rng, 903, 20_000);
    const flat = flatOf(bars);
    const lane = new Lane();
    lane.run(flat, 0, 902);
    const ahead = m5Of([...bars, ...tickWalk(rng, 10, 20_903)]);
    const streamed = lane.carry.slice();
    lane.scanner.reseedM5(flatOf(ahead), flat);
    expect(lane.carry).toEqual(streamed);
  });

  it("refuses M5 bars that are not aligned or do not ascend", () => {
    const lane = new Lane();
    lane.run(flatOf(tickWalk(testRng("m5 order"), 50)), 0, 50);
    const bar = [1, 1, 1, 1, 1];
    expect(() => lane.scanner.reseedM5(Float64Array.of(60_000, ...bar), new Float64Array(0))).toThrow(
      "aligned",
    );
    expect(() =>
      lane.scanner.reseedM5(Float64Array.of(300_000, ...bar, 0, ...bar), new Float64Array(0)),
    ).toThrow("ascend");
  });
});
