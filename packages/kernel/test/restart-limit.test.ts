import { describe, expect, it } from "vitest";
import { ManualClock, RestartLimit, THREAD_RESTARTS } from "@smcq/kernel";

describe("RestartLimit", () => {
  it("allows so many restarts in a window and refuses the next, which does not count", () => {
    const limit = new RestartLimit({ restartsMax: 3, windowMs: 600_000 }, new ManualClock(5_000));
    expect(Array.from({ length: 5 }, () => limit.tryRestart())).toEqual([true, true, true, false, false]);
    expect([limit.recent, limit.total]).toEqual([3, 3]);
  });

  it("still counts a restart just before the window's end, and no more exactly at it", () => {
    const clock = new ManualClock(1_000);
    const limit = new RestartLimit({ restartsMax: 1, windowMs: 600_000 }, clock);
    expect(limit.tryRestart()).toBe(true);
    clock.advance(599_999);
    expect(limit.tryRestart()).toBe(false);
    clock.advance(1);
    expect([limit.tryRestart(), limit.recent, limit.total]).toEqual([true, 1, 2]);
  });

  it("slides: each restart leaves the window at its own time", () => {
    const clock = new ManualClock();
    const limit = new RestartLimit({ restartsMax: 2, windowMs: 100 }, clock);
    expect(limit.tryRestart()).toBe(true);
    clock.advance(60);
    expect(limit.tryRestart()).toBe(true);
    clock.advance(40);
    expect([limit.tryRestart(), limit.recent]).toEqual([true, 2]);
    clock.advance(59);
    expect(limit.tryRestart()).toBe(false);
    clock.advance(1);
    expect([limit.tryRestart(), limit.total]).toEqual([true, 4]);
  });

  it("allows none where none is allowed", () => {
    const limit = new RestartLimit({ restartsMax: 0, windowMs: 60_000 }, new ManualClock());
    expect([limit.tryRestart(), limit.recent, limit.total]).toEqual([false, 0, 0]);
  });

  it("mends a thread three times in ten minutes", () => {
    expect(THREAD_RESTARTS).toEqual({ restartsMax: 3, windowMs: 600_000 });
  });
});
