import { describe, expect, it } from "vitest";
import { ALL_FAULTS, expectTruth, stallThisThread } from "./expectations.ts";
import { faultRun } from "./fault-run.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20261120);

describe("the engine against a venue where everything goes wrong at once", () => {
  it(`loses, doubles and invents nothing (seed ${seed})`, async () => {
    let hasStalled = false;
    const result = await faultRun({
      symbols: 60,
      shards: 4,
      speed: 40,
      seed,
      faults: ALL_FAULTS,
      minutes: 7,
      calmMinutes: 3,
      disturb: (_, progress) => {
        if (progress < 0.5 || hasStalled) return;
        hasStalled = true;
        stallThisThread();
      },
    });
    expect(hasStalled).toBe(true);
    console.log(JSON.stringify({ ...result, warnings: [...result.warnings] }));
    expectTruth(result);
    expect(result.health.shardsRunning).toBe(4);
    expect(result.candidates).toBeGreaterThan(0);
  });
});
