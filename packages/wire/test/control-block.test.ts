import { describe, expect, it } from "vitest";
import { InvariantError, Rng } from "@smcq/kernel";
import {
  ControlBlock,
  createControlBlock,
  LATENCY_BUCKETS,
  latencyBucket,
  latencyBucketUs,
  latencyQuantileUs,
  ScanCounter,
} from "@smcq/wire";
import { seedOf } from "./support/seed.ts";

describe("ControlBlock", () => {
  it("shows the counts of one thread's view in another's", () => {
    const sab = createControlBlock();
    const [shard, coordinator] = [new ControlBlock(sab), new ControlBlock(sab)];
    shard.count(0, 2);
    shard.count(0, 3);
    shard.count(23, 1);
    shard.beat(5e9, 12);
    shard.beat(6e9, 4);
    shard.addScan(ScanCounter.Candidates, 7);
    coordinator.setClockOffsetMs(-2.5);
    expect([coordinator.feedCounter(0), coordinator.feedCounter(1), coordinator.feedCounter(23)]).toEqual([
      5, 0, 1,
    ]);
    expect([coordinator.heartbeatNs, coordinator.stallMsMax]).toEqual([6e9, 12]);
    expect(coordinator.scanCounter(ScanCounter.Candidates)).toBe(7);
    expect(shard.clockOffsetMs).toBe(-2.5);
  });

  it("keeps every counter in a place of its own", () => {
    const control = new ControlBlock(createControlBlock());
    for (let counter = 0; counter < 24; counter++) control.count(counter, counter + 1);
    for (const counter of Object.values(ScanCounter)) control.addScan(counter, 100 + counter);
    control.beat(1000, 2000);
    control.setClockOffsetMs(3000);
    expect(Array.from({ length: 24 }, (_, counter) => control.feedCounter(counter))).toEqual(
      Array.from({ length: 24 }, (_, counter) => counter + 1),
    );
    expect(Object.values(ScanCounter).map((counter) => control.scanCounter(counter))).toEqual(
      Object.values(ScanCounter).map((counter) => 100 + counter),
    );
    expect([control.heartbeatNs, control.stallMsMax, control.clockOffsetMs]).toEqual([1000, 2000, 3000]);
  });

  it("lets no model go while a task may score with it", () => {
    const sab = createControlBlock();
    const [scan, coordinator] = [new ControlBlock(sab), new ControlBlock(sab)];
    const models = { model: -1, challenger: -1 };
    scan.enterModels(models);
    expect(models).toEqual({ model: 0, challenger: 0 });
    scan.leaveModels();
    coordinator.setModels({ model: 5, challenger: 6 });
    scan.enterModels(models);
    expect(models).toEqual({ model: 5, challenger: 6 });
    coordinator.setModels({ model: 6, challenger: 0 });
    expect([5, 6, 7].map((epoch) => coordinator.isModelUsed(epoch))).toEqual([true, true, false]);
    scan.leaveModels();
    expect([5, 6].map((epoch) => coordinator.isModelUsed(epoch))).toEqual([false, false]);
    scan.enterModels(models);
    expect(models).toEqual({ model: 6, challenger: 0 });
    expect(coordinator.isModelUsed(5)).toBe(false);
  });

  it("refuses a feed counter that has no place", () => {
    const control = new ControlBlock(createControlBlock());
    for (const counter of [-1, 24]) expect(() => control.count(counter, 1)).toThrow(InvariantError);
  });

  it("keeps the largest latency until it is taken", () => {
    const control = new ControlBlock(createControlBlock());
    for (const us of [30, 900, 20]) control.addLatency(us);
    expect([control.takeLatencyUsMax(), control.takeLatencyUsMax()]).toEqual([900, 0]);
    control.addLatency(5);
    expect(control.takeLatencyUsMax()).toBe(5);
  });

  it("sums the histograms of several shards", () => {
    const sum = new Int32Array(LATENCY_BUCKETS);
    for (let shard = 0; shard < 3; shard++) {
      const control = new ControlBlock(createControlBlock());
      for (let index = 0; index <= shard; index++) control.addLatency(100);
      control.sumLatency(sum);
    }
    expect(sum[latencyBucket(100)]).toBe(6);
    expect(sum.reduce((total, count) => total + count, 0)).toBe(6);
  });
});

describe("latency histogram", () => {
  it("puts a latency into a bucket whose edges enclose it, in rising order", () => {
    let last = -1;
    for (let us = 0.01; us < 2 ** 24; us *= 1.003) {
      const bucket = latencyBucket(us);
      expect(us).toBeLessThanOrEqual(latencyBucketUs(bucket) * (1 + 1e-12));
      expect(bucket === 0 || us >= latencyBucketUs(bucket - 1) * (1 - 1e-12)).toBe(true);
      expect(bucket).toBeGreaterThanOrEqual(last);
      last = bucket;
    }
    expect(last).toBe(LATENCY_BUCKETS - 1);
  });

  it("puts nonsense into the first bucket and the endless into the last", () => {
    for (const us of [0, -5, Number.NaN, Number.NEGATIVE_INFINITY]) expect(latencyBucket(us)).toBe(0);
    for (const us of [2 ** 24, 1e12, Number.POSITIVE_INFINITY])
      expect(latencyBucket(us)).toBe(LATENCY_BUCKETS - 1);
  });

  it("says 0 of an empty histogram", () => {
    expect(latencyQuantileUs(new Int32Array(LATENCY_BUCKETS), 0.99)).toBe(0);
  });

  it("finds quantiles within one bucket above the exact ones (at most 9.1 % too high)", () => {
    const rng = new Rng(seedOf("latency quantiles"));
    for (let round = 0; round < 40; round++) {
      const control = new ControlBlock(createControlBlock());
      const count = 1 + rng.int(3000);
      const spread = rng.next() * 3;
      const exact = Array.from({ length: count }, () =>
        Math.min(1.6e7, 2 + Math.exp(4 + spread * rng.normal())),
      );
      for (const us of exact) control.addLatency(us);
      const histogram = new Int32Array(LATENCY_BUCKETS);
      control.sumLatency(histogram);
      const sorted = exact.toSorted((a, b) => a - b);
      for (const ratio of [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1]) {
        const wanted = sorted[Math.max(0, Math.ceil(count * ratio) - 1)]!;
        const found = latencyQuantileUs(histogram, ratio);
        expect(found).toBeGreaterThanOrEqual(wanted * (1 - 1e-12));
        expect(found).toBeLessThanOrEqual(wanted * 2 ** (1 / 8) * (1 + 1e-12));
      }
    }
  });
});
