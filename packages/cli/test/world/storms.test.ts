import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryDataDir } from "../support/recorded-ledger.ts";
import { disproven } from "./proof.ts";
import type { StormScenario } from "./shrink.ts";
import { outlive } from "./storm.ts";

const FOLDER = fileURLToPath(new URL("../../../engine/test/scenarios/storms/", import.meta.url));
const storms = readdirSync(FOLDER).map(
  (name) => [name, JSON.parse(readFileSync(`${FOLDER}${name}`, "utf8")) as StormScenario] as const,
);

describe("storms that were reduced to what matters", () => {
  it.each(storms.map(([name, storm]) => [name, storm.title, storm] as const))("%s: %s", (_, __, storm) => {
    const { faults, strikes, world } = outlive(storm);
    // A journal replays from the beginning of its process.
    const found = world.kills === 0 ? disproven(world, temporaryDataDir()) : [];
    expect([...faults, ...found]).toEqual([]);
    // It still is the storm that it was.
    expect(strikes.toSorted()).toEqual([...storm.only].sort());
  });
});
