import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { ModelRoster, type RosterModel } from "../src/index.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const model = (epoch: number): RosterModel => ({ id: `m${epoch}`, epoch, sha256: String(epoch) });

describe("ModelRoster", () => {
  it("takes a new version over after its shadow and keeps the old one for a way back", () => {
    const roster = new ModelRoster(model(1), model(2), 4);
    expect(roster.epochs).toEqual({ model: 1, challenger: 2 });
    expect(roster.nextEpoch(() => false)).toBe(3);
    roster.beginShadow(model(3), 0, 60_000);
    expect(roster.epochs).toEqual({ model: 1, challenger: 3 });
    roster.swap();
    expect(roster.epochs).toEqual({ model: 3, challenger: 2 });
    expect(roster.rollBack(true)).toBe(true);
    expect(roster.epochs).toEqual({ model: 1, challenger: 2 });
    expect(roster.previous?.id).toBe("m3");
    expect(roster.rollBack(false)).toBe(true);
    expect([roster.current.id, roster.previous]).toEqual(["m3", null]);
    expect([1, 2, 3, 4].map((epoch) => roster.nameOf(epoch))).toEqual(["m1", "m2", "m3", undefined]);
  });

  it("has no way back before the first swap", () => {
    const roster = new ModelRoster(model(1), null, 4);
    expect(roster.rollBack(true)).toBe(false);
    expect(roster.epochs).toEqual({ model: 1, challenger: 0 });
  });

  it("waits for the scans that still use the slot", () => {
    const roster = new ModelRoster(model(1), model(2), 4);
    roster.beginShadow(model(3), 0, 1);
    roster.abandonShadow();
    expect(roster.nextEpoch((epoch) => epoch === 3)).toBe(4);
    roster.beginShadow(model(4), 0, 1);
    roster.swap();
    // Slots of 4 (current), 1 (previous) and 2 (challenger) are taken; 3's is the only one, and in use.
    expect(roster.nextEpoch((epoch) => epoch === 3)).toBeNull();
    expect(roster.nextEpoch(() => false)).toBe(7);
  });

  it(`never gives a seated model's slot away, whatever happens (seed ${seed})`, () => {
    const rng = new Rng(seed);
    const roster = new ModelRoster(model(1), rng.chance(0.5) ? model(2) : null, 4);
    const seatedSlots = (): number[] =>
      [roster.current, roster.previous, roster.shadow?.model, roster.challenger].flatMap((seat) =>
        seat == null ? [] : [seat.epoch % 4],
      );
    let last = 1;
    const wrong: number[] = [];
    for (let step = 0; step < 2_000; step++) {
      const epoch = roster.nextEpoch(() => rng.chance(0.1));
      if (roster.shadow !== null) {
        if (rng.chance(0.4)) roster.abandonShadow();
        else roster.swap();
      } else if (epoch !== null) {
        if (epoch <= last || seatedSlots().includes(epoch % 4)) wrong.push(epoch);
        roster.beginShadow(model(epoch), 0, 1);
        last = epoch;
      }
      if (rng.chance(0.2)) roster.rollBack(rng.chance(0.5));
      expect(new Set(seatedSlots()).size).toBe(seatedSlots().length);
      expect(roster.epochs.model).toBe(roster.current.epoch);
    }
    expect(wrong).toEqual([]);
    expect(last).toBeGreaterThan(100);
  });
});
