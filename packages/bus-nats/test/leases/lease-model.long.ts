import { describe, expect, it } from "vitest";
import { search, SMALL_WORLD, type World } from "../support/lease-model.ts";

const DRIFTING: World = { ...SMALL_WORLD, lostMax: 1, gainedMax: 1 };

describe("the lease's rules, searched whole, with clocks that drift", () => {
  it.each<[string, Partial<World>]>([
    ["both clocks", {}],
    ["the monotonic clock alone", { clocks: "monotonic" }],
    [
      "the venue's time alone, though the monotonic clock stands",
      { clocks: "venue", lostMax: Number.POSITIVE_INFINITY },
    ],
    ["a store that goes back", { reverts: true, lostMax: 0, gainedMax: 0 }],
  ])("let no order of an older epoch be accepted after the newer one's first: %s", (name, given) => {
    const { violation, acts, accepted, states } = search({ ...DRIFTING, ...given });
    process.stdout.write(`${name}: ${states} states, B acts in ${acts}, A is accepted in ${accepted}\n`);
    expect(violation).toBeNull();
    expect([acts > 100, accepted > 1_000]).toEqual([true, true]);
  });

  it.each<[World["mutation"], Partial<World>]>([
    ["no-wait", {}],
    ["no-venue-fence", {}],
    ["stamp-after-check", {}],
    ["from-answer", {}],
    ["wall-clock", {}],
    ["blind-write", {}],
    ["no-margin-when-given", {}],
    ["signs-when-given", { terms: { ...SMALL_WORLD.terms, leaseMs: 5 }, lostMax: 0, gainedMax: 0 }],
    ["resume-at-once", { reverts: true, lostMax: 0, gainedMax: 0 }],
    ["seen-before", { reverts: true, lostMax: 0, gainedMax: 0 }],
  ])("are each needed: the search finds what is wrong with %s", (mutation, given) => {
    const { violation, states } = search({ ...DRIFTING, ...given, mutation });
    process.stdout.write(`${mutation}: found among ${states} states, in ${violation?.length} steps\n`);
    expect(violation).not.toBeNull();
  });
});
