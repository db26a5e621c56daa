import fc from "fast-check";
import type { Bar } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { detect, StructureDetector } from "@smcq/smc";
import { fixtureBars, streamEvents, SYMBOLS, testRng, tickWalk } from "./support.ts";

describe("the streaming detector", () => {
  it("gives the oracle's events on walks full of ties, plateaus and jumps", () => {
    const rng = testRng("walks");
    for (let round = 0; round < 40; round++) {
      const jump = rng.next() * 0.3;
      const flat = round % 4 === 0 ? 0.5 : 0.02;
      const bars = tickWalk(rng, { count: 700, flat, jump });
      expect(streamEvents(bars)).toEqual(detect(bars).events);
    }
  });

  it("gives the oracle's events on any bars (shrunk to the smallest failing series)", () => {
    const step = fc.record({
      gap: fc.integer({ min: -6, max: 6 }),
      body: fc.integer({ min: -9, max: 9 }),
      above: fc.integer({ min: 0, max: 5 }),
      below: fc.integer({ min: 0, max: 5 }),
    });
    const rng = testRng("any bars");
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 400, size: "max" }), (steps) => {
        let price = 10_000;
        const bars = steps.map(({ gap, body, above, below }, k): Bar => {
          const open = price + gap;
          const close = open + body;
          price = close;
          const high = Math.max(open, close) + above;
          const low = Math.min(open, close) - below;
          return { openTimeMs: k * 60_000, open, high, low, close, volume: 1 };
        });
        expect(streamEvents(bars)).toEqual(detect(bars).events);
      }),
      { seed: rng.nextUint32() | 0, numRuns: 150 },
    );
  });

  it.each(SYMBOLS)("never rewrites: 20 prefixes of %s give prefixes of its events", (symbol) => {
    const bars = fixtureBars(symbol);
    const all = streamEvents(bars);
    const rng = testRng(`prefixes of ${symbol}`);
    for (let cut = 0; cut < 20; cut++) {
      const length = 1 + rng.int(bars.length);
      const prefix = bars.slice(0, length);
      const expected = all.filter(({ bar }) => bar < length);
      expect(streamEvents(prefix)).toEqual(expected);
      // The oracle sees the whole prefix at once, and could look ahead; it does not either.
      expect(detect(prefix).events).toEqual(expected);
    }
  });
});

describe("the structure detector", () => {
  it("breaks and trends exactly as the full detector on the same bars", () => {
    const rng = testRng("structure");
    for (let round = 0; round < 20; round++) {
      const bars = tickWalk(rng, { count: 700 });
      const structure = new StructureDetector(new ArrayBuffer(StructureDetector.BYTES));
      structure.attach(0);
      structure.reset();
      const breaks = bars.map(({ high, low, close }) => structure.push(high, low, close));
      const detection = detect(bars);
      const expected = bars.map(() => 0);
      for (const { bar, event, dir } of detection.events)
        if (event === "bos" || event === "choch") expected[bar] = dir;
      expect(breaks).toEqual(expected);
      expect(structure.trend).toBe(detection.trend);
      expect(structure.barCount).toBe(700);
    }
  });
});
