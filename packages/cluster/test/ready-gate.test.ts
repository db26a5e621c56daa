import { ManualClock } from "@smcq/kernel";
import { expect, it } from "vitest";
import { untilReady } from "../src/ready-gate.ts";
import type { ClusterHealth } from "../src/index.ts";

const HEALTH: ClusterHealth = {
  symbols: 3,
  ready: 2,
  m5Ready: 0,
  short: 0,
  warming: 1,
  shardsRunning: 2,
  shardsOff: 0,
  shardRestarts: 0,
  scanRestarts: 0,
  scansInFlight: 0,
};
const LIMITS = { dataMsMax: 20_000, stallMsMax: 60_000, lookMs: 50 };

/** Lets `ms` pass, look by look. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advance(50);
    await Promise.resolve();
    await Promise.resolve();
  }
}

function gate(parts: {
  health?: () => ClusterHealth;
  silentShards?: () => number;
  isStopping?: () => boolean;
}): {
  readonly clock: ManualClock;
  readonly done: Promise<ClusterHealth>;
} {
  const clock = new ManualClock();
  const view = { health: () => HEALTH, silentShards: () => 0, isStopping: () => false, ...parts };
  return { clock, done: untilReady({ ...view, wallClock: clock }, LIMITS) };
}

it("lets the market go on without a symbol that gets no further", async () => {
  const { clock, done } = gate({});
  let isDone = false;
  void done.then(() => (isDone = true));
  await pass(clock, 60_000);
  expect(isDone).toBe(false);
  await pass(clock, 100);
  expect(await done).toEqual(HEALTH);
});

it("waits as long as symbols become READY, one after another", async () => {
  let warming = 5;
  const { clock, done } = gate({ health: () => ({ ...HEALTH, warming }) });
  let isDone = false;
  void done.then(() => (isDone = true));
  for (; warming > 0; warming--) {
    await pass(clock, 50_000);
    expect(isDone).toBe(false);
  }
  await pass(clock, 50);
  expect((await done).warming).toBe(0);
});

it("refuses when a shard hears nothing, and when a shard died too often", async () => {
  const silent = gate({ silentShards: () => 1 });
  const [refused] = await Promise.allSettled([silent.done, pass(silent.clock, 20_100)]);
  expect(refused).toMatchObject({ status: "rejected", reason: { code: "FEED_SILENT" } });
  await expect(gate({ health: () => ({ ...HEALTH, shardsOff: 1 }) }).done).rejects.toMatchObject({
    code: "SHARD_OFF",
  });
});

it("resolves at once when the run is to stop", async () => {
  const { done } = gate({ silentShards: () => 2, isStopping: () => true });
  expect(await done).toEqual(HEALTH);
});
