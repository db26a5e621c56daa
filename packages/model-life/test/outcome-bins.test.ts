import { expect, it } from "vitest";
import { OUTCOME_BINS, OutcomeBins } from "../src/health/outcome-bins.ts";

it("counts outcomes by the score, every end in the bin that it is written in", () => {
  const bins = new OutcomeBins();
  for (let bin = 0; bin < OUTCOME_BINS; bin++) bins.add(bin / OUTCOME_BINS, bin % 2 === 0);
  bins.add(1, true);
  bins.add(0.6, true);
  const found = bins.bins();
  expect(found.map(({ lower, upper }) => [lower, upper])).toEqual(
    Array.from({ length: OUTCOME_BINS }, (_, bin) => [bin / OUTCOME_BINS, (bin + 1) / OUTCOME_BINS]),
  );
  expect(found.map(({ count }) => count)).toEqual(
    Array.from({ length: OUTCOME_BINS }, (_, bin) => (bin === 12 || bin === OUTCOME_BINS - 1 ? 2 : 1)),
  );
  expect(found.map(({ wins }) => wins)).toEqual(
    Array.from({ length: OUTCOME_BINS }, (_, bin) =>
      bin === 12 ? 2 : bin === OUTCOME_BINS - 1 ? 1 : Number(bin % 2 === 0),
    ),
  );
});

it.each([Number.NaN, -0.01, 1.01, Number.POSITIVE_INFINITY])(
  "leaves out what is no probability: %d",
  (score) => {
    const bins = new OutcomeBins();
    bins.add(score, true);
    expect(bins.bins().every(({ count, wins }) => count === 0 && wins === 0)).toBe(true);
  },
);
