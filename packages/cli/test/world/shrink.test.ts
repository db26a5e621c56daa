import { describe, expect, it } from "vitest";
import { shrunk } from "./shrink.ts";
import { outlive, type Outlived, stormOf } from "./storm.ts";

/** As if every trade that is left for want of a stop were a fault. */
const unguarded = ({ reasons }: Outlived): readonly string[] =>
  reasons.filter((reason) => reason === "unguarded");

describe("a storm that fails", () => {
  it("is reduced to the few strikes that it fails by, and fails again by them alone", () => {
    const seed = [...Array(40).keys()].find((one) => unguarded(outlive(stormOf(one))).length > 0) ?? -1;
    const weather = stormOf(seed);
    const all = outlive(weather).strikes.length;
    const scenario = shrunk(weather, unguarded);
    expect(scenario?.found).toContain("unguarded");
    expect(scenario?.only.length).toBeLessThan(Math.min(8, all / 20));
    const again = JSON.parse(JSON.stringify(scenario)) as typeof weather;
    expect(unguarded(outlive(again)).length).toBeGreaterThan(0);
    expect(outlive(again).strikes.toSorted()).toEqual([...(again.only ?? [])].sort());
  });

  it("is none where nothing fails", () => {
    expect(shrunk(stormOf(1))).toBe(null);
  });
});
