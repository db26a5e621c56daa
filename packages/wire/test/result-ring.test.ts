import { describe, expect, it } from "vitest";
import { FEATURE_COUNT, InvariantError, Rng } from "@smcq/kernel";
import {
  createResultRing,
  createResultRow,
  HEADER,
  RESULT_HEAD,
  RESULT_ROW,
  ResultRingReader,
  ResultRingWriter,
} from "@smcq/wire";
import { fillRow, isRow } from "./support/result-rows.ts";
import { seedOf } from "./support/seed.ts";

function ring(capacity = 16): { sab: SharedArrayBuffer; writer: ResultRingWriter; reader: ResultRingReader } {
  const sab = createResultRing(capacity);
  return { sab, writer: new ResultRingWriter(sab), reader: new ResultRingReader(sab) };
}

/** Sets both counters, as if so many rows had passed. */
function startAt(sab: SharedArrayBuffer, count: number): void {
  const i32 = new Int32Array(sab);
  i32[(HEADER.bytes + RESULT_HEAD.offsets.head) >> 2] = count;
  i32[(HEADER.bytes + RESULT_HEAD.offsets.tail) >> 2] = count;
}

describe("result ring", () => {
  it("takes a power of two of 16 to 65,536 rows only", () => {
    for (const capacity of [16, 1024, 65_536])
      expect(createResultRing(capacity).byteLength).toBe(
        HEADER.bytes + RESULT_HEAD.bytes + capacity * RESULT_ROW.bytes,
      );
    for (const capacity of [0, 8, 15, 24, 131_072, Number.NaN, -16, 16.5])
      expect(() => createResultRing(capacity)).toThrow(InvariantError);
  });

  it("shows rows only once they are published, every field as it was written", () => {
    const { writer, reader } = ring();
    const row = createResultRow();
    fillRow(row, 1);
    writer.write(0, row);
    fillRow(row, 2);
    writer.write(1, row);
    expect([writer.room, reader.available]).toEqual([16, 0]);
    writer.publish(2);
    expect([writer.room, reader.available]).toEqual([14, 2]);
    const seen = createResultRow();
    for (const ahead of [1, 0]) {
      reader.read(ahead, seen);
      fillRow(row, ahead + 1);
      expect(seen).toEqual(row);
    }
    reader.release(2);
    expect([writer.room, reader.available]).toEqual([16, 0]);
  });

  it("is full at its capacity and takes rows again as they are released", () => {
    const { writer, reader } = ring();
    const row = createResultRow();
    for (let index = 0; index < 16; index++) {
      fillRow(row, index);
      writer.write(index, row);
    }
    expect(() => writer.write(16, row)).toThrow(InvariantError);
    writer.publish(16);
    expect([writer.room, reader.available]).toEqual([0, 16]);
    expect(() => writer.write(0, row)).toThrow(InvariantError);
    reader.release(1);
    fillRow(row, 16);
    writer.write(0, row);
    writer.publish(1);
    for (let index = 0; index < 16; index++) {
      reader.read(index, row);
      expect(isRow(row, index + 1)).toBe(true);
    }
  });

  it("refuses counts and places that the other side has not allowed", () => {
    const { writer, reader } = ring();
    const row = createResultRow();
    expect(() => writer.publish(17)).toThrow(InvariantError);
    expect(() => writer.publish(-1)).toThrow(InvariantError);
    expect(() => writer.write(-1, row)).toThrow(InvariantError);
    expect(() => reader.read(0, row)).toThrow(InvariantError);
    expect(() => reader.release(1)).toThrow(InvariantError);
    writer.write(0, row);
    writer.publish(1);
    expect(() => reader.read(-1, row)).toThrow(InvariantError);
    expect(() => reader.release(2)).toThrow(InvariantError);
    expect(() => reader.release(-1)).toThrow(InvariantError);
  });

  it("never lets a row run into its neighbour, however many features it brings", () => {
    const { sab, writer } = ring();
    const before = new Uint8Array(sab).slice();
    const row = createResultRow();
    fillRow(row, 9);
    expect(() => row.features.set(new Float32Array(FEATURE_COUNT + 1))).toThrow(RangeError);
    writer.write(3, row);
    const after = new Uint8Array(sab);
    const start = HEADER.bytes + RESULT_HEAD.bytes + 3 * RESULT_ROW.bytes;
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    expect(Math.min(...changed)).toBeGreaterThanOrEqual(start);
    expect(Math.max(...changed)).toBeLessThan(start + RESULT_ROW.bytes);
  });

  it("loses a row that was never published: the next writer puts its own there", () => {
    const { sab, writer, reader } = ring();
    const row = createResultRow();
    fillRow(row, 77);
    writer.write(0, row);
    const successor = new ResultRingWriter(sab);
    expect([successor.room, reader.available]).toEqual([16, 0]);
    fillRow(row, 78);
    successor.write(0, row);
    successor.publish(1);
    reader.read(0, row);
    expect(isRow(row, 78)).toBe(true);
  });

  it.each([0, 2 ** 31 - 100, -50])(
    "passes every row once, in order, in any pieces, from counter %i on",
    (count) => {
      const rng = new Rng(seedOf("result-ring pieces"));
      const { sab, writer, reader } = ring(64);
      startAt(sab, count);
      const row = createResultRow();
      let written = 0;
      let read = 0;
      let fullCount = 0;
      for (let turn = 0; turn < 2000; turn++) {
        const pieces = Math.min(writer.room, rng.int(40));
        if (writer.room === 0) fullCount++;
        for (let ahead = 0; ahead < pieces; ahead++) {
          fillRow(row, written + ahead);
          writer.write(ahead, row);
        }
        writer.publish(pieces);
        written += pieces;
        const taken = Math.min(reader.available, rng.int(30));
        for (let ahead = 0; ahead < taken; ahead++) {
          reader.read(ahead, row);
          expect(isRow(row, read + ahead)).toBe(true);
        }
        reader.release(taken);
        read += taken;
        expect([writer.room, reader.available]).toEqual([64 - (written - read), written - read]);
      }
      expect(read).toBeGreaterThan(10_000);
      expect(fullCount).toBeGreaterThan(10);
    },
  );
});
