import { describe, expect, it } from "vitest";
import { sharedData, sharedNumbers, sharedZeros } from "../src/index.ts";

describe("shared numbers", () => {
  it("are copies of whatever kind, and are not copied again", () => {
    for (const own of [Float64Array.of(1 / 3, -0), Int32Array.of(-1), Int16Array.of(-3, 4), Int8Array.of()]) {
      const shared = sharedNumbers(own);
      expect([shared, shared.constructor]).toEqual([own, own.constructor]);
      expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(sharedNumbers(shared)).toBe(shared);
    }
    expect(sharedZeros(Int16Array, 3)).toEqual(Int16Array.of(0, 0, 0));
  });

  it("take the place of all arrays of plain data", () => {
    const data = { name: "a", none: null, deep: [{ column: Int32Array.of(1, 2) }], count: 2 };
    const shared = sharedData(data);
    expect(shared).toEqual(data);
    expect(shared.deep[0]?.column.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});
