import { describe, expect, it } from "vitest";
import { parseLightGbm, rawMargins, toTreeEnsemble } from "../src/index.ts";
import type { LightGbmModel } from "../src/index.ts";
import { treeBoxes, treeNodes } from "../src/leaf-mask/leaf-boxes.ts";
import {
  adversarialRows,
  DECISIONS_WITHOUT_ZERO,
  disagreements,
  EVERY_DECISION,
  modelOf,
  randomTree,
  testRng,
  textOf,
} from "./tree-support.ts";
import type { TreeOptions } from "./tree-support.ts";

const ROWS = 200;

/** What in the way from the model's text to its margins does not give the bits of the plain walk over the model. */
function faults(model: LightGbmModel, rows: Float32Array): Record<string, number[]> {
  const parsed = parseLightGbm(textOf(model));
  expect(parsed).toEqual(model);
  return disagreements(parsed, rows, rawMargins(model, rows, rows.length / 12));
}

describe("random trees give one margin, whichever way", () => {
  const kinds: (TreeOptions & { readonly name: string })[] = [
    { name: "constants", leaves: 1, shape: "random", decisions: [2], thresholds: "plain" },
    { name: "stumps", leaves: 2, shape: "random", decisions: EVERY_DECISION, thresholds: "edges" },
    {
      name: "every missing type",
      leaves: 9,
      shape: "random",
      decisions: EVERY_DECISION,
      thresholds: "edges",
    },
    { name: "zero as missing", leaves: 12, shape: "random", decisions: [4, 6], thresholds: "plain" },
    { name: "equal thresholds", leaves: 12, shape: "random", decisions: EVERY_DECISION, thresholds: "equal" },
    {
      name: "31 leaves",
      leaves: 31,
      shape: "random",
      decisions: DECISIONS_WITHOUT_ZERO,
      thresholds: "edges",
    },
    {
      name: "33 leaves",
      leaves: 33,
      shape: "random",
      decisions: DECISIONS_WITHOUT_ZERO,
      thresholds: "edges",
    },
    {
      name: "chains of 64",
      leaves: 64,
      shape: "chain",
      decisions: DECISIONS_WITHOUT_ZERO,
      thresholds: "edges",
    },
    {
      name: "64 leaves",
      leaves: 64,
      shape: "random",
      decisions: DECISIONS_WITHOUT_ZERO,
      thresholds: "plain",
    },
  ];

  it.each(kinds)("$name", (kind) => {
    const rng = testRng(kind.name);
    for (let round = 0; round < 12; round++) {
      // Numbers of trees around the sizes of a block.
      const trees = [1, 7, 8, 9, 16, 17][round % 6]!;
      // Every second model is a forest: its sum is divided once.
      const model = modelOf(
        Array.from({ length: trees }, () => randomTree(rng, kind)),
        round % 2 === 1,
      );
      expect(faults(model, adversarialRows(rng, model, ROWS))).toEqual({});
    }
  });

  it("trees of all kinds in one model", () => {
    const rng = testRng("all kinds");
    const model = modelOf(kinds.flatMap((kind) => [randomTree(rng, kind), randomTree(rng, kind)]));
    expect(faults(model, adversarialRows(rng, model, 1_500))).toEqual({});
  });

  it("a feature with more thresholds than two levels of search tell apart", () => {
    const rng = testRng("many thresholds");
    const kind = { leaves: 31, shape: "random", decisions: [10], thresholds: "plain" } as const;
    const trees = Array.from({ length: 12 }, () => randomTree(rng, kind));
    for (const { splitFeature } of trees) splitFeature.fill(5);
    const model = modelOf(trees);
    expect(faults(model, adversarialRows(rng, model, ROWS))).toEqual({});
  });

  it("merges the repeated leaves of zero_as_missing back into the text's own", () => {
    const rng = testRng("merging");
    const kind = { leaves: 14, shape: "random", decisions: [4, 6], thresholds: "plain" } as const;
    let repeated = 0;
    for (let round = 0; round < 40; round++) {
      const ensemble = toTreeEnsemble(modelOf([randomTree(rng, kind)]));
      if (ensemble.leafValue.length > 64) repeated++;
      const merged = treeBoxes(ensemble, treeNodes(ensemble, 0, Infinity), 0);
      expect(merged?.boxes.length).toBeLessThanOrEqual(14);
    }
    expect(repeated).toBeGreaterThan(0);
  });
});
