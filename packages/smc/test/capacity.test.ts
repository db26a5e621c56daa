import type { Bar } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { detect } from "@smcq/smc";
import { openStream, Series } from "./support.ts";

interface Peaks {
  gaps: number;
  pools: number;
  blocks: number;
}

/** Runs the bars, holds the oracle against the events, and returns the most objects alive at once. */
function peaksOf(bars: readonly Bar[]): Peaks {
  const stream = openStream();
  const peaks: Peaks = { gaps: 0, pools: 0, blocks: 0 };
  for (const bar of bars) {
    stream.push(bar);
    const { gaps, pools, blocks } = stream.detector;
    peaks.gaps = Math.max(peaks.gaps, gaps.count);
    peaks.pools = Math.max(peaks.pools, pools.count);
    peaks.blocks = Math.max(peaks.blocks, blocks.count);
  }
  expect(stream.events).toEqual(detect(bars).events);
  return peaks;
}

/** Six bars a step: a displacement to a new high or low, then five small bars against it. */
function staircase(series: Series, from: number, steps: number, dir: 1 | -1): number {
  let price = from;
  for (let step = 0; step < steps; step++) {
    const far = price + dir * 10;
    const [above, below] = dir > 0 ? [0.5, 0.2] : [0.2, 0.5];
    series.add(price, Math.max(price, far) + above, Math.min(price, far) - below, far);
    price = far;
    for (let k = 0; k < 5; k++) {
      const open = price + dir * 0.2;
      series.add(open, Math.max(open, price) + 0.1, Math.min(open, price) - 0.1, price);
    }
  }
  return price;
}

describe("the lists at their fullest", () => {
  it("hold a gap of every bar: 257", () => {
    const series = new Series();
    for (let i = 0; i < 1_000; i++) series.add(10 + 10 * i, 14 + 10 * i, 10 + 10 * i, 12 + 10 * i);
    expect(peaksOf(series.bars).gaps).toBe(257);
  });

  it("hold a gap of every bar when all of them fill at once", () => {
    const series = new Series();
    for (let i = 0; i < 400; i++) series.add(10 + 10 * i, 14 + 10 * i, 10 + 10 * i, 12 + 10 * i);
    const stream = openStream();
    for (const bar of series.add(4_000, 4_004, 1, 2).bars) stream.push(bar);
    expect(stream.events.filter(({ event }) => event === "fvg_fill").length).toBe(256);
    expect(stream.detector.gaps.count).toBe(0);
  });

  it("hold pivots as dense as they can be: 42 pools a side", () => {
    for (const phase of [0, 1, 2, 3, 4, 5]) {
      const series = new Series();
      for (let i = 0; i < 1_200; i++) {
        const high = i % 6 === 0 ? 300 - i * 0.01 : 201;
        const low = i % 6 === phase ? 100 + i * 0.01 : 199;
        series.add(200, high, low, 200);
      }
      expect(peaksOf(series.bars).pools).toBe(84);
    }
  });

  it("hold blocks as dense as they can be, then as breakers, among new blocks", () => {
    const series = new Series().quiet(20, 10_000);
    const top = staircase(series, 10_000, 60, 1);
    expect(peaksOf(series.bars).blocks).toBe(43);
    // One fall turns every block into a breaker; the next staircase adds its own blocks below them.
    series.add(top, top + 0.5, 8_000, 8_001);
    staircase(series, 8_001, 60, -1);
    expect(peaksOf(series.bars).blocks).toBeGreaterThanOrEqual(70);
  });

  it("hold endless equal highs: the doubling count stays finite", () => {
    const series = new Series();
    for (let i = 0; i < 8_000; i++) series.add(200, i % 6 === 0 ? 220 : 201, 199, 200);
    series.add(200, 221, 199, 200);
    const stream = openStream();
    for (const bar of series.bars) stream.push(bar);
    const sweeps = stream.events.filter(({ event }) => event === "sweep");
    expect(sweeps.length).toBe(42);
    for (const { aux } of sweeps) expect(Number.isFinite(aux)).toBe(true);
    expect(sweeps.at(-1)?.aux).toBe(Number.MAX_VALUE);
  });
});
