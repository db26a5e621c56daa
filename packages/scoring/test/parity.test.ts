import { describe, expect, it } from "vitest";
import { parseLightGbm, rawMargins } from "../src/index.ts";
import {
  allMargins,
  differing,
  FIXTURE_SETS,
  fixtureSet,
  sharedModels,
  sharedSet,
  sharedSetNames,
} from "./tree-support.ts";
import type { ModelSet } from "./tree-support.ts";

const shared = sharedModels();

function expectEqual({ text, rows, margins }: ModelSet): void {
  const model = parseLightGbm(text);
  expect(differing(rawMargins(model, rows, margins.length), margins)).toEqual([]);
  for (const [way, got] of Object.entries(allMargins(model, rows, margins.length)))
    expect({ way, rows: differing(got, margins) }).toEqual({ way, rows: [] });
}

describe("margins are LightGBM's own, bit for bit", () => {
  it.each(FIXTURE_SETS)("%s", (name) => {
    const set = fixtureSet(name);
    expect(set.margins.length).toBe(600);
    expectEqual(set);
  });

  it.skipIf(shared === null).each(sharedSetNames(shared))("all rows of the shared set %s", (name) => {
    const set = sharedSet(shared ?? "", name);
    expect(set.margins.length).toBeGreaterThanOrEqual(2_000);
    expectEqual(set);
  });
});
