import { SmcqError } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { createControlBlock } from "../src/control-block.ts";
import { PAUSE_BOUNDS_MS } from "../src/layouts/pauses.layout.ts";
import { createPauses, Pauses } from "../src/pauses.ts";

describe("pauses", () => {
  it("are none at first", () => {
    const { count, sumMs, msMax, counts, boundsMs } = new Pauses(createPauses()).counted;
    expect([count, sumMs, msMax, counts, boundsMs]).toEqual([
      0,
      0,
      0,
      PAUSE_BOUNDS_MS.map(() => 0),
      PAUSE_BOUNDS_MS,
    ]);
  });

  it("of several writers are counted together, by buckets whose ends belong to them", () => {
    const memory = createPauses();
    const [first, second] = [new Pauses(memory), new Pauses(memory)];
    for (const ms of [0, 0.1, 0.11, 1, 1_000]) first.add(ms);
    for (const ms of [-3, 1_000.5, 7_000_000]) second.add(ms);
    const { count, sumMs, msMax, counts } = first.counted;
    const at = (bound: number): number => counts[PAUSE_BOUNDS_MS.indexOf(bound)] ?? 0;
    expect([count, at(0.1), at(0.25), at(1), at(1_000)]).toEqual([8, 3, 1, 1, 1]);
    // Two lie beyond all bounds; none is longer than a word holds.
    expect(counts.reduce((sum, own) => sum + own, 0)).toBe(6);
    expect(msMax).toBe(2_147_483.647);
    expect(sumMs).toBeCloseTo(0.1 + 0.11 + 1 + 1_000 + 1_000.5 + 2_147_483.647, 3);
  });

  it("are counted in memory of theirs alone", () => {
    expect(() => new Pauses(createControlBlock())).toThrow(SmcqError);
  });
});
