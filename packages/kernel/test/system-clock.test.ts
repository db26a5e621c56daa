import { describe, expect, it } from "vitest";
import {
  afterTurn,
  type Clock,
  createClock,
  InvariantError,
  ScaledClock,
  SystemClock,
  wallNowMs,
} from "@smcq/kernel";

const VENUE_MS = 1_729_400_000_000;

const scaled = (speed: number): ScaledClock =>
  new ScaledClock({ type: "scaled", speed, anchorVenueMs: VENUE_MS, anchorWallMs: wallNowMs() });

/** Resolves with the clock's time when the timer fires. */
const fires = (clock: Clock, delayMs: number): Promise<number> =>
  new Promise((resolve) => {
    clock.after(delayMs, () => resolve(clock.nowMs()));
  });

describe("SystemClock", () => {
  it("tells the machine's wall time and a monotonic time that do not go back", () => {
    const clock = new SystemClock();
    // Each reading lies between two of the machine's own, whatever pauses come in between.
    const [wallBefore, wall, wallAfter] = [Date.now(), clock.nowMs(), Date.now()];
    expect(wall >= wallBefore && wall <= wallAfter).toBe(true);
    const hrNs = (): number => Number(process.hrtime.bigint());
    const [monoBefore, mono, monoAfter] = [hrNs(), clock.monoNs(), hrNs()];
    expect(mono >= monoBefore - 1e5 && mono <= monoAfter + 1e5).toBe(true);
    let last = clock.monoNs();
    for (let look = 0; look < 10_000; look++) {
      const now = clock.monoNs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it("fires a timer no sooner than asked, and never at once", async () => {
    const clock = new SystemClock();
    for (const delayMs of [-5, 0, 0.4, 1, 2.5, 7]) {
      const startNs = clock.monoNs();
      let isSync = true;
      const fired = new Promise<boolean>((resolve) => {
        clock.after(delayMs, () => resolve(isSync));
      });
      isSync = false;
      expect(await fired).toBe(false);
      expect((clock.monoNs() - startNs) / 1e6).toBeGreaterThanOrEqual(delayMs - 1e-3);
    }
  });

  it("does not fire a cancelled timer", async () => {
    const clock = new SystemClock();
    let firedCount = 0;
    const cancel = clock.after(1, () => firedCount++);
    cancel();
    cancel();
    await fires(clock, 10);
    expect(firedCount).toBe(0);
  });

  it("waits for a timer longer than Node can count, instead of firing at once", async () => {
    const clock = new SystemClock();
    let firedCount = 0;
    const longDelays = [2 ** 31 - 1, 2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY];
    const cancels = longDelays.map((delayMs) => clock.after(delayMs, () => firedCount++, { unref: true }));
    cancels.push(scaled(0.001).after(2 ** 31, () => firedCount++, { unref: true }));
    await fires(clock, 20);
    for (const cancel of cancels) cancel();
    expect(firedCount).toBe(0);
  });

  it("refuses a delay that is no number", () => {
    for (const clock of [new SystemClock(), scaled(2)])
      expect(() => clock.after(Number.NaN, () => {})).toThrow(InvariantError);
  });
});

describe("ScaledClock", () => {
  it("starts at its anchor and runs at its speed", async () => {
    const wall = new SystemClock();
    for (const speed of [0.5, 1, 60, 10_000]) {
      const anchorWallMs = wallNowMs();
      const clock = new ScaledClock({ type: "scaled", speed, anchorVenueMs: VENUE_MS, anchorWallMs });
      const read = (): { beforeNs: number; venueMs: number; afterNs: number } => {
        const beforeNs = wall.monoNs();
        return { beforeNs, venueMs: clock.nowMs(), afterNs: wall.monoNs() };
      };
      const first = read();
      expect(first.venueMs).toBeGreaterThanOrEqual(VENUE_MS);
      expect(first.venueMs).toBeLessThanOrEqual(VENUE_MS + (wallNowMs() - anchorWallMs) * speed);
      await fires(wall, 5);
      const second = read();
      // Bounds that hold however long a busy machine pauses between two readings; 1 ms for the floor.
      const venueMs = second.venueMs - first.venueMs;
      expect(venueMs).toBeGreaterThanOrEqual(((second.beforeNs - first.afterNs) / 1e6) * speed - 1);
      expect(venueMs).toBeLessThanOrEqual(((second.afterNs - first.beforeNs) / 1e6) * speed + 1);
    }
  });

  it("agrees with another clock of the same anchors to the millisecond, at any speed", () => {
    const spec = {
      type: "scaled",
      speed: 10_000,
      anchorVenueMs: VENUE_MS,
      anchorWallMs: wallNowMs(),
    } as const;
    const [one, other] = [new ScaledClock(spec), createClock(spec)];
    for (let look = 0; look < 1000; look++) {
      const [before, between, after] = [one.nowMs(), other.nowMs(), one.nowMs()];
      expect(before).toBeLessThanOrEqual(between);
      expect(between).toBeLessThanOrEqual(after);
    }
  });

  it("tells whole milliseconds that do not go back", () => {
    const clock = scaled(1000);
    let last = clock.nowMs();
    for (let look = 0; look < 10_000; look++) {
      const now = clock.nowMs();
      expect(Number.isInteger(now) && now >= last).toBe(true);
      last = now;
    }
  });

  it("fires a timer no sooner than asked by its own time, fractions of wall ms included", async () => {
    for (const speed of [7, 30, 1000]) {
      const clock = scaled(speed);
      const early: string[] = [];
      const waits = Array.from({ length: 60 }, async (_, index) => {
        const delayMs = 1 + index * 7;
        const startMs = clock.nowMs();
        const firedMs = await fires(clock, delayMs);
        if (firedMs - startMs < delayMs) early.push(`${delayMs} after ${firedMs - startMs}`);
      });
      await Promise.all(waits);
      expect(early).toEqual([]);
    }
  });

  it("measures latencies on the wall's monotonic time, whatever its speed", () => {
    const [fast, system] = [scaled(10_000), new SystemClock()];
    const before = system.monoNs();
    const between = fast.monoNs();
    expect(between).toBeGreaterThanOrEqual(before);
    expect(system.monoNs()).toBeGreaterThanOrEqual(between);
  });

  it("refuses a speed outside (0, 10000] and anchors that are no numbers", () => {
    for (const speed of [0, -1, 10_001, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => scaled(speed)).toThrow(RangeError);
    for (const anchors of [
      { anchorVenueMs: Number.NaN, anchorWallMs: 0 },
      { anchorVenueMs: 0, anchorWallMs: Number.POSITIVE_INFINITY },
    ])
      expect(() => new ScaledClock({ type: "scaled", speed: 1, ...anchors })).toThrow(RangeError);
  });

  it("is built from its description, and the system's clock from its own", () => {
    expect(createClock({ type: "system" })).toBeInstanceOf(SystemClock);
    expect(createClock({ type: "scaled", speed: 2, anchorVenueMs: 0, anchorWallMs: 0 })).toMatchObject({
      speed: 2,
    });
  });
});

describe("afterTurn", () => {
  it("runs later, behind the microtasks of the turn, in order", async () => {
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      afterTurn(() => order.push("first"));
      afterTurn(() => {
        order.push("second");
        resolve();
      });
    });
    void Promise.resolve().then(() => order.push("microtask"));
    order.push("turn");
    await done;
    expect(order).toEqual(["turn", "microtask", "first", "second"]);
  });
});
