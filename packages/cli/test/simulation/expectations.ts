import { SystemClock } from "@smcq/kernel";
import { expect } from "vitest";
import type { FaultRunResult } from "./fault-run.ts";

/** Every fault that must not cost a bar; MD10, MD19 and NW10 have runs of their own. */
export const ALL_FAULTS: string = [
  "MD01,MD02,MD03,MD04,MD05,MD06,MD07,MD08,MD09,MD11,MD12,MD13,MD14,MD15,MD16,MD17,MD18,MD20,MD21,MD22",
  "NW01,NW02,NW03,NW06,NW07,NW09,NW11,NW12",
].join(",");

/** Every bar once, as the venue finally serves it; every candidate as a scan of the same bars finds it. */
export function expectTruth(result: FaultRunResult): void {
  const { barsMissing, barsDoubled, barsDifferent, tapFaults, candidatesDifferent } = result;
  expect({ barsMissing, barsDoubled, barsDifferent, tapFaults, candidatesDifferent }).toEqual({
    barsMissing: 0,
    barsDoubled: 0,
    barsDifferent: 0,
    tapFaults: [],
    candidatesDifferent: [],
  });
  expect(result.venue.unexpected).toBe(0);
  expect(result.venue.usedWeightMax).toBeLessThanOrEqual(0.8 * result.venue.weightLimit);
  expect(result.venue.replies418).toBe(0);
  expect(result.lost).toBe(0);
}

/** How long the consumer stands still (MD22), wall ms. */
const STALL_MS = 2_000;

/** MD22, which only the engine's side can do: the coordinator's thread does nothing at all for a while. */
export function stallThisThread(): void {
  const wallClock = new SystemClock();
  const untilNs = wallClock.monoNs() + STALL_MS * 1e6;
  while (wallClock.monoNs() < untilNs);
}
