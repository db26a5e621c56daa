import { describe, expect, it } from "vitest";
import { InvariantError } from "@smcq/kernel";
import {
  createDetectorStates,
  DETECTOR_STATE,
  detectorStateBytes,
  type DetectorStateField,
  DetectorStates,
  HEADER,
} from "@smcq/wire";

const SHAPE = { slots: 3, m1Bytes: 1000, carryBytes: 104 };
const CARRY_STRIDE = 128;

interface Stage {
  readonly sab: SharedArrayBuffer;
  readonly states: DetectorStates;
  readonly bytes: Uint8Array;
}

function stage(): Stage {
  const sab = createDetectorStates(SHAPE);
  return { sab, states: new DetectorStates(sab), bytes: new Uint8Array(sab) };
}

const baseOf = (slot: number): number => HEADER.bytes + slot * detectorStateBytes(SHAPE);

/** What the record says, as anyone sees it who opens the block. */
function recordOf(states: DetectorStates, slot: number): number[] {
  return [
    states.scanned(slot),
    states.generation(slot),
    states.revision(slot),
    states.lastScannedMs(slot),
    states.lastCandidateMs(slot),
  ];
}

/** The stores of a commit, in program order. */
function commitSteps(sab: SharedArrayBuffer, slot: number, record: readonly number[]): (() => void)[] {
  const i32 = new Int32Array(sab);
  const f64 = new Float64Array(sab);
  const word = (field: DetectorStateField, copy = 0): number =>
    ((baseOf(slot) + DETECTOR_STATE.offsets[field]) >> 2) + copy;
  const double = (field: DetectorStateField, copy: number): number =>
    ((baseOf(slot) + DETECTOR_STATE.offsets[field]) >> 3) + copy;
  const next = 1 - i32[word("current")]!;
  const [scanned = 0, generation = 0, revision = 0, lastScannedMs = 0, lastCandidateMs = 0] = record;
  return [
    () => (i32[word("scanned", next)] = scanned),
    () => (i32[word("generation", next)] = generation),
    () => (i32[word("revision", next)] = revision),
    () => (f64[double("lastScannedMs", next)] = lastScannedMs),
    () => (f64[double("lastCandidateMs", next)] = lastCandidateMs),
    () => (i32[word("current")] = next),
    () => (i32[word("end")] = i32[word("begin")]!),
  ];
}

const OLD = [500, 3, 8, 1_700_000_040_000, 1_700_000_000_000] as const;
const NEW = [501, 4, 10, 1_700_000_100_000, 1_700_000_100_000] as const;

/** A slot with a committed record and carry (all bytes 7), and a scan begun on it. */
function begun(slot: number): Stage & { readonly carryAt: number; readonly committedAt: number } {
  const base = stage();
  const committedAt = base.states.begin(slot);
  base.bytes.fill(7, committedAt, committedAt + SHAPE.carryBytes);
  base.states.commit(slot, ...OLD);
  return { ...base, committedAt, carryAt: base.states.begin(slot) };
}

describe("DetectorStates", () => {
  it("starts clean and empty in every slot", () => {
    const { states } = stage();
    for (let slot = 0; slot < SHAPE.slots; slot++)
      expect([states.isClean(slot), ...recordOf(states, slot)]).toEqual([true, 0, 0, 0, 0, 0]);
  });

  it("lays M1 state and both carries out on whole lines, without overlap, inside the slot", () => {
    const { sab, states } = stage();
    for (let slot = 0; slot < SHAPE.slots; slot++) {
      const first = states.begin(slot);
      states.commit(slot, 1, 1, 1, 1, 1);
      const second = states.begin(slot);
      const starts = [
        baseOf(slot) + DETECTOR_STATE.bytes,
        baseOf(slot) + DETECTOR_STATE.bytes + CARRY_STRIDE,
      ];
      expect([second, first]).toEqual(starts);
      expect(states.m1Offset(slot)).toBe(starts[1]! + CARRY_STRIDE);
      expect(states.m1Offset(slot) + 1024).toBe(baseOf(slot + 1));
      expect([first % 64, second % 64, states.m1Offset(slot) % 64]).toEqual([0, 0, 0]);
    }
    expect(sab.byteLength).toBe(baseOf(SHAPE.slots));
  });

  it("works on a copy of the committed carry and makes it the committed one", () => {
    const { states, bytes, carryAt, committedAt } = begun(1);
    expect(carryAt).not.toBe(committedAt);
    expect(bytes.slice(carryAt, carryAt + SHAPE.carryBytes).every((byte) => byte === 7)).toBe(true);
    expect([states.isClean(1), ...recordOf(states, 1)]).toEqual([false, ...OLD]);
    bytes.fill(9, carryAt, carryAt + SHAPE.carryBytes);
    states.commit(1, ...NEW);
    expect([states.isClean(1), ...recordOf(states, 1)]).toEqual([true, ...NEW]);
    const again = states.begin(1);
    expect(again).toBe(committedAt);
    expect(bytes.slice(again, again + SHAPE.carryBytes).every((byte) => byte === 9)).toBe(true);
  });

  it("plays the very stores of a commit", () => {
    const played = begun(1);
    for (const step of commitSteps(played.sab, 1, NEW)) step();
    const real = begun(1);
    real.states.commit(1, ...NEW);
    expect(played.bytes).toEqual(real.bytes);
  });

  it("shows the old record or the new one, never a mix, wherever a commit dies", () => {
    const seen: number[][] = [];
    for (let died = 0; died <= 7; died++) {
      const { sab } = begun(1);
      for (const step of commitSteps(sab, 1, NEW).slice(0, died)) step();
      const survivor = new DetectorStates(sab);
      expect(survivor.isClean(1)).toBe(died === 7);
      seen.push(recordOf(survivor, 1));
    }
    expect(seen).toEqual([OLD, OLD, OLD, OLD, OLD, OLD, NEW, NEW]);
  });

  it("gives the next scan the carry that belongs to the record, wherever the last one died", () => {
    const carries: number[][] = [];
    for (let died = -1; died <= 7; died++) {
      const { sab, bytes, carryAt } = begun(1);
      // -1: the scan died half-way through its work on the carry.
      bytes.fill(9, carryAt, carryAt + (died < 0 ? 50 : SHAPE.carryBytes));
      for (const step of commitSteps(sab, 1, NEW).slice(0, Math.max(0, died))) step();
      const survivor = new DetectorStates(sab);
      const at = survivor.begin(1);
      carries.push([survivor.scanned(1), ...new Set(bytes.slice(at, at + SHAPE.carryBytes))]);
      // The unclean slot is still unclean while the survivor works, and clean when it is done.
      expect(survivor.isClean(1)).toBe(false);
      survivor.commit(1, ...NEW);
      expect([survivor.isClean(1), ...recordOf(survivor, 1)]).toEqual([true, ...NEW]);
    }
    const [before, after] = [
      [500, 7],
      [501, 9],
    ];
    expect(carries).toEqual([...Array.from({ length: 7 }, () => before), after, after]);
  });

  it("stays unclean over any number of scans that die, and over the wrap of its sequence", () => {
    const { sab, states } = stage();
    new Int32Array(sab)[(baseOf(0) + DETECTOR_STATE.offsets.begin) >> 2] = 2 ** 31 - 1;
    new Int32Array(sab)[(baseOf(0) + DETECTOR_STATE.offsets.end) >> 2] = 2 ** 31 - 1;
    for (let life = 0; life < 3; life++) {
      states.begin(0);
      expect(states.isClean(0)).toBe(false);
    }
    states.commit(0, ...OLD);
    expect([states.isClean(0), ...recordOf(states, 0)]).toEqual([true, ...OLD]);
  });

  it("tells who only looks when nobody scans, and by another number that somebody has meanwhile", () => {
    const { sab, states } = stage();
    const seen: (number | null)[] = [states.stillness(1)];
    states.begin(1);
    seen.push(states.stillness(1));
    for (const step of commitSteps(sab, 1, OLD)) {
      seen.push(states.stillness(1));
      step();
    }
    seen.push(states.stillness(1), states.stillness(1));
    expect(seen).toEqual([0, ...Array.from({ length: 8 }, () => null), 1, 1]);
    expect([states.stillness(0), states.stillness(2)]).toEqual([0, 0]);
  });

  it("shows the committed carry, whoever works on the other one", () => {
    const { states, bytes, committedAt, carryAt } = begun(1);
    expect(states.committedCarryOffset(1)).toBe(committedAt);
    bytes.fill(9, carryAt, carryAt + SHAPE.carryBytes);
    states.commit(1, ...NEW);
    expect(states.committedCarryOffset(1)).toBe(carryAt);
  });

  it("refuses a commit that no begin preceded, and a slot outside the block", () => {
    const { states } = stage();
    expect(() => states.commit(0, ...OLD)).toThrow(InvariantError);
    states.begin(0);
    states.commit(0, ...OLD);
    expect(() => states.commit(0, ...NEW)).toThrow(InvariantError);
    for (const slot of [-1, 3]) {
      expect(() => states.begin(slot)).toThrow(InvariantError);
      expect(() => states.isClean(slot)).toThrow(InvariantError);
      expect(() => states.m1Offset(slot)).toThrow(InvariantError);
    }
  });

  it("forgets a slot on clear, whatever state it was in, and leaves its neighbours alone", () => {
    const { states, bytes } = begun(1);
    states.begin(0);
    states.commit(0, ...OLD);
    states.begin(2);
    bytes.fill(5, states.m1Offset(1), states.m1Offset(1) + SHAPE.m1Bytes);
    const neighbours = [bytes.slice(baseOf(0), baseOf(1)), bytes.slice(baseOf(2), baseOf(3))];
    states.clear(1);
    expect(bytes.slice(baseOf(1), baseOf(2)).every((byte) => byte === 0)).toBe(true);
    expect([states.isClean(1), ...recordOf(states, 1)]).toEqual([true, 0, 0, 0, 0, 0]);
    expect([bytes.slice(baseOf(0), baseOf(1)), bytes.slice(baseOf(2), baseOf(3))]).toEqual(neighbours);
  });
});
