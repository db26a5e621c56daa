import { describe, expect, it } from "vitest";
import { seedOf } from "../support/seed.ts";
import { runTorture, summary, total } from "./torture.ts";

const MINUTES = Number(process.env["SMCQ_TORTURE_MINUTES"] ?? "3");

describe("kline rings under real threads, for minutes", () => {
  it.each([1, 2, 8])("never let a torn copy of %i slots through", async (slots) => {
    const seed = seedOf(`ring torture, ${slots} slots`) + slots * 1000;
    const msMin = (MINUTES * 60_000) / 3;
    const outcome = await runTorture({
      seed,
      slots,
      readers: 1 + (slots % 4),
      readsMin: 2_000_000,
      mixedMin: 1000,
      msMin,
      msMax: msMin + 120_000,
    });
    console.info(`ring torture, ${slots} slots: ${summary(outcome)}`);
    expect(outcome.readers.flatMap((reader) => reader.faults)).toEqual([]);
    expect(total(outcome, "faultCount")).toBe(0);
    expect(total(outcome, "mixedRefused")).toBeGreaterThanOrEqual(1000);
  });
});
