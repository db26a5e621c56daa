import { describe, expect, it } from "vitest";
import { BarSource, FeedCounter } from "@smcq/exchange";
import { barDifference, eventually, RecordingMeter, RecordingSink } from "@smcq/exchange/testing";
import { InvariantError, MINUTE_MS } from "@smcq/kernel";

const T0 = 1_700_000_040_000;

function final(sink: RecordingSink, openTimeMs: number, slot = 0): void {
  sink.final(slot, openTimeMs, 2, 4, 1, 3, 10, BarSource.Stream, openTimeMs + 62_000, 5);
}

describe("RecordingSink", () => {
  it("keeps finals in order and tells where a slot stands", () => {
    const sink = new RecordingSink();
    expect(sink.lastOpenMs(0)).toBe(-1);
    final(sink, T0);
    final(sink, T0 + MINUTE_MS);
    final(sink, T0, 3);
    expect(sink.bars(0).map((bar) => bar.openTimeMs)).toEqual([T0, T0 + MINUTE_MS]);
    expect(sink.lastOpenMs(0)).toBe(T0 + MINUTE_MS);
    expect(sink.finalCount).toBe(3);
    expect(sink.bars(3)[0]).toMatchObject({ source: BarSource.Stream, receivedNs: 5, isCorrected: false });
    sink.assertClean();
  });

  it("lets a reset begin a new run anywhere and keeps the old one apart", () => {
    const sink = new RecordingSink();
    final(sink, T0);
    sink.forming(0, T0 + MINUTE_MS, 2, 4, 1, 3, 10, T0 + MINUTE_MS + 100);
    sink.reset(0);
    expect([sink.lastOpenMs(0), sink.formingBar(0), sink.resetCount(0)]).toEqual([-1, null, 1]);
    final(sink, T0 + 600 * MINUTE_MS);
    expect(sink.pastRuns(0).map((run) => run.length)).toEqual([1]);
    expect(sink.finalCount).toBe(2);
  });

  it("applies a correction in place", () => {
    const sink = new RecordingSink();
    final(sink, T0);
    final(sink, T0 + MINUTE_MS);
    sink.correct(0, T0, 2, 5, 1, 3, 11);
    expect(sink.bars(0)[0]).toMatchObject({ high: 5, volume: 11, isCorrected: true });
    expect(sink.bars(0)[1]).toMatchObject({ high: 4, isCorrected: false });
    expect(sink.correctionCount(0)).toBe(1);
  });

  const breaches: readonly (readonly [string, (sink: RecordingSink) => void])[] = [
    ["a bar twice", (sink) => final(sink, T0)],
    ["a bar before the last", (sink) => final(sink, T0 - MINUTE_MS)],
    ["a hole", (sink) => final(sink, T0 + 2 * MINUTE_MS)],
    ["a bar off the minute", (sink) => final(sink, T0 + MINUTE_MS + 1)],
    ["a slot outside the block", (sink) => final(sink, T0, 4)],
    ["a fractional slot", (sink) => final(sink, T0, 0.5)],
    [
      "an implausible bar",
      (sink) => sink.final(0, T0 + MINUTE_MS, 2, 1, 3, 2, 1, BarSource.Stream, T0 + 122_000, 1),
    ],
    [
      "a NaN volume",
      (sink) => sink.final(0, T0 + MINUTE_MS, 2, 4, 1, 3, Number.NaN, BarSource.Rest, T0 + 122_000, 1),
    ],
    [
      "an unknown source",
      (sink) => sink.final(0, T0 + MINUTE_MS, 2, 4, 1, 3, 1, 3 as BarSource, T0 + 122_000, 1),
    ],
    [
      "no event time",
      (sink) => sink.final(0, T0 + MINUTE_MS, 2, 4, 1, 3, 1, BarSource.Stream, Number.NaN, 1),
    ],
    [
      "no receive time",
      (sink) =>
        sink.final(
          0,
          T0 + MINUTE_MS,
          2,
          4,
          1,
          3,
          1,
          BarSource.Stream,
          T0 + 122_000,
          Number.POSITIVE_INFINITY,
        ),
    ],
    ["a minute that is not over", (sink) => sink.final(1, T0 + 5 * MINUTE_MS, 2, 4, 1, 3, 1, 1, T0, 1)],
    ["a forming bar that is closed", (sink) => sink.forming(0, T0, 2, 4, 1, 3, 10, T0)],
    ["a forming bar of a later minute", (sink) => sink.forming(0, T0 + 6 * MINUTE_MS, 2, 4, 1, 3, 10, T0)],
    ["an implausible forming bar", (sink) => sink.forming(0, T0 + MINUTE_MS, 0, 4, 0, 3, 10, T0)],
    ["a correction of an unknown bar", (sink) => sink.correct(0, T0 - MINUTE_MS, 2, 4, 1, 3, 11)],
    ["a bar for a closed slot", (sink) => final(sink, T0, 2)],
    ["a reset of a closed slot", (sink) => sink.reset(2)],
  ];
  it.each(breaches)("refuses %s and remembers it", (_, breach) => {
    const sink = new RecordingSink({ slots: 4, nowMs: () => T0 + 5 * MINUTE_MS + 59_999 });
    final(sink, T0);
    sink.closeSlot(2);
    sink.assertClean();
    expect(() => breach(sink)).toThrow(InvariantError);
    expect(sink.violations).toHaveLength(1);
    expect(() => sink.assertClean()).toThrow(InvariantError);
    expect(sink.bars(0)).toHaveLength(1);
  });

  it("allows the feed's clock to be ahead by the stated slack only", () => {
    const sink = new RecordingSink({ nowMs: () => T0 + MINUTE_MS - 10, clockSlackMs: 10 });
    final(sink, T0);
    expect(() =>
      final(new RecordingSink({ nowMs: () => T0 + MINUTE_MS - 11, clockSlackMs: 10 }), T0),
    ).toThrow(InvariantError);
  });

  it("forgets the former symbol when a slot is opened, keeps it when the slot is resumed", () => {
    const sink = new RecordingSink();
    final(sink, T0);
    sink.closeSlot(0);
    sink.resumeSlot(0);
    final(sink, T0 + MINUTE_MS);
    expect(sink.bars(0)).toHaveLength(2);
    sink.closeSlot(0);
    sink.openSlot(0);
    expect(sink.bars(0)).toHaveLength(0);
    final(sink, T0 + 77 * MINUTE_MS);
    sink.assertClean();
  });
});

describe("barDifference", () => {
  it("names the first field that differs and is null for equal bars", () => {
    const bar = { openTimeMs: T0, open: 2, high: 4, low: 1, close: 3, volume: 10 };
    expect(barDifference(bar, { ...bar })).toBeNull();
    for (const field of ["openTimeMs", "open", "high", "low", "close", "volume"] as const)
      expect(barDifference({ ...bar, [field]: 0 }, bar)).toContain(field);
  });
});

describe("RecordingMeter", () => {
  it("counts per counter and refuses an unknown one or a step back", () => {
    const meter = new RecordingMeter();
    meter.count(FeedCounter.Finals, 2);
    meter.count(FeedCounter.Finals, 3);
    expect([meter.get(FeedCounter.Finals), meter.get(FeedCounter.Gaps)]).toEqual([5, 0]);
    expect(() => meter.count(99 as FeedCounter, 1)).toThrow(InvariantError);
    expect(() => meter.count(FeedCounter.Gaps, -1)).toThrow(InvariantError);
  });
});

describe("eventually", () => {
  it("looks again until nothing is missing, passing the turn before each look", async () => {
    let passes = 0;
    await eventually("three passes", () => (passes >= 3 ? null : `${passes}`), {
      deadlineMs: 5000,
      pass: () => {
        passes++;
      },
    });
    expect(passes).toBe(3);
  });

  it("gives up at the deadline with the last words", async () => {
    await expect(eventually("the bar", () => "slot 3 stands still", { deadlineMs: 5 })).rejects.toThrow(
      "slot 3 stands still",
    );
  });
});
