import { type Clock, type EpochMs, ManualClock, ScaledClock, silentLogger, wallNowMs } from "@smcq/kernel";
import { expect, it } from "vitest";
import { ClockSync, watchJumps } from "../src/modes/binance/clock-sync.ts";

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

it("notices a clock that was set or slept, and no other", () => {
  const base = new ManualClock(1_000_000);
  let stepMs = 0;
  const clock: Clock = {
    nowMs: () => (base.nowMs() + stepMs) as EpochMs,
    monoNs: () => base.monoNs(),
    after: (delayMs, fn) => base.after(delayMs, fn),
  };
  const jumps: number[] = [];
  const cancel = watchJumps(clock, (jumpMs) => jumps.push(jumpMs));
  base.advance(60_000);
  stepMs = 400;
  base.advance(5_000);
  expect(jumps).toEqual([]);
  stepMs += 86_400_000;
  base.advance(5_000);
  stepMs -= 3_000;
  base.advance(20_000);
  expect(jumps).toEqual([86_400_000, -3_000]);
  cancel();
  expect(base.pendingCount).toBe(0);
});

class SyncRig {
  readonly clock = new ManualClock();
  readonly health: boolean[] = [];
  calls = 0;
  isDown = false;
  tripMs = 80;
  readonly sync = new ClockSync({
    clock: this.clock,
    logger: silentLogger,
    synchronise: () => {
      this.calls++;
      return this.isDown ? Promise.reject(new Error("down")) : Promise.resolve();
    },
    tripMs: () => this.tripMs,
    tripMsMax: 1_000,
    onHealth: (isSound) => this.health.push(isSound),
  });

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 60_000) {
      this.clock.advance(Math.min(left, 60_000));
      await turns();
    }
  }

  /** What was judged since the last look, without repetitions. */
  judged(): readonly boolean[] {
    return this.health.splice(0).filter((is, at, all) => at === 0 || is !== all[at - 1]);
  }
}

it("compares the clocks at the start, every half an hour, after a jump, and in spite of failures", async () => {
  const rig = new SyncRig();
  await rig.sync.start();
  await rig.pass(1_800_000);
  expect(rig.calls).toBe(2);
  rig.isDown = true;
  rig.sync.jumped(5_000);
  await turns();
  expect(rig.calls).toBe(3);
  await rig.pass(120_000);
  expect(rig.calls).toBe(5);
  rig.isDown = false;
  await rig.pass(60_000);
  await rig.pass(1_740_000);
  expect([rig.calls, rig.clock.pendingCount]).toEqual([6, 2]);
  rig.sync.stop();
  expect(rig.clock.pendingCount).toBe(0);
});

it("relies on the clock until it jumps, is too far away, or was not read twice in a row (CL01, CL02)", async () => {
  const rig = new SyncRig();
  await rig.sync.start();
  await rig.pass(7_200_000);
  expect(rig.judged()).toEqual([true]);
  rig.isDown = true;
  await rig.pass(3_600_000);
  expect(rig.judged()).toEqual([]);
  await rig.pass(1_800_000);
  expect(rig.judged()).toEqual([false]);
  rig.isDown = false;
  await rig.pass(60_000);
  expect(rig.judged()).toEqual([true]);
  rig.tripMs = 1_001;
  await rig.pass(1_800_000);
  expect(rig.judged()).toEqual([false]);
  rig.tripMs = 1_000;
  await rig.pass(60_000);
  expect(rig.judged()).toEqual([true]);
  rig.isDown = true;
  rig.sync.jumped(-3_000);
  await rig.pass(600_000);
  expect(rig.judged()).toEqual([false]);
  rig.isDown = false;
  await rig.pass(60_000);
  expect(rig.judged()).toEqual([true]);
  rig.sync.stop();
});

it("counts an offset's age in the clock's own time, however fast that runs", async () => {
  const clock = new ScaledClock({
    type: "scaled",
    speed: 10_000,
    anchorVenueMs: 0,
    anchorWallMs: wallNowMs(),
  });
  let calls = 0;
  const isDoubted = await new Promise<boolean>((resolve, reject) => {
    const sync = new ClockSync({
      clock,
      logger: silentLogger,
      synchronise: () => (calls++ === 0 ? Promise.resolve() : Promise.reject(new Error("down"))),
      tripMs: () => 0,
      tripMsMax: Infinity,
      onHealth: (isSound) => {
        if (isSound) return;
        sync.stop();
        resolve(true);
      },
    });
    // Ten hours of the clock: what has not come by then does not come.
    clock.after(36_000_000, () => {
      sync.stop();
      resolve(false);
    });
    sync.start().catch(reject);
  });
  expect(isDoubted).toBe(true);
});
