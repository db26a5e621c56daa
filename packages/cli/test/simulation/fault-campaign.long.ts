import { Rng, SystemClock } from "@smcq/kernel";
import type { Coordinator } from "@smcq/cluster";
import { describe, expect, it } from "vitest";
import { ALL_FAULTS, expectTruth, stallThisThread } from "./expectations.ts";
import { faultRun, type FaultRunResult } from "./fault-run.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20261120);
const MARKET = { symbols: 297, shards: 8, seed };
const wallClock = new SystemClock();

function report(result: FaultRunResult): FaultRunResult {
  console.log(JSON.stringify({ ...result, warnings: [...result.warnings] }));
  return result;
}

/** Ends scan threads while tasks are with the pool, one after the other, until a task has died with its thread. */
function endScanInFlight(coordinator: Coordinator, rng: Rng): void {
  const { scanRestarts } = coordinator.health();
  const look = async (): Promise<void> => {
    const health = coordinator.health();
    if (health.scanRestarts > scanRestarts) return;
    const threads = coordinator.threads().scans;
    // The one that is hit may be idle, or have answered just before.
    if (health.scansInFlight > 0) await threads[rng.int(threads.length)]?.terminate();
    wallClock.after(0, () => void look());
  };
  void look();
}

describe(`60 venue minutes, 297 symbols, 8 shards, 30 times as fast as life (seed ${seed})`, () => {
  it("holds the truth with every fault on and the coordinator standing still now and then", async () => {
    let stalls = 0;
    const result = report(
      await faultRun({
        ...MARKET,
        speed: 30,
        faults: ALL_FAULTS,
        minutes: 60,
        calmMinutes: 6,
        disturb: (_, progress) => {
          if (progress < (stalls + 1) * 0.25 || stalls >= 3) return;
          stalls++;
          stallThisThread();
        },
      }),
    );
    expect(stalls).toBe(3);
    expectTruth(result);
    expect(result.health.shardsRunning).toBe(8);
  });

  it("holds the truth with every fault on, a shard thread killed and scan threads ended in their tasks", async () => {
    const rng = new Rng(seed);
    let step = 0;
    const result = report(
      await faultRun({
        ...MARKET,
        speed: 30,
        faults: ALL_FAULTS,
        minutes: 60,
        calmMinutes: 6,
        disturb: (coordinator, progress) => {
          if (progress < (step + 1) * 0.2 || step >= 4) return;
          step++;
          if (step === 2) void coordinator.threads().shards[rng.int(8)]?.terminate();
          else endScanInFlight(coordinator, rng);
        },
      }),
    );
    expectTruth(result);
    expect(result.health).toMatchObject({ shardsRunning: 8, shardRestarts: 1 });
    expect(result.health.scanRestarts).toBeGreaterThanOrEqual(3);
  });
});

describe(`faults that have a run of their own (seed ${seed})`, () => {
  it("MD10: keeps every bar by REST when no stream speaks for longer than a ring", async () => {
    const faults = "MD10=5m:560m";
    const result = report(
      await faultRun({ symbols: 60, shards: 4, seed, speed: 240, faults, minutes: 580, calmMinutes: 10 }),
    );
    expectTruth(result);
    expect(result.health).toMatchObject({ ready: 60, shardsRunning: 4 });
  });

  it("NW10: comes back whole after ten minutes without anything", async () => {
    const result = report(
      await faultRun({ ...MARKET, speed: 30, faults: "NW10=5m:10m", minutes: 20, calmMinutes: 10 }),
    );
    expectTruth(result);
    expect(result.resets).toBe(0);
  });

  it("NW10: warms up anew after an outage that is longer than a ring", async () => {
    const faults = "NW10=5m:560m";
    const result = report(
      await faultRun({ symbols: 60, shards: 4, seed, speed: 240, faults, minutes: 580, calmMinutes: 60 }),
    );
    expect(result.tapFaults).toEqual([]);
    expect({ doubled: result.barsDoubled, different: result.barsDifferent }).toEqual({
      doubled: 0,
      different: 0,
    });
    expect(result.resets).toBeGreaterThan(0);
    expect(result.health).toMatchObject({ ready: 60, shardsRunning: 4 });
  });

  it("MD19: lets a delisted symbol go and keeps the others whole", async () => {
    const result = report(
      await faultRun({ ...MARKET, speed: 30, faults: "MD19=3m:5m", minutes: 15, calmMinutes: 5 }),
    );
    expectTruth(result);
    expect(result.health.symbols).toBe(MARKET.symbols - 1);
  });
});
