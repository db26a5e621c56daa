import { describe, expect, it } from "vitest";
import { search, SMALL_WORLD } from "../support/lease-model.ts";

// lease-model.long.ts searches the larger worlds.
describe("the lease's rules, searched whole", () => {
  it("let no order of an older epoch be accepted after the newer one's first", () => {
    const { violation, acts, accepted, states } = search(SMALL_WORLD);
    expect(violation).toBeNull();
    expect([acts > 100, accepted > 1_000, states > 10_000]).toEqual([true, true, true]);
  });

  it("would let one through that is stamped after the clock was asked", () => {
    expect(search({ ...SMALL_WORLD, gives: false, mutation: "stamp-after-check" }).violation).not.toBeNull();
  });
});
