import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { assignParts } from "../../src/parts/assign-parts.ts";

const nobody = (parts: number): null[] => Array.from({ length: parts }, () => null);

function countsOf(owners: readonly (string | null)[], members: readonly string[]): readonly number[] {
  return members.map((member) => owners.filter((owner) => owner === member).length);
}

function moved(before: readonly (string | null)[], after: readonly string[]): number {
  return after.filter((owner, part) => owner !== before[part]).length;
}

describe("assignParts", () => {
  it("gives each member as many as every other, or one more", () => {
    const rng = new Rng(3);
    for (let run = 0; run < 200; run++) {
      const members = Array.from(
        { length: 1 + Math.floor(rng.next() * 20) },
        () => `host-${rng.nextUint32()}`,
      );
      const owners = Array.from({ length: 1 + Math.floor(rng.next() * 64) }, () =>
        rng.next() < 0.5 ? null : (members[Math.floor(rng.next() * members.length * 1.2)] ?? "gone"),
      );
      const counts = countsOf(assignParts(members, owners), members);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(counts.reduce((sum, count) => sum + count)).toBe(owners.length);
    }
  });

  it("does not depend on the order of members, and keeps what it has given", () => {
    const members = ["a", "b", "c", "d"];
    const owners = assignParts(members, nobody(32));
    expect(assignParts(members.toReversed(), nobody(32))).toEqual(owners);
    expect(assignParts(members, owners)).toEqual(owners);
  });

  it("moves only what it must when a member comes or goes", () => {
    const members = ["a", "b", "c", "d"];
    const four = assignParts(members, nobody(32));
    const five = assignParts([...members, "e"], four);
    expect(countsOf(five, ["e"])[0]).toBeGreaterThanOrEqual(6);
    // The newcomer's, and at most one for each that has one less than its neighbours now.
    expect(moved(four, five)).toBeLessThanOrEqual((countsOf(five, ["e"])[0] ?? 0) + 2);
    const without = assignParts(["a", "c", "d", "e"], five);
    expect(moved(five, without)).toBeLessThanOrEqual((countsOf(five, ["b"])[0] ?? 0) + 2);
    expect(without).not.toContain("b");
  });

  it("wants the same of every part that is still to move, in whatever order the others have moved", () => {
    const rng = new Rng(5);
    for (let run = 0; run < 25; run++) {
      const members = Array.from({ length: 2 + Math.floor(rng.next() * 8) }, (_, index) => `m${index}`);
      const before = assignParts(members, nobody(48));
      const now = [...members.filter(() => rng.next() < 0.7), `n${run}`, `o${run}`];
      const goal = assignParts(now, before);
      const owners: (string | null)[] = [...before];
      const order = goal.map((_, part) => ({ part, key: rng.next() })).sort((a, b) => a.key - b.key);
      for (const { part } of order) {
        owners[part] = goal[part] ?? null;
        expect(assignParts(now, owners)).toEqual(goal);
      }
    }
  });
});
