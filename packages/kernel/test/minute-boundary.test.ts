import { describe, expect, it } from "vitest";
import { lastClosedMinuteMs, MINUTE_MS, minuteOf, nextMinuteMs, Rng } from "@smcq/kernel";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const T0 = 1_700_000_040_000;

describe("minute boundaries", () => {
  it("floors an instant to its minute, a boundary to itself", () => {
    expect([T0 - 1, T0, T0 + 1, T0 + 59_999].map(minuteOf)).toEqual([T0 - MINUTE_MS, T0, T0, T0]);
  });

  it("takes a minute as closed once the grace time is over, exactly then", () => {
    expect(lastClosedMinuteMs(T0 + 2_999, 3_000)).toBe(T0 - 2 * MINUTE_MS);
    expect(lastClosedMinuteMs(T0 + 3_000, 3_000)).toBe(T0 - MINUTE_MS);
    expect(lastClosedMinuteMs(T0, 0)).toBe(T0 - MINUTE_MS);
  });

  it("gives the next boundary behind the grace time, never the present instant", () => {
    expect(nextMinuteMs(T0 + 2_999, 3_000)).toBe(T0 + 3_000);
    expect(nextMinuteMs(T0 + 3_000, 3_000)).toBe(T0 + MINUTE_MS + 3_000);
    expect(nextMinuteMs(T0, 0)).toBe(T0 + MINUTE_MS);
  });

  it(`closes one minute more at each next boundary, for any instant and grace (SMCQ_SEED=${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 2_000; round++) {
      const nowMs = T0 + rng.int(1e9);
      const graceMs = rng.int(180_000);
      const nextMs = nextMinuteMs(nowMs, graceMs);
      expect(nextMs).toBeGreaterThan(nowMs);
      expect(nextMs - nowMs).toBeLessThanOrEqual(MINUTE_MS);
      expect(lastClosedMinuteMs(nextMs - 1, graceMs)).toBe(lastClosedMinuteMs(nowMs, graceMs));
      expect(lastClosedMinuteMs(nextMs, graceMs)).toBe(lastClosedMinuteMs(nowMs, graceMs) + MINUTE_MS);
    }
  });
});
