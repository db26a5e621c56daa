import { describe, expect, it } from "vitest";
import { floorF32, nextDownF64 } from "../src/float-order.ts";
import { nextFloat32 } from "../src/golden/make-golden.ts";
import { testRng } from "./tree-support.ts";

const FLOAT32_MAX = 3.4028234663852886e38;

describe("floorF32", () => {
  it.each([
    [Infinity, Infinity],
    [-Infinity, -Infinity],
    [1e300, FLOAT32_MAX],
    [-1e300, -Infinity],
    [1e-50, 0],
    [-1e-50, -(2 ** -149)],
    [0.5, 0.5],
    [FLOAT32_MAX, FLOAT32_MAX],
    // 0.1 lies below its nearest float32, 0.2 above.
    [0.1, nextFloat32(Math.fround(0.1), -1)],
    [0.7, Math.fround(0.7)],
  ])("of %d is %d", (threshold, floor) => {
    expect(floorF32(threshold)).toBe(floor);
  });

  it("divides the float32 exactly as the double does", () => {
    const rng = testRng("floors");
    for (let round = 0; round < 20_000; round++) {
      const threshold = rng.normal() * 10 ** (rng.int(82) - 45);
      const floor = floorF32(threshold);
      expect(Math.fround(floor)).toBe(floor);
      expect(floor <= threshold && nextFloat32(floor, 1) > threshold).toBe(true);
    }
  });
});

describe("nextDownF64", () => {
  it.each([
    [1, 1 - 2 ** -53],
    [-1, -1 - 2 ** -52],
    [0, -Number.MIN_VALUE],
    [-0, -Number.MIN_VALUE],
    [Number.MIN_VALUE, 0],
    [Infinity, Number.MAX_VALUE],
    [-Number.MAX_VALUE, -Infinity],
    [-Infinity, -Infinity],
  ])("of %d is %d", (value, below) => {
    expect(nextDownF64(value)).toBe(below);
  });
});
