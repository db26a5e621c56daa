import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Bar } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { detect, literalBlock, literalGap, literalStructure, literalSweep } from "@smcq/smc";
import { fixtureBars, readBars, Series, sharedData, SYMBOLS } from "./support.ts";

interface Inversion {
  bullish: number;
  closedLower: number;
}

function inversionOf(bars: readonly Bar[]): Inversion {
  const found: Inversion = { bullish: 0, closedLower: 0 };
  for (let i = 2; i < bars.length; i++) {
    if (literalGap(bars, i, 1)?.dir !== 1) continue;
    found.bullish++;
    if (bars[i]!.close < bars[i - 2]!.close) found.closedLower++;
  }
  return found;
}

describe("the old design's literal rules", () => {
  it.each(SYMBOLS)(
    "call the bearish gaps of %s bullish: after every one the price stands lower",
    (symbol) => {
      const bars = fixtureBars(symbol);
      const { bullish, closedLower } = inversionOf(bars);
      expect(bullish).toBeGreaterThan(20);
      expect(closedLower).toBe(bullish);
      // Our own gaps ask for the middle close as well; each of them has the literal rule's opposite direction.
      const gaps = detect(bars).events.filter(({ event }) => event === "fvg");
      for (const { dir, bar } of gaps) expect(literalGap(bars, bar, 1)?.dir).toBe(-dir);
    },
  );

  const data = sharedData();
  it.skipIf(data === null)("are inverted on all 968,290 bars of the shared data: 115,972 of 115,972", () => {
    const folder = join(data ?? "", "klines");
    const total = { bars: 0, bullish: 0, closedLower: 0 };
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".csv.gz"))) {
      const bars = readBars(join(folder, file));
      const { bullish, closedLower } = inversionOf(bars);
      total.bars += bars.length;
      total.bullish += bullish;
      total.closedLower += closedLower;
    }
    expect(total).toEqual({ bars: expect.any(Number), bullish: 115_972, closedLower: 115_972 });
  });

  it("measure a gap between the two outer bars", () => {
    const down = new Series().add(10, 11, 9, 10).add(9, 9.5, 6, 6).add(6, 7, 5, 6).bars;
    expect(literalGap(down, 2, 4)).toEqual({ dir: 1, top: 9, bottom: 7, size: 2, sizeAtr: 0.5 });
    const up = new Series().add(10, 11, 9, 10).add(11, 14, 11, 14).add(14, 15, 13, 14).bars;
    expect(literalGap(up, 2, 4)).toEqual({ dir: -1, top: 13, bottom: 11, size: 2, sizeAtr: 0.5 });
    expect(literalGap(up, 1, 4)).toBeNull();
    expect(literalGap(up, 2, 0)?.sizeAtr).toBe(0);
  });

  it("take the last large body of five bars as the order block", () => {
    const bars = new Series().add(10, 20, 10, 20).add(20, 20, 10, 10).quiet(3, 10).bars;
    expect(literalBlock(bars, 4, 2)).toEqual({ dir: -1, price: 20, strength: 5, bar: 1 });
    expect(literalBlock(bars, 4, 10)).toBeNull();
    expect(literalBlock(new Series().add(10, 20, 10, 20).quiet(5, 20).bars, 5, 2)).toBeNull();
  });

  it("call any wick beyond the ten bars before a sweep, the farther one of two", () => {
    const base = (): Series => new Series().quiet(10, 100);
    expect(literalSweep(base().add(100, 101, 99.5, 101).bars, 10, 2)).toEqual({ dir: 1, distanceAtr: 0.25 });
    expect(literalSweep(base().add(100, 101, 98, 100).bars, 10, 2)).toEqual({ dir: -1, distanceAtr: 0.75 });
    expect(literalSweep(base().quiet(1, 100).bars, 10, 2)).toBeNull();
    expect(literalSweep(base().bars, 9, 2)).toBeNull();
  });

  it("call a close beyond the ten bars before the structure", () => {
    const base = (): Series => new Series().quiet(10, 100);
    expect(literalStructure(base().add(100, 102, 100, 101).bars, 10)).toBe(1);
    expect(literalStructure(base().add(100, 100, 98, 99).bars, 10)).toBe(-1);
    expect(literalStructure(base().add(100, 102, 98, 100.5).bars, 10)).toBe(0);
  });
});
