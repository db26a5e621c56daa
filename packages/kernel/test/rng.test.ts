import { describe, expect, it } from "vitest";
import { hashText, Rng } from "@smcq/kernel";

// From a C program written after PractRand's sfc32 and splitmix32, compiled by gcc: the first six, the millionth.
const GOLDEN = [
  [0, [2899526011, 769844623, 220372281, 4270301181, 3717780726, 2919608142], 1148161373],
  [1, [2420951833, 2513034076, 3847892949, 4064752930, 1169703512, 1317941441], 2955653669],
  [20241020, [4148506028, 760228734, 816468066, 2485709833, 4202981010, 3753188581], 3734654587],
  [0xffff_ffff, [2300869303, 3917632794, 3726809994, 1136427174, 1916388865, 1301959096], 1673574714],
] as const;

describe("Rng", () => {
  it.each(GOLDEN)("gives the sequence of the reference for seed %i", (seed, first, millionth) => {
    const rng = new Rng(seed);
    expect(first.map(() => rng.nextUint32())).toEqual([...first]);
    let last = 0;
    for (let drawn = first.length; drawn < 1_000_000; drawn++) last = rng.nextUint32();
    expect(last).toBe(millionth);
  });

  it("gives the same for the same seed and another for another", () => {
    const draw = (seed: number): number[] => {
      const rng = new Rng(seed);
      return Array.from({ length: 50 }, () => rng.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    // Seeds are 32 bits: this is stated, not an accident.
    expect(draw(-1)).toEqual(draw(0xffff_ffff));
  });

  it("spreads integers evenly (chi-square of 100 cells below the 0.1 % bound)", () => {
    const rng = new Rng(3);
    const draws = 200_000;
    const cells = new Int32Array(100);
    for (let drawn = 0; drawn < draws; drawn++) cells[rng.int(100)]!++;
    const expected = draws / 100;
    const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99 degrees of freedom: mean 99, 99.9 % below 148.2, 0.1 % below 60.0.
    expect(chiSquare).toBeLessThan(148.2);
    expect(chiSquare).toBeGreaterThan(60);
  });

  it("stays inside [0, 1) with the moments of the uniform and no link between neighbours", () => {
    const rng = new Rng(5);
    const draws = 200_000;
    let [sum, squares, products, last] = [0, 0, 0, 0.5];
    for (let drawn = 0; drawn < draws; drawn++) {
      const value = rng.next();
      if (!(value >= 0 && value < 1)) throw new Error(`${value} lies outside [0, 1)`);
      sum += value;
      squares += value * value;
      products += (value - 0.5) * (last - 0.5);
      last = value;
    }
    expect(sum / draws).toBeCloseTo(0.5, 2);
    expect(squares / draws).toBeCloseTo(1 / 3, 2);
    expect((12 * products) / draws).toBeCloseTo(0, 1);
  });

  it("draws a standard normal: finite, mean 0, variance 1", () => {
    const rng = new Rng(6);
    const values = Array.from({ length: 100_000 }, () => rng.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(values.every(Number.isFinite)).toBe(true);
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    expect(values.filter((value) => Math.abs(value) > 1.96).length / values.length).toBeCloseTo(0.05, 2);
  });

  it("reaches every integer below its bound, 1 included, and refuses a bound that is none", () => {
    const rng = new Rng(9);
    expect(new Set(Array.from({ length: 500 }, () => rng.int(7)))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
    expect(rng.int(1)).toBe(0);
    for (const bound of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => rng.int(bound)).toThrow(RangeError);
  });

  it("is true with the given probability, never for 0 and always for 1", () => {
    const rng = new Rng(10);
    const share = (probability: number): number => {
      let hits = 0;
      for (let drawn = 0; drawn < 20_000; drawn++) if (rng.chance(probability)) hits++;
      return hits / 20_000;
    };
    expect(share(0.2)).toBeCloseTo(0.2, 1);
    expect([share(0), share(1)]).toEqual([0, 1]);
  });

  it("forks by name, so that what one consumer draws does not shift another's", () => {
    const drawsOfB = (drawsOfA: number): number[] => {
      const root = new Rng(12);
      const [a, b] = [root.fork("a"), root.fork("b")];
      for (let drawn = 0; drawn < drawsOfA; drawn++) a.next();
      return Array.from({ length: 5 }, () => b.next());
    };
    expect(drawsOfB(0)).toEqual(drawsOfB(1000));
    const [a, b] = [new Rng(12).fork("a"), new Rng(12).fork("b")];
    expect(a.nextUint32()).not.toBe(b.nextUint32());
  });
});

describe("hashText", () => {
  it("is FNV-1a: known values, 32 bits, other text other number", () => {
    expect(hashText("")).toBe(0x811c9dc5);
    expect(hashText("BTCUSDT")).toBe(3895251564);
    expect(hashText("币安人生USDT")).toBe(hashText("币安人生USDT"));
    expect(hashText("币安人生USDT")).not.toBe(hashText("币安人生USDC"));
    const hashes = new Set(Array.from({ length: 3000 }, (_, index) => hashText(`S${index}USDT`)));
    expect(hashes.size).toBe(3000);
  });
});
