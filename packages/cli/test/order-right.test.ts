import { ManualClock } from "@smcq/kernel";
import { expect, it } from "vitest";
import { OrderRight, STAMP_OFF_MS_MAX } from "../src/run/duty/order-right.ts";

function rightOf(): {
  readonly right: OrderRight;
  readonly clock: ManualClock;
  readonly lease: { held: boolean; acts: boolean; sentMs: number };
  readonly told: { count: number };
} {
  const told = { count: 0 };
  const clock = new ManualClock(1_000_000);
  const lease = { held: true, acts: true, sentMs: 1_000_000 };
  const right = new OrderRight({
    lease: {
      isHeld: () => lease.held,
      mayAct: () => lease.acts,
      get sentMs() {
        return lease.sentMs;
      },
    },
    windowMsMax: 1_000,
    clock,
    onLacking: () => void told.count++,
  });
  right.measured(5_000_000);
  return { right, clock, lease, told };
}

it("is given by the lease, after what another host has sent is over", () => {
  const { right, lease } = rightOf();
  expect(right.refusal(5_000_000)).toBeNull();
  lease.acts = false;
  expect(right.refusal(5_000_000)?.text).toContain("may still arrive");
  lease.held = false;
  expect(right.refusal(5_000_000)?.text).toContain("does not hold");
  expect(right.refusals).toBe(2);
});

it("tells of what is lacking before anybody hears of the refusal, and of a clock that was set nothing", () => {
  const { right, lease, told } = rightOf();
  expect(right.refusal(5_000_000 + STAMP_OFF_MS_MAX + 1)).not.toBeNull();
  expect([told.count, right.lacks]).toEqual([0, false]);
  lease.acts = false;
  expect(right.refusal(5_000_000)).not.toBeNull();
  expect([told.count, right.lacks]).toEqual([1, true]);
});

it("is refused for a stamp that the monotonic clock does not make good, at the edge", () => {
  const { right, clock } = rightOf();
  clock.advance(10_000);
  for (const sign of [-1, 1]) {
    expect(right.refusal(5_010_000 + sign * STAMP_OFF_MS_MAX)).toBeNull();
    expect(right.refusal(5_010_000 + sign * (STAMP_OFF_MS_MAX + 1))).toMatchObject({ isClockDoubtful: true });
  }
});

it("is refused after a clock that stood, until the lease was renewed since", () => {
  const { right, clock, lease } = rightOf();
  clock.advance(100);
  // The machine slept for three seconds, and its clocks with it; then the venue's time was measured anew.
  right.measured(5_003_100);
  expect(right.refusal(5_003_100)?.text).toContain("stood");
  lease.sentMs = 1_000_100;
  expect(right.refusal(5_003_100)).toBeNull();
});

it("is refused before the venue's time is known, and while nobody relies on it", () => {
  const { right } = rightOf();
  right.trust(false);
  expect(right.refusal(5_000_000)?.text).toContain("not to be trusted");
  right.trust(true);
  expect(right.refusal(5_000_000)).toBeNull();
  const unknown = new OrderRight({
    lease: { isHeld: () => true, mayAct: () => true, sentMs: 0 },
    windowMsMax: 1_000,
    clock: new ManualClock(),
  });
  expect(unknown.refusal(0)).toMatchObject({ isClockDoubtful: true });
});
