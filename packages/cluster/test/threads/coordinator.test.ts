import { describe, expect, it } from "vitest";
import { expectEqual, expectRefused, inlineTwin, threaded } from "./threaded-cluster.ts";

describe("Coordinator with real threads", () => {
  it("threads equal the inline twin, bit for bit", async () => {
    await expect(expectEqual("pool")).resolves.toBeUndefined();
  });

  it("loses and doubles nothing when a scan thread dies between finding and committing", async () => {
    const deaths = new SharedArrayBuffer(4);
    let arms = 0;
    const run = await threaded("pool", {
      deaths,
      disturb: (_, progress) => {
        // Armed twice, once each: a shard outlives three deaths, and a window of time could bring more. The second
        // death comes from a thread that replaced the first.
        const left = new Int32Array(deaths);
        const isArmed = Atomics.load(left, 0) > 0;
        if (isArmed || arms === 2) return isArmed;
        if (progress > (arms === 0 ? 0.4 : 0.7)) Atomics.store(left, 0, arms++ === 0 ? 3 : 2);
        return true;
      },
    });
    expect(run.scanRestarts).toBeGreaterThanOrEqual(2);
    expect(run.signals).toEqual(await inlineTwin());
  });

  it("refuses to start when a shard dies again and again, and still stops (--compute shard)", async () => {
    await expect(expectRefused("shard")).resolves.toBeUndefined();
  });
});
