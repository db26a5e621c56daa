import { silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { Coordinator, Inbox } from "../../src/index.ts";
import { SYMBOLS } from "./replayed-market.ts";
import { inlineTwin, options, threaded } from "./threaded-cluster.ts";

describe("Coordinator with real threads", () => {
  it.each(["pool", "shard"] as const)(
    "threads equal the inline twin, bit for bit (--compute %s)",
    async (compute) => {
      const wanted = await inlineTwin();
      const run = await threaded(compute);
      expect(wanted.length).toBeGreaterThan(50);
      expect(run.signals).toEqual(wanted);
      expect(run.shardsRunning).toBe(3);
    },
  );

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

  it.each(["pool", "shard"] as const)(
    "refuses to start when a shard dies again and again, and still stops (--compute %s)",
    async (compute) => {
      const errors: unknown[] = [];
      const coordinator = new Coordinator({
        ...options(compute, new Inbox()),
        shardWorker: { url: new URL("./mortal-shard.worker.ts", import.meta.url), data: { how: "refuses" } },
        logger: { ...silentLogger, error: (_fields, text) => void errors.push(text) },
      });
      await expect(coordinator.start()).rejects.toMatchObject({ code: "SHARD_OFF" });
      expect(coordinator.health().shardsOff).toBeGreaterThan(0);
      // A task for a shard that is gone must not be waited for.
      coordinator.removeSymbol(SYMBOLS[0] as string);
      await coordinator.stop();
      expect(errors.length).toBeGreaterThanOrEqual(4);
    },
  );
});
