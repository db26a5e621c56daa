import { expect, it } from "vitest";
import { type Finding, plantAll, PLANTS } from "../../../scripts/plant-faults.ts";

it(`sees each of ${PLANTS.length} faults that are planted in a copy, and none where none is planted`, () => {
  const findings: Finding[] = [];
  plantAll([], (finding) => findings.push(finding));
  const [untouched, ...planted] = findings;
  expect(untouched?.seenBy).toEqual([]);
  expect(planted.filter(({ seenBy }) => seenBy.length === 0)).toEqual([]);
  expect(planted).toHaveLength(PLANTS.length);
});
