import { detect, type LiveObjects, SmcDetector } from "@smcq/smc";
import type { Bar } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { fixtureBars, SYMBOLS, testRng, tickWalk } from "./support.ts";

/** A state that does not begin at byte 0, between two others. */
const OFFSET = SmcDetector.BYTES;
const STATES = ["fresh", "touched", "halved"] as const;

function streamed(bars: readonly Bar[]): LiveObjects {
  const detector = new SmcDetector(new ArrayBuffer(3 * SmcDetector.BYTES));
  detector.attach(OFFSET);
  detector.reset();
  for (const { open, high, low, close, volume } of bars) detector.push(open, high, low, close, volume);
  return detector.objects();
}

/** What the oracle says of the same bars, without what only one of them tells. */
function told(bars: readonly Bar[]): object {
  const last = bars.length - 1;
  const { gaps, blocks, pools } = detect(bars);
  return {
    gaps: gaps.map(({ dir, top, bottom, bar, state }) => ({
      dir,
      top,
      bottom,
      age: last - bar,
      state: STATES[state],
    })),
    blocks: blocks.map(({ dir, top, bottom, bar, candle, isBreaker, isTouched }) => ({
      dir,
      top,
      bottom,
      age: last - bar,
      candleAge: last - candle,
      isBreaker,
      isTouched,
    })),
    pools: pools.map(({ side, level, count, pivot }) => ({ side, level, count, age: last - pivot })),
  };
}

function comparable({ gaps, ...others }: LiveObjects): object {
  return { gaps: gaps.map(({ isDisplaced: _own, ...gap }) => gap), ...others };
}

describe("what lives in a detector's state", () => {
  it("is nothing before the first bar", () => {
    expect(streamed([])).toEqual({ gaps: [], blocks: [], pools: [] });
  });

  it.each(SYMBOLS)("is what the oracle says, at many bars of %s", (symbol) => {
    const bars = fixtureBars(symbol);
    const rng = testRng(`objects of ${symbol}`);
    let seen = 0;
    for (let cut = 0; cut < 25; cut++) {
      const prefix = bars.slice(0, 1 + rng.int(Math.min(bars.length, 1_200)));
      const found = streamed(prefix);
      expect(comparable(found)).toEqual(told(prefix));
      seen += found.gaps.length + found.blocks.length + found.pools.length;
    }
    expect(seen).toBeGreaterThan(0);
  });

  it("is what the oracle says on walks full of ties, breakers and old objects", () => {
    const rng = testRng("objects of walks");
    let breakers = 0;
    for (let round = 0; round < 25; round++) {
      const bars = tickWalk(rng, { count: 400 + rng.int(400), flat: 0.02, jump: rng.next() * 0.3 });
      const found = streamed(bars);
      breakers += found.blocks.filter(({ isBreaker }) => isBreaker).length;
      expect(comparable(found)).toEqual(told(bars));
    }
    expect(breakers).toBeGreaterThan(0);
  });

  it("tells of a gap whether a touch of it makes a setup", () => {
    const bars = fixtureBars(SYMBOLS[0]).slice(0, 900);
    const { gaps } = streamed(bars);
    const { atr } = detect(bars);
    for (const { age, dir, isDisplaced } of gaps) {
      const middle = bars[bars.length - 1 - age - 1];
      const before = atr[bars.length - 1 - age - 2] ?? Number.NaN;
      if (middle === undefined) throw new Error("a gap has a middle bar");
      expect(isDisplaced).toBe(before > 0 && dir * (middle.close - middle.open) > 1.5 * before);
    }
    expect(gaps.length).toBeGreaterThan(0);
  });
});
