import { BAR_FIELDS } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { fixtureSet, Lane, SHARED_SETS, sharedData, sharedSet, SYMBOLS } from "./support.ts";
import type { GoldenSet } from "./support.ts";

/** What the scanner says otherwise than the golden set; features are compared to the last bit. */
function goldenFaults(set: GoldenSet): string[] {
  const lane = new Lane();
  const candidates: string[] = [];
  const faults: string[] = [];
  let row = 0;
  for (let i = 0; i < set.flat.length / BAR_FIELDS; i++) {
    const code = lane.push(set.flat, i);
    if (code !== 0) {
      const side = code > 0 ? 1 : -1;
      candidates.push(`${i},${side},S${Math.abs(code)},${lane.scanner.heuristic(side)}`);
    }
    const golden = set.features[row];
    if (golden?.[0] !== i) continue;
    row++;
    const features = lane.row();
    if (features.some((value, k) => value !== golden[k + 1])) faults.push(`${i}: ${features.join()}`);
  }
  if (row !== set.features.length) faults.push(`${row} rows of features instead of ${set.features.length}`);
  if (candidates.join(";") !== set.candidates.join(";")) faults.push(`candidates: ${candidates.join(" ")}`);
  return faults;
}

describe("the golden prefixes in the repository", () => {
  it.each(SYMBOLS)("of %s are met by features, candidates and heuristic", (symbol) => {
    expect(goldenFaults(fixtureSet(symbol))).toEqual([]);
  });
});

const data = sharedData();

describe.skipIf(data === null)("the whole golden sets", () => {
  it.each(SHARED_SETS)("$set is met by features, candidates and heuristic", (which) => {
    expect(goldenFaults(sharedSet(data ?? "", which))).toEqual([]);
  });
});
