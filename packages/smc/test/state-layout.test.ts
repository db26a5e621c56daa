import { describe, expect, it } from "vitest";
import { SMC_PARAMETERS } from "@smcq/smc";
import {
  BLOCK_CAPACITY,
  CLOSE_RING,
  DETECTOR_BYTES,
  F64,
  GAP_CAPACITY,
  I32,
  LISTS,
  POOL_CAPACITY,
  PRICE_RING,
  VOLUME_RING,
} from "../src/state-layout.ts";

describe("the state's layout", () => {
  it("has fields that neither overlap nor leave the block", () => {
    const spans: [number, number][] = [
      ...Object.entries(F64).map(([name, index]): [number, number] => {
        const lengths: Record<string, number> = {
          highs: PRICE_RING,
          lows: PRICE_RING,
          closes: CLOSE_RING,
          volumes: VOLUME_RING,
        };
        return [index * 8, (lengths[name] ?? 1) * 8];
      }),
      ...Object.values(I32).map((index): [number, number] => [index * 4, 4]),
      [LISTS.pools * 8, POOL_CAPACITY * 16],
      [LISTS.poolMarks * 2, POOL_CAPACITY * 2],
      [LISTS.blocks * 8, BLOCK_CAPACITY * 16],
      [LISTS.blockMarks * 4, BLOCK_CAPACITY * 4],
      [LISTS.gaps * 8, GAP_CAPACITY * 16],
      [LISTS.gapMarks * 2, GAP_CAPACITY * 2],
    ];
    let end = 0;
    for (const [start, length] of spans.toSorted(([a], [b]) => a - b)) {
      expect(start).toBeGreaterThanOrEqual(end);
      end = start + length;
    }
    expect(end).toBeLessThanOrEqual(DETECTOR_BYTES);
    expect(Object.values(LISTS).every(Number.isInteger)).toBe(true);
  });

  it("keeps a symbol within 12,000 bytes and off its neighbour's cache lines", () => {
    expect(DETECTOR_BYTES % 64).toBe(0);
    expect(DETECTOR_BYTES).toBeLessThanOrEqual(12_000);
  });

  it("has the capacities that the parameters ask for", () => {
    const { ageBarsMax, pivotBars, blockScanBars, momentumBars, volumeBars } = SMC_PARAMETERS;
    const apart = pivotBars + 1;
    expect(GAP_CAPACITY).toBe(ageBarsMax + 1);
    expect(POOL_CAPACITY).toBe(2 * Math.ceil((ageBarsMax + 1 - pivotBars) / apart));
    expect(BLOCK_CAPACITY).toBe(2 * (Math.ceil((2 * ageBarsMax) / apart) + 1));
    expect(PRICE_RING).toBeGreaterThan(2 * blockScanBars + 1);
    expect(CLOSE_RING).toBeGreaterThan(momentumBars);
    expect(VOLUME_RING).toBeGreaterThan(volumeBars);
  });
});
