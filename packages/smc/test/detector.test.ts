import { describe, expect, it } from "vitest";
import { detect, SmcDetector } from "@smcq/smc";
import type { DetectedEvent } from "@smcq/smc";
import { openStream, Series, streamEvents } from "./support.ts";

function named(events: readonly DetectedEvent[], ...names: string[]): DetectedEvent[] {
  return events.filter(({ event }) => names.includes(event));
}

/** Runs the streaming detector and holds the oracle against it. */
function eventsOf(series: Series): DetectedEvent[] {
  const events = streamEvents(series.bars);
  expect(detect(series.bars).events).toEqual(events);
  return events;
}

/** A bullish gap with zone 100.5..102 whose third bar is the last; the price then stands above it. */
function withGap(): Series {
  return new Series().quiet(20, 100).add(100, 103.2, 99.8, 103).add(103, 104, 102, 103);
}

/** A swing high at 103 on bar 20, confirmed by the last bar. */
function withHigh(): Series {
  return new Series().quiet(20, 100).add(100, 103, 99.5, 100).quiet(5, 100);
}

/** A bullish order block with zone 99.5..100.5 (bar 26), broken out of on bar 27, the last. */
function withBlock(): Series {
  return new Series()
    .quiet(20, 100)
    .add(100, 101.5, 99.5, 100)
    .quiet(5, 100)
    .add(100.2, 100.5, 99.5, 99.9)
    .add(100, 103.2, 99.9, 103);
}

describe("flat bars", () => {
  it("form nothing, keep the ATR at 0 and the RSI at 0.5", () => {
    const stream = openStream();
    for (let k = 0; k < 400; k++)
      stream.push({ openTimeMs: 0, open: 5, high: 5, low: 5, close: 5, volume: 3 });
    expect(stream.events).toEqual([]);
    expect(stream.detector.atr).toBe(0);
    expect(stream.detector.rsi).toBe(0.5);
    expect(stream.detector.trend).toBe(0);
  });

  it("leave the first bar that moves without displacement, equal level or tracked gap, for its ATR was 0", () => {
    const series = new Series();
    for (let k = 0; k < 40; k++) series.add(5, 5, 5, 5);
    series.add(5, 9, 5, 9).add(9, 12, 8, 11);
    const stream = openStream();
    for (const bar of series.bars) stream.push(bar);
    expect(named(stream.events, "fvg").map(({ bar, origin }) => [bar, origin])).toEqual([[41, 40]]);
    expect(stream.detector.gaps.count).toBe(1);
    const early = openStream();
    for (const bar of new Series().add(5, 5, 5, 5).add(5, 9, 5, 9).add(9, 12, 8, 11).bars) early.push(bar);
    expect(named(early.events, "fvg").length).toBe(1);
    expect(early.detector.gaps.count).toBe(0);
  });
});

describe("pivots", () => {
  it("stand on the last bar of a plateau only", () => {
    const series = new Series().quiet(10, 100);
    for (let k = 0; k < 3; k++) series.add(100, 102, 99.5, 100);
    const pivots = named(eventsOf(series.quiet(10, 100)), "pivot");
    expect(pivots).toEqual([{ bar: 17, event: "pivot", dir: 1, level: 102, aux: 0, origin: 12 }]);
  });

  it("are reported high before low when one bar is both", () => {
    const pivots = named(eventsOf(new Series().quiet(8, 100).add(100, 103, 97, 100).quiet(8, 100)), "pivot");
    expect(pivots.map(({ dir, level, origin }) => [dir, level, origin])).toEqual([
      [1, 103, 8],
      [-1, 97, 8],
    ]);
  });

  it("need 5 bars on their left: bar 5 is the first that can be one", () => {
    expect(
      named(eventsOf(new Series().quiet(4, 100).add(100, 103, 99.5, 100).quiet(9, 100)), "pivot"),
    ).toEqual([]);
    const pivots = named(
      eventsOf(new Series().quiet(5, 100).add(100, 103, 99.5, 100).quiet(9, 100)),
      "pivot",
    );
    expect(pivots.map(({ bar, origin }) => [bar, origin])).toEqual([[10, 5]]);
  });
});

describe("pools", () => {
  it("count equal highs within 0.1 ATR, oldest first and before the pivot's own event", () => {
    const series = withHigh()
      .add(100, 103, 99.5, 100)
      .quiet(6, 100)
      .add(100, 103.05, 99.5, 100)
      .quiet(0, 100);
    // The third spike sweeps the two pools at 103; the second one was equal to the first.
    const events = named(eventsOf(series), "pivot", "eqh", "sweep");
    expect(events.map(({ event, dir, level, aux, origin }) => [event, dir, level, aux, origin])).toEqual([
      ["pivot", 1, 103, 0, 20],
      ["eqh", 1, 103, 103, 26],
      ["pivot", 1, 103, 0, 26],
      ["sweep", -1, 103, 1, 20],
      ["sweep", -1, 103, 2, 26],
    ]);
  });

  it("ignore a close exactly on their level, whatever the wick", () => {
    const events = eventsOf(withHigh().add(100, 104, 99.5, 103));
    expect(named(events, "sweep", "pool_run")).toEqual([]);
  });

  it("let the pool created last decide when both sides are swept in one bar", () => {
    const highFirst = new Series()
      .quiet(20, 100)
      .add(100, 102, 99.5, 100)
      .quiet(7, 100)
      .add(100, 100.5, 98, 100);
    const lowFirst = new Series()
      .quiet(20, 100)
      .add(100, 100.5, 98, 100)
      .quiet(7, 100)
      .add(100, 102, 99.5, 100);
    for (const [series, dirs] of [
      [highFirst, [-1, 1]],
      [lowFirst, [1, -1]],
    ] as const) {
      series.quiet(6, 100).add(100, 103, 97, 100);
      const stream = openStream();
      for (const bar of series.bars) stream.push(bar);
      expect(named(eventsOf(series), "sweep").map(({ dir }) => dir)).toEqual(dirs);
      expect(stream.detector.lastSweepDir).toBe(dirs[1]);
      expect([stream.detector.sweepAge(1), stream.detector.sweepAge(-1)]).toEqual([0, 0]);
    }
  });
});

describe("structure", () => {
  it("calls a break against the trend a choch and any other a bos", () => {
    const series = withHigh()
      .add(100, 104, 100, 103.5)
      .quiet(6, 103.5)
      .add(103.5, 104, 101, 103.5)
      .quiet(6, 103.5)
      .add(103.5, 104, 100, 100.2);
    const breaks = named(eventsOf(series), "bos", "choch");
    expect(breaks.map(({ event, dir, level, aux, origin }) => [event, dir, level, aux, origin])).toEqual([
      ["bos", 1, 103, 0, 20],
      ["choch", -1, 101, 1, 33],
    ]);
  });

  it("names one candle for two breaks, and keeps both blocks", () => {
    const series = withBlock().add(103, 104.5, 102.5, 103).quiet(5, 103).add(103, 107.2, 102.9, 107);
    const blocks = named(eventsOf(series), "ob");
    expect(blocks.map(({ bar, dir, origin }) => [bar, dir, origin])).toEqual([
      [27, 1, 26],
      [34, 1, 26],
    ]);
    const stream = openStream();
    for (const bar of series.bars) stream.push(bar);
    stream.detector.blocks.survey(107);
    expect(stream.detector.blocks.blockCount).toBe(2);
  });
});

describe("blocks", () => {
  it("are touched once, then broken without a touch, then live on as breakers from the next bar", () => {
    const series = withBlock()
      .quiet(2, 103)
      .add(103, 103.2, 100.5, 103)
      .add(103, 103.2, 100, 103)
      .add(103, 103.2, 98, 98.4)
      .quiet(1, 98.4)
      .add(98.4, 99.5, 98, 98.4)
      .add(98.4, 101, 98, 100.6);
    // The fall makes a block of its own (candle 27); the story is that of candle 26.
    const life = named(eventsOf(series), "ob_touch", "ob_broken", "breaker_touch", "breaker_broken").filter(
      ({ origin }) => origin === 26,
    );
    expect(life.map(({ bar, event, dir, origin }) => [bar, event, dir, origin])).toEqual([
      [30, "ob_touch", 1, 26],
      [32, "ob_broken", 1, 26],
      [34, "breaker_touch", -1, 26],
      [35, "breaker_broken", -1, 26],
    ]);
  });
});

describe("gaps", () => {
  it("skip states: a bar emits the furthest one it reaches", () => {
    const touches = (low: number): string[] =>
      eventsOf(withGap().quiet(1, 104).add(104, 104.5, low, 104))
        .filter(({ bar, origin }) => bar === 23 && origin === 21)
        .map(({ event }) => event);
    expect(touches(102.01)).toEqual([]);
    expect(touches(102)).toEqual(["fvg_touch"]);
    expect(touches(101.25)).toEqual(["fvg_ce"]);
    expect(touches(100.5)).toEqual(["fvg_fill"]);
  });

  it("are reported but not tracked below 0.25 ATR", () => {
    // The ATR before the third bar is (13 + 3.4) / 14, so 0.25 ATR lies between 0.29 and 0.3.
    const gapCount = (size: number): number => {
      const stream = openStream();
      const series = new Series().quiet(20, 100).add(100, 103.2, 99.8, 103);
      for (const bar of series.add(103, 104, 100.5 + size, 103).bars) stream.push(bar);
      expect(named(stream.events, "fvg").length).toBe(1);
      return stream.detector.gaps.count;
    };
    expect(gapCount(0.29)).toBe(0);
    expect(gapCount(0.3)).toBe(1);
  });
});

describe("age: 256 bars live, 257 do not", () => {
  it("of a gap, from its third bar", () => {
    const touched = (age: number): number =>
      named(
        eventsOf(
          withGap()
            .quiet(age - 1, 104)
            .add(104, 104.5, 101.9, 104),
        ),
        "fvg_touch",
      ).filter(({ origin }) => origin === 21).length;
    expect([touched(256), touched(257)]).toEqual([1, 0]);
  });

  it("of a pool and of a structure level, from the pivot", () => {
    const after = (age: number, close: number): string[] =>
      eventsOf(
        withHigh()
          .quiet(age - 6, 100)
          .add(100, 104, 99.5, close),
      )
        .filter(({ origin, event }) => origin === 20 && event !== "pivot")
        .map(({ event }) => event);
    expect(after(256, 100)).toEqual(["sweep"]);
    expect(after(257, 100)).toEqual([]);
    expect(after(256, 103.5)).toEqual(["pool_run", "bos"]);
    expect(after(257, 103.5)).toEqual([]);
  });

  it("of the trend, from its last break", () => {
    const stream = openStream();
    for (const bar of withHigh().add(100, 104, 100, 103.5).quiet(256, 103.5).bars) stream.push(bar);
    expect(stream.detector.trend).toBe(1);
    stream.push(new Series().quiet(1, 103.5).bars[0]!);
    expect(stream.detector.trend).toBe(0);
  });

  it("of a block, from the break", () => {
    const touched = (age: number): number =>
      named(
        eventsOf(
          withBlock()
            .quiet(age - 1, 103)
            .add(103, 103.5, 100.4, 103),
        ),
        "ob_touch",
      ).length;
    expect([touched(256), touched(257)]).toEqual([1, 0]);
  });

  it("of a breaker, from the flip", () => {
    const touched = (age: number): number =>
      named(
        eventsOf(
          withBlock()
            .quiet(100, 103)
            .add(103, 103.5, 98, 98.4)
            .quiet(age - 1, 98.4)
            .add(98.4, 99.5, 98, 98.4),
        ),
        "breaker_touch",
      ).length;
    expect([touched(256), touched(257)]).toEqual([1, 0]);
  });
});

describe("the state", () => {
  it("of many symbols lies side by side in one buffer, shared or not, and does not mix", () => {
    const series = [withGap().quiet(30, 104), withBlock().quiet(30, 103), withHigh().quiet(30, 100)];
    const buffer = new SharedArrayBuffer(3 * SmcDetector.BYTES);
    const detector = new SmcDetector(buffer);
    for (let s = 0; s < 3; s++) {
      detector.attach(s * SmcDetector.BYTES);
      detector.reset();
    }
    for (let i = 0; i < 50; i++)
      for (const [s, { bars }] of series.entries()) {
        const bar = bars[i]!;
        detector.attach(s * SmcDetector.BYTES);
        detector.push(bar.open, bar.high, bar.low, bar.close, bar.volume);
      }
    for (const [s, { bars }] of series.entries()) {
      const alone = new SmcDetector(new ArrayBuffer(SmcDetector.BYTES));
      alone.attach(0);
      alone.reset();
      for (const bar of bars.slice(0, 50)) alone.push(bar.open, bar.high, bar.low, bar.close, bar.volume);
      detector.attach(s * SmcDetector.BYTES);
      expect([
        detector.trend,
        detector.atr,
        detector.gaps.count,
        detector.blocks.count,
        detector.pools.count,
      ]).toEqual([alone.trend, alone.atr, alone.gaps.count, alone.blocks.count, alone.pools.count]);
    }
  });

  it("refuses an offset that is not aligned or leaves the buffer", () => {
    const detector = new SmcDetector(new ArrayBuffer(2 * SmcDetector.BYTES));
    for (const offset of [-8, 4, SmcDetector.BYTES + 8, Number.NaN])
      expect(() => detector.attach(offset)).toThrow("aligned");
  });
});
