import { describe, expect, it } from "vitest";
import { InvariantError, ManualClock, Rng } from "@smcq/kernel";

/** A clock and a list into which timers write their name and the time they saw. */
function stage(startMs = 0): {
  clock: ManualClock;
  fired: string[];
  mark: (name: string) => () => void;
} {
  const clock = new ManualClock(startMs);
  const fired: string[] = [];
  return { clock, fired, mark: (name) => () => fired.push(`${name}@${clock.nowMs()}`) };
}

describe("ManualClock", () => {
  it("moves only when told, wall and monotonic time together", () => {
    const { clock } = stage(1000);
    expect([clock.nowMs(), clock.monoNs()]).toEqual([1000, 1e9]);
    clock.advance(250);
    expect([clock.nowMs(), clock.monoNs()]).toEqual([1250, 1.25e9]);
    clock.advanceTo(1250);
    expect(clock.nowMs()).toBe(1250);
  });

  it("fires timers at their own time, in order of time, then of creation", () => {
    const { clock, fired, mark } = stage();
    clock.after(30, mark("c"));
    clock.after(10, mark("a"));
    clock.after(20, mark("b1"));
    clock.after(20, mark("b2"));
    clock.after(31, mark("later"));
    clock.advanceTo(30);
    expect(fired).toEqual(["a@10", "b1@20", "b2@20", "c@30"]);
    expect([clock.nowMs(), clock.pendingCount]).toEqual([30, 1]);
  });

  it("fires timers that timers set, when they are due on the way", () => {
    const { clock, fired, mark } = stage();
    clock.after(10, () => {
      mark("outer")();
      clock.after(5, mark("inner"));
      clock.after(0, mark("soon"));
      clock.after(100, mark("never"));
    });
    clock.after(12, mark("between"));
    clock.advanceTo(20);
    expect(fired).toEqual(["outer@10", "soon@10", "between@12", "inner@15"]);
  });

  it("never fires within after, a delay of zero or less included", () => {
    const { clock, fired, mark } = stage(50);
    clock.after(0, mark("zero"));
    clock.after(-100, mark("past"));
    expect(fired).toEqual([]);
    clock.advance(0);
    expect(fired).toEqual(["zero@50", "past@50"]);
  });

  it("does not fire a cancelled timer, also when a timer cancels another due at the same time", () => {
    const { clock, fired, mark } = stage();
    const cancel = clock.after(10, mark("cancelled"));
    cancel();
    cancel();
    let cancelOther = (): void => {};
    clock.after(20, () => {
      mark("first")();
      cancelOther();
    });
    cancelOther = clock.after(20, mark("other"));
    const cancelFired = clock.after(5, mark("fired"));
    clock.advance(30);
    cancelFired();
    expect(fired).toEqual(["fired@5", "first@20"]);
    expect(clock.pendingCount).toBe(0);
  });

  it("refuses to go back, to be moved by a timer, and a delay that is no number", () => {
    const { clock } = stage(100);
    expect(() => clock.advanceTo(99)).toThrow(InvariantError);
    expect(() => clock.advanceTo(Number.NaN)).toThrow(InvariantError);
    expect(() => clock.after(Number.NaN, () => {})).toThrow(InvariantError);
    clock.after(5, () => clock.advance(1000));
    expect(() => clock.advance(10)).toThrow(InvariantError);
    expect(clock.nowMs()).toBe(105);
  });

  it("stays usable at the time of a timer that throws", () => {
    const { clock, fired, mark } = stage();
    clock.after(10, () => {
      throw new Error("broken timer");
    });
    clock.after(20, mark("next"));
    expect(() => clock.advance(30)).toThrow("broken timer");
    expect(clock.nowMs()).toBe(10);
    clock.advance(20);
    expect(fired).toEqual(["next@20"]);
  });

  it("fires any set of timers like a sorted list, however the way is cut", () => {
    const rng = new Rng(11);
    for (let round = 0; round < 50; round++) {
      const { clock, fired, mark } = stage();
      const timers = Array.from({ length: 60 }, (_, order) => ({ order, atMs: rng.int(40) }));
      for (const { order, atMs } of timers) clock.after(atMs, mark(String(order)));
      while (clock.nowMs() < 40) clock.advance(rng.int(15));
      const expected = timers.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
      expect(fired).toEqual(expected.map(({ order, atMs }) => `${order}@${atMs}`));
    }
  });
});
