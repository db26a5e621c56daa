import { describe, expect, it } from "vitest";
import { seedOf } from "../support/seed.ts";
import { runTorture, summary, total } from "./torture.ts";

describe("kline rings under real threads", () => {
  it("never let a torn copy through, while torn copies are seen and refused by the thousand", async () => {
    const seed = seedOf("ring torture");
    const outcome = await runTorture({
      seed,
      slots: 3,
      readers: 3,
      readsMin: 600_000,
      mixedMin: 1000,
      msMin: 0,
      msMax: 60_000,
    });
    console.info(`ring torture: ${summary(outcome)}`);
    expect(outcome.readers.flatMap((reader) => reader.faults)).toEqual([]);
    expect(total(outcome, "faultCount")).toBe(0);
    expect(total(outcome, "reads")).toBeGreaterThanOrEqual(600_000);
    // Without these the run would have proved nothing: mixes there were, and reads that raced the writer and held.
    expect(total(outcome, "mixedRefused")).toBeGreaterThanOrEqual(1000);
    expect(total(outcome, "acceptedOvertaken")).toBeGreaterThan(300);
    expect(total(outcome, "oldestAccepted")).toBeGreaterThan(0);
    expect(total(outcome, "refusedAtBegin")).toBeGreaterThan(0);
    expect(total(outcome, "formingAccepted")).toBeGreaterThan(1000);
    expect(total(outcome, "formingRefused")).toBeGreaterThan(0);
    expect(total(outcome, "lastFinalAccepted")).toBeGreaterThan(1000);
    expect(total(outcome, "lastFinalRefused")).toBeGreaterThan(0);
    const { appends, replacements, resets, deaths } = outcome.writer;
    expect(appends).toBeGreaterThan(30_000);
    expect(Math.min(replacements, resets, deaths)).toBeGreaterThan(3);
  });
});
