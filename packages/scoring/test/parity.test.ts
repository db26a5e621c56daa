import { describe, expect, it } from "vitest";
import { parseLightGbm, rawMargins } from "../src/index.ts";
import { predictConfidence } from "../src/calibration.ts";
import {
  disagreements,
  FIXTURE_SETS,
  fixtureSet,
  sharedModels,
  sharedSet,
  sharedSetNames,
} from "./tree-support.ts";

const shared = sharedModels();

describe("margins are LightGBM's own, bit for bit", () => {
  it.each(FIXTURE_SETS)("%s", (name) => {
    const { text, rows, margins } = fixtureSet(name);
    expect(margins.length).toBe(600);
    expect(disagreements(parseLightGbm(text), rows, margins)).toEqual({});
  });

  it("and a random forest's probability is the sigmoid of the mean of its trees", () => {
    const { text, rows, margins, probabilities } = fixtureSet("rf");
    const model = parseLightGbm(text);
    expect([model.isAveraged, model.trees.length]).toEqual([true, 43]);
    const own = rawMargins(model, rows, margins.length).map((margin) =>
      predictConfidence(margin, { a: 1, b: 0 }),
    );
    // The exponential of C and that of the language differ in the last bit at most.
    expect(Math.max(...own.map((value, row) => Math.abs(value - probabilities[row]!)))).toBeLessThan(3e-16);
  });

  it.skipIf(shared === null).each(sharedSetNames(shared))("all rows of the shared set %s", (name) => {
    const { text, rows, margins } = sharedSet(shared ?? "", name);
    expect(margins.length).toBeGreaterThanOrEqual(2_000);
    expect(disagreements(parseLightGbm(text), rows, margins)).toEqual({});
  });
});
