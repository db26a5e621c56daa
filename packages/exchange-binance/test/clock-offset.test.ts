import { ManualClock, OffsetClock } from "@smcq/kernel";
import { beforeEach, describe, expect, it } from "vitest";
import { ClockOffset } from "../src/rest/clock-offset.ts";

const AHEAD_MS = 700;
const WAY_MS = 10;
const STEP_MS = -90_000;

let venue: ManualClock;
/** What the machine's clock is set to, ms from where it was. */
let stepMs: number;
let offset: ClockOffset;

beforeEach(() => {
  venue = new ManualClock(1_790_771_340_000);
  stepMs = 0;
  offset = new ClockOffset(new OffsetClock(venue, () => stepMs - AHEAD_MS));
});

/** The venue's answers, each way `WAY_MS` long; the machine's clock is set while the samples `steps` are on their way. */
function serverTime(...steps: readonly number[]): () => Promise<number> {
  let sample = 0;
  return async () => {
    venue.advance(WAY_MS);
    const nowMs = venue.nowMs();
    if (steps.includes(sample++)) stepMs += STEP_MS;
    venue.advance(WAY_MS);
    return Promise.resolve(nowMs);
  };
}

describe("CL01: a clock that is set while it is held against the venue's", () => {
  it("is not followed by samples from before it, nor by the one that it was set in", async () => {
    for (const step of [0, 2, 3]) {
      await offset.synchronise(serverTime(step));
      expect([step, venue.nowMs() - offset.venueNowMs(), offset.roundTripMs()]).toEqual([
        step,
        0,
        2 * WAY_MS,
      ]);
    }
  });

  it("set in the last one, or in each, leaves the offset as it was, and says so", async () => {
    await offset.synchronise(serverTime());
    expect(offset.offsetMs()).toBe(AHEAD_MS);
    await expect(offset.synchronise(serverTime(4))).rejects.toThrow("our clock was set");
    await expect(offset.synchronise(serverTime(0, 1, 2, 3, 4))).rejects.toThrow("our clock was set");
    expect(offset.offsetMs()).toBe(AHEAD_MS);
  });
});

it("set forward between two samples, it is followed from there", async () => {
  const ask = serverTime();
  let sample = 0;
  await offset.synchronise(() => {
    if (sample++ === 3) stepMs = 60_000;
    return ask();
  });
  expect(venue.nowMs() - offset.venueNowMs()).toBe(0);
});
