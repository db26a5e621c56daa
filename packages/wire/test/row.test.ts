import { describe, expect, it } from "vitest";
import { defineLayout, type FieldSpec, loadRow, rowMaker, type RowOf, storeRow } from "@smcq/wire";

const FIELDS = [
  { name: "score", type: "f64", count: 1, isLineStart: true },
  { name: "flags", type: "i32", count: 1 },
  { name: "features", type: "f32", count: 3 },
] as const satisfies readonly FieldSpec[];

/** The same table with fields of every type planted behind and between. */
const GROWN_FIELDS = [
  FIELDS[0],
  { name: "grade", type: "u8", count: 1 },
  FIELDS[1],
  { name: "weight", type: "f32", count: 1 },
  FIELDS[2],
  { name: "levels", type: "f64", count: 2, isLineStart: true },
  { name: "counts", type: "i32", count: 5 },
  { name: "marks", type: "u8", count: 3 },
] as const satisfies readonly FieldSpec[];

const grown = defineLayout("grown row", 1, GROWN_FIELDS);
const createGrown: () => RowOf<(typeof GROWN_FIELDS)[number]> =
  rowMaker<(typeof GROWN_FIELDS)[number]>(grown);

/** Memory of so many rows, and the word at which each begins. */
function rows(bytes: number, count: number): { memory: Int32Array; at: (row: number) => number } {
  return { memory: new Int32Array(new SharedArrayBuffer(bytes * count)), at: (row) => (row * bytes) / 4 };
}

describe("a row made from its table of fields", () => {
  it("carries what its table says, and a field planted in the table goes through without more", () => {
    const { memory, at } = rows(grown.bytes, 3);
    const row = createGrown();
    Object.assign(row, { score: 0.75, grade: 200, flags: -1, weight: 0.5 });
    row.features.set([1.5, -2.5, 3]);
    row.levels.set([1e300, -0]);
    row.counts.set([-1, 0, 2 ** 31 - 1, 7, 8]);
    row.marks.set([1, 2, 255]);
    storeRow(row, memory, at(1));
    const seen = createGrown();
    loadRow(seen, memory, at(1));
    expect(seen).toEqual(row);
    expect([seen.score, seen.grade, seen.flags, seen.weight]).toEqual([0.75, 200, -1, 0.5]);
    expect([seen.features, seen.levels, seen.counts, seen.marks].map((view) => Array.from(view))).toEqual([
      [1.5, -2.5, 3],
      [1e300, -0],
      [-1, 0, 2 ** 31 - 1, 7, 8],
      [1, 2, 255],
    ]);
  });

  it("puts every field where the layout says", () => {
    const { memory, at } = rows(grown.bytes, 2);
    const row = createGrown();
    Object.assign(row, { score: 2.25, grade: 9, flags: 77, weight: 4.5 });
    row.marks[2] = 5;
    storeRow(row, memory, at(1));
    const view = new DataView(memory.buffer, grown.bytes);
    const { score, grade, flags, weight, marks } = grown.offsets;
    expect([view.getFloat64(score, true), view.getUint8(grade), view.getInt32(flags, true)]).toEqual([
      2.25, 9, 77,
    ]);
    expect([view.getFloat32(weight, true), view.getUint8(marks + 2)]).toEqual([4.5, 5]);
  });

  it("never touches a neighbour, in memory full of ones", () => {
    const { memory, at } = rows(grown.bytes, 3);
    memory.fill(-1);
    const row = createGrown();
    storeRow(row, memory, at(1));
    const changed = [...memory.keys()].filter((word) => memory[word] !== -1);
    expect(changed[0]).toBe(at(1));
    expect(changed.at(-1)).toBeLessThan(at(2));
    loadRow(row, memory, at(0));
    expect([row.flags, row.score, row.marks[2]]).toEqual([-1, Number.NaN, 255]);
  });

  it("keeps any pair of integers, those that are no number as a double included", () => {
    const table = [{ name: "pair", type: "i32", count: 2, isLineStart: true }] as const;
    const layout = defineLayout("pair", 1, table);
    const create = rowMaker<(typeof table)[number]>(layout);
    const { memory } = rows(layout.bytes, 1);
    for (const pair of [
      [1, 0x7ff0_0000],
      [-1, -1],
      [123, 0x7ff8_0001],
      [0, -0x8_0000],
    ]) {
      const row = create();
      row.pair.set(pair);
      storeRow(row, memory, 0);
      row.pair.fill(0);
      loadRow(row, memory, 0);
      expect([...row.pair]).toEqual(pair);
    }
  });

  it("is a row of its own: what is written to one is not in another", () => {
    const [row, other] = [createGrown(), createGrown()];
    row.score = 3;
    row.features[0] = 1;
    expect([other.score, other.features[0]]).toEqual([0, 0]);
  });
});
