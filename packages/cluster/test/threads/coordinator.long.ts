import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { seed } from "../support.ts";
import { expectEqual, expectRefused, inlineTwin, threaded } from "./threaded-cluster.ts";

describe("Coordinator of the other computation", () => {
  it("threads equal the inline twin, bit for bit (--compute shard)", async () => {
    await expect(expectEqual("shard")).resolves.toBeUndefined();
  });

  it("refuses to start when a shard dies again and again, and still stops (--compute pool)", async () => {
    await expect(expectRefused("pool")).resolves.toBeUndefined();
  });
});

describe("Coordinator whose threads are ended", () => {
  it(`outlives threads of the pool that are ended at random (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    let ended = 0;
    const run = await threaded("pool", {
      disturb: (coordinator, progress) => {
        if (ended === 2) return false;
        if (progress < 0.4 + ended * 0.2) return true;
        ended++;
        const threads = coordinator.threads().scans;
        void threads[rng.int(threads.length)]?.terminate();
        return true;
      },
    });
    expect(ended).toBe(2);
    expect(run.signals).toEqual(await inlineTwin());
  });

  it.each(["pool", "shard"] as const)(
    "goes on with the same rings when a shard thread is ended (--compute %s)",
    async (compute) => {
      let isEnded = false;
      const run = await threaded(compute, {
        disturb: (coordinator, progress) => {
          if (isEnded || progress < 0.6) return !isEnded;
          isEnded = true;
          void coordinator.threads().shards[1]?.terminate();
          return true;
        },
      });
      expect(run.shardRestarts).toBe(1);
      expect(run.shardsRunning).toBe(3);
      expect(run.signals).toEqual(await inlineTwin());
    },
  );
});
