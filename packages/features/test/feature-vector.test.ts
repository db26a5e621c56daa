import fc from "fast-check";
import { SmcDetector } from "@smcq/smc";
import { describe, expect, it } from "vitest";
import {
  Feature,
  FEATURES,
  FeatureVector,
  heuristicTwentieths,
  HeuristicScorer,
  recompute,
} from "@smcq/features";
import { barsOf, fixtureFlat, testRng, tickWalk } from "./support.ts";

type Row = [open: number, high: number, low: number, close: number, volume: number];

function detectorOver(rows: readonly Row[]): SmcDetector {
  const detector = new SmcDetector(new ArrayBuffer(SmcDetector.BYTES));
  detector.attach(0);
  detector.reset();
  for (const row of rows) detector.push(...row);
  return detector;
}

function featuresOf(rows: readonly Row[]): number[] {
  const vector = new FeatureVector();
  vector.compute(detectorOver(rows));
  const bars = rows.map(([open, high, low, close, volume], k) => ({
    openTimeMs: k * 60_000,
    open,
    high,
    low,
    close,
    volume,
  }));
  expect([...vector.values]).toEqual(recompute(bars).features);
  return [...vector.values];
}

function flat(count: number, volume: number): Row[] {
  return Array.from({ length: count }, (): Row => [5, 5, 5, 5, volume]);
}

/** Bars with a range of 1 and no body. */
function quiet(count: number, price: number, volume: number = 1): Row[] {
  return Array.from({ length: count }, (): Row => [price, price + 0.5, price - 0.5, price, volume]);
}

describe("features of bars that never moved (ATR 0)", () => {
  it("take their neutral values, 0 volume included", () => {
    expect(featuresOf(flat(36, 0))).toEqual(FEATURES.map(({ neutral }) => neutral));
  });

  it("call any volume large when there was none before in ATR", () => {
    expect(featuresOf(flat(36, 7))[Feature.AtrNormalizedVolume]).toBe(1);
    expect(featuresOf([...flat(36, 0), [5, 6, 5, 6, 3]])[Feature.AtrNormalizedVolume]).toBe(1);
    expect(featuresOf([...flat(36, 9), [5, 6, 5, 6, 0]])[Feature.AtrNormalizedVolume]).toBe(0);
  });

  it("stay neutral in body and gap for the first bar that moves, whose ATR before was 0", () => {
    const features = featuresOf([...flat(36, 1), [5, 6, 5, 6, 1]]);
    expect(features[Feature.InstitutionalCandle]).toBe(0);
    expect(features[Feature.MomentumAtr]).toBe(1);
    expect(features[Feature.Rsi14]).toBe(1);
    expect(features[Feature.TimeToNextLevel]).toBe(1);
  });
});

describe("features when the ATR has all but vanished", () => {
  it("stay finite and in range after 12,000 flat bars with volume", () => {
    const rows: Row[] = [
      ...quiet(40, 100),
      ...Array.from({ length: 12_000 }, (): Row => [100, 100, 100, 100, 5]),
    ];
    const detector = detectorOver(rows);
    expect(detector.atr).toBeGreaterThan(0);
    expect(detector.atr).toBeLessThan(1e-300);
    const vector = new FeatureVector();
    for (const row of [rows[50]!, [100, 101, 99, 100.5, 1e9], [100.5, 200, 1, 150, 0]] as Row[]) {
      detector.push(...row);
      vector.compute(detector);
      expect(outOfRange(vector.values)).toEqual([]);
    }
  });
});

/** Features that are not finite or leave their range. */
function outOfRange(features: ArrayLike<number>): string[] {
  return FEATURES.filter(({ order, min, max }) => !(features[order]! >= min && features[order]! <= max)).map(
    ({ name, order }) => `${name}: ${features[order]}`,
  );
}

describe("features of any bars", () => {
  it("are finite and in their range, and so is every side view, after rounding too", () => {
    const extent = fc.double({ min: 0, max: 1, noNaN: true });
    const step = fc.record({
      scale: fc.constantFrom(1e-12, 1e-6, 1, 1e6, 1e12),
      open: extent,
      close: extent,
      above: extent,
      below: extent,
      volume: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e300, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 36, maxLength: 120, size: "max" }), (steps) => {
        const detector = detectorOver([]);
        const vector = new FeatureVector();
        const row = new Float32Array(12);
        for (const [i, { scale, open, close, above, below, volume }] of steps.entries()) {
          const from = scale * (1 + open);
          const to = scale * (1 + close);
          detector.push(
            from,
            Math.max(from, to) * (1 + above),
            Math.min(from, to) * (1 - below * 0.9),
            to,
            volume,
          );
          if (i < 35) continue;
          vector.compute(detector);
          expect(outOfRange(vector.values)).toEqual([]);
          for (const side of [1, -1] as const) {
            vector.writeSide(side, row, 0);
            expect(outOfRange(row)).toEqual([]);
            expect(vector.heuristicOf(side) * 20).toBe(Math.round(vector.heuristicOf(side) * 20));
          }
        }
      }),
      { seed: testRng("any features").nextUint32() | 0, numRuns: 100 },
    );
  });

  it("equal the plain recompute over the same bars to the last bit", () => {
    const rng = testRng("plain features");
    const vector = new FeatureVector();
    const walks = Array.from({ length: 12 }, () => tickWalk(rng, 500));
    for (const bars of [...walks, barsOf(fixtureFlat("USDCUSDT"), 0, 900)]) {
      const detector = detectorOver([]);
      for (const [i, { open, high, low, close, volume }] of bars.entries()) {
        detector.push(open, high, low, close, volume);
        if (i < 35 || i % 23 !== 0) continue;
        vector.compute(detector);
        expect([...vector.values]).toEqual(recompute(bars.slice(0, i + 1)).features);
      }
    }
  });
});

describe("the nearest gap", () => {
  it("is the newest of two equally near ones", () => {
    // Gap A: 100.5..102 below the price; gap B: 106..107 above it; the last close lies 2 from both.
    const rows: Row[] = [
      ...quiet(34, 100),
      [100, 103.2, 99.8, 103, 1],
      [103, 104, 102, 103, 1],
      [103, 105, 102.5, 105, 1],
      [105, 107, 103.5, 107, 1],
      [107, 108, 104.8, 107.5, 1],
      [107.5, 108, 107, 107.5, 1],
      [107.5, 107.6, 105, 105, 1],
      [105, 106, 104, 104, 1],
    ];
    const features = featuresOf(rows);
    const detector = detectorOver(rows);
    expect(detector.gaps.count).toBe(2);
    expect(detector.gaps.findNearest(104)).toBe(true);
    expect([detector.gaps.nearestSize, detector.gaps.nearestDistance]).toEqual([1, 2]);
    expect(features[Feature.FvgProximity]).toBeGreaterThan(0);
  });
});

describe("the side view", () => {
  it("mirrors what has a direction and keeps the rest; zero stays +0", () => {
    const bars = barsOf(fixtureFlat("BTCUSDT"), 0, 3_000);
    const detector = detectorOver([]);
    const vector = new FeatureVector();
    const up = new Float32Array(14);
    const down = new Float32Array(14);
    const mirrored = new Set<number>([
      Feature.MarketStructure,
      Feature.InstitutionalCandle,
      Feature.LiquidityGrab,
      Feature.FvgProximity,
      Feature.MomentumAtr,
    ]);
    for (const [i, { open, high, low, close, volume }] of bars.entries()) {
      detector.push(open, high, low, close, volume);
      if (i < 35) continue;
      vector.compute(detector);
      vector.writeSide(1, up, 1);
      vector.writeSide(-1, down, 1);
      const { values } = vector;
      for (let k = 0; k < 11; k++) {
        const value = values[k]!;
        expect(up[1 + k]).toBe(Math.fround(value));
        const other = mirrored.has(k) ? 0 - value : k === Feature.Rsi14 ? 1 - value : value;
        expect(down[1 + k]).toBe(Math.fround(other));
      }
      expect(up[12]).toBe(Math.fround(vector.heuristicOf(1)));
      expect(down[12]).toBe(Math.fround(vector.heuristicOf(-1)));
      // A sweep against the side is no reason for it: +1 then lacks the three twentieths of the unsided form.
      const isAgainst = values[Feature.LiquidityGrab] === -1 ? 3 : 0;
      const unsided = Math.round(values[Feature.ConfidenceEnsemble]! * 20);
      expect(Math.round(vector.heuristicOf(1) * 20)).toBeCloseTo(unsided - isAgainst, 12);
    }
    expect([up[0], up[13], down[0], down[13]]).toEqual([0, 0, 0, 0]);
  });
});

describe("the heuristic", () => {
  it("adds up in twentieths with strict thresholds", () => {
    expect(heuristicTwentieths(0, false, 1, 0.5, 0.3, 0.3)).toBe(10);
    expect(heuristicTwentieths(0, false, 1, 0.5, 0.3, 0.7)).toBe(10);
    expect(heuristicTwentieths(1, true, 1.0001, 0.4999, 0.3001, 0.2999)).toBe(20);
    expect(heuristicTwentieths(-1, false, 0, 1, -5, 0.7001)).toBe(7);
    expect(heuristicTwentieths(1, false, 0, 1, 0, 0.5)).toBe(12);
    expect(heuristicTwentieths(0, true, 0, 1, 0, 0.5)).toBe(13);
    expect(heuristicTwentieths(0, false, 0, 0, 0, 0.5)).toBe(12);
  });

  it("scores a row by exactly k/20, whatever float32 made of it", () => {
    const rows = new Float32Array(21 * 12).fill(0.123);
    for (let k = 0; k <= 20; k++) rows[k * 12 + 11] = k / 20;
    const scores = new Float64Array(22).fill(-1);
    const scorer = new HeuristicScorer();
    scorer.score(rows, 21, scores);
    expect([...scores]).toEqual([...Array.from({ length: 21 }, (_, k) => k / 20), -1]);
    // 12/20 is not above 0.60, although float32 rounds it up.
    expect(Math.fround(0.6) > 0.6).toBe(true);
    expect(scores[12]! > 0.6).toBe(false);
    expect(scorer.id).toBe("heuristic-1");
  });
});
