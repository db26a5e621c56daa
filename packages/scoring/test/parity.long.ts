import { FEATURE_COUNT } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { parseLightGbm, rawMargins } from "../src/index.ts";
import {
  adversarialRows,
  disagreements,
  FIXTURE_SETS,
  fixtureSet,
  sharedModels,
  sharedSet,
  sharedSetNames,
  testRng,
} from "./tree-support.ts";
import type { ModelSet } from "./tree-support.ts";

const ROWS = 100_000;
const shared = sharedModels();
const sets: readonly (() => ModelSet)[] =
  shared === null
    ? FIXTURE_SETS.map((name) => () => fixtureSet(name))
    : sharedSetNames(shared).map((name) => () => sharedSet(shared, name));

// docs/model.md 8: no bit may differ on 100,000 random and as many adversarial rows of each variant. The reference
// traversal stands for LightGBM, whose own margins of recorded rows it gives (parity.test.ts).
describe("100,000 random and 100,000 adversarial rows give the reference's bits", () => {
  it.each(sets.map((load) => load()))("$name", ({ name, text }) => {
    const model = parseLightGbm(text);
    const rng = testRng(name);
    const random = Float32Array.from({ length: ROWS * FEATURE_COUNT }, () => rng.next() * 2.2 - 1.1);
    for (const rows of [random, adversarialRows(rng, model, ROWS)])
      expect(disagreements(model, rows, rawMargins(model, rows, ROWS))).toEqual({});
  });
});
