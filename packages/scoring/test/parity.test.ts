import { describe, expect, it } from "vitest";
import { parseLightGbm } from "../src/index.ts";
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

  it.skipIf(shared === null).each(sharedSetNames(shared))("all rows of the shared set %s", (name) => {
    const { text, rows, margins } = sharedSet(shared ?? "", name);
    expect(margins.length).toBeGreaterThanOrEqual(2_000);
    expect(disagreements(parseLightGbm(text), rows, margins)).toEqual({});
  });
});
