import { describe, expect, it } from "vitest";
import { type CancelTimer, type Clock, ManualClock, repeat } from "@smcq/kernel";

/** A clock that notes which of its timers may keep the process alive. */
function noting(): { clock: ManualClock; noted: Clock; unrefs: (boolean | undefined)[] } {
  const clock = new ManualClock();
  const unrefs: (boolean | undefined)[] = [];
  const noted: Clock = {
    nowMs: () => clock.nowMs(),
    monoNs: () => clock.monoNs(),
    after: (delayMs, fn, options) => {
      unrefs.push(options?.unref);
      return clock.after(delayMs, fn);
    },
  };
  return { clock, noted, unrefs };
}

describe("repeat", () => {
  it("calls after each interval, the first time after one, until it is cancelled", () => {
    const clock = new ManualClock(100);
    const atMs: number[] = [];
    const cancel = repeat(clock, 10, () => atMs.push(clock.nowMs()));
    expect(atMs).toEqual([]);
    clock.advance(35);
    expect(atMs).toEqual([110, 120, 130]);
    cancel();
    cancel();
    clock.advance(100);
    expect([atMs.length, clock.pendingCount]).toEqual([3, 0]);
  });

  it("ends when its callback cancels it", () => {
    const clock = new ManualClock();
    let calls = 0;
    const cancel: CancelTimer = repeat(clock, 10, () => {
      if (++calls === 2) cancel();
    });
    clock.advance(100);
    expect([calls, clock.pendingCount]).toEqual([2, 0]);
  });

  it("passes on what its callback throws, and ends", () => {
    const clock = new ManualClock();
    let calls = 0;
    const cancel = repeat(clock, 10, () => {
      calls++;
      throw new Error("out of order");
    });
    expect(() => clock.advance(50)).toThrow("out of order");
    clock.advance(100);
    expect([calls, clock.pendingCount]).toEqual([1, 0]);
    cancel();
  });

  it("counts from the call before: one that comes late moves the next", () => {
    const { clock, noted } = noting();
    const atMs: number[] = [];
    let lateMs = 0;
    const late: Clock = { ...noted, after: (delayMs, fn) => clock.after(delayMs + lateMs, fn) };
    repeat(late, 10, () => {
      atMs.push(clock.nowMs());
      lateMs = 4;
    });
    clock.advance(40);
    expect(atMs).toEqual([10, 24, 38]);
  });

  it("does not keep the process alive unless it is told to", () => {
    const { clock, noted, unrefs } = noting();
    const cancel = repeat(noted, 10, () => {});
    clock.advance(10);
    cancel();
    const cancelOther = repeat(noted, 10, () => {}, { unref: false });
    clock.advance(10);
    cancelOther();
    expect(unrefs).toEqual([true, true, false, false]);
  });
});
