import { describe, expect, it } from "vitest";
import { ManualClock, MeasuredOffset, OffsetClock } from "@smcq/kernel";

describe("OffsetClock", () => {
  it("shows the venue's time by an offset that may change", () => {
    const base = new ManualClock(1_000);
    let offsetMs = 0;
    const clock = new OffsetClock(base, () => offsetMs);
    offsetMs = -90_000.5;
    base.advance(100_000);
    expect(clock.nowMs()).toBe(10_999);
    expect(clock.monoNs()).toBe(base.monoNs());
  });

  it("counts delays on the clock below: the offset moves no timer", () => {
    const base = new ManualClock(1_000);
    const clock = new OffsetClock(base, () => 5_000);
    const atMs: number[] = [];
    clock.after(10, () => atMs.push(clock.nowMs()));
    clock.after(10, () => atMs.push(-1))();
    base.advance(10);
    expect(atMs).toEqual([6_010]);
  });
});

describe("MeasuredOffset", () => {
  it("tells each change of whether it may be relied on, once, and the state to who comes late", () => {
    const offset = new MeasuredOffset();
    const heard: string[] = [];
    offset.followHealth((isSound) => heard.push(`early ${isSound}`));
    for (const isSound of [true, false, false]) offset.judge(isSound);
    offset.followHealth((isSound) => heard.push(`late ${isSound}`));
    offset.judge(true);
    expect(heard).toEqual(["early false", "late false", "early true", "late true"]);
  });
});
