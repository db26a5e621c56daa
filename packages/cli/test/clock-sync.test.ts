import { type Clock, type EpochMs, ManualClock, silentLogger } from "@smcq/kernel";
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

it("compares the clocks at the start, every half an hour, after a jump, and in spite of failures", async () => {
  const clock = new ManualClock();
  let calls = 0;
  let isDown = false;
  const synchronise = (): Promise<void> => {
    calls++;
    return isDown ? Promise.reject(new Error("down")) : Promise.resolve();
  };
  const sync = new ClockSync({ clock, logger: silentLogger, synchronise });
  await sync.start();
  isDown = true;
  clock.advance(1_800_000);
  await turns();
  sync.jumped(5_000);
  await turns();
  isDown = false;
  expect([calls, clock.pendingCount]).toEqual([3, 1]);
  clock.advance(1_800_000);
  await turns();
  expect(calls).toBe(4);
  sync.stop();
  expect(clock.pendingCount).toBe(0);
});
