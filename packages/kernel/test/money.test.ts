import {
  divCeil,
  divRound,
  E8,
  e8Text,
  e8ToNumber,
  notionalE8,
  numberToE8,
  parseE8,
  Rng,
} from "@smcq/kernel";
import { describe, expect, it } from "vitest";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

/** An integer of up to `digits` digits, every length alike, either sign. */
function anyBigInt(rng: Rng, digits: number): bigint {
  const length = 1 + rng.int(digits);
  const text = Array.from({ length }, () => rng.int(10)).join("");
  return rng.chance(0.5) ? BigInt(text) : -BigInt(text);
}

describe("parseE8", () => {
  it.each([
    ["0", 0n],
    ["-0", 0n],
    ["1", E8],
    ["0.0010", 100_000n],
    ["-12.5", -1_250_000_000n],
    ["0.00000001", 1n],
    ["007.10", 710_000_000n],
    ["1.000000000000", E8],
    ["999999999999999999999999", 999_999_999_999_999_999_999_999n * E8],
  ])("reads %s", (text, value) => {
    expect(parseE8(text)).toBe(value);
  });

  const refused = [
    "",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "--1",
    ".5",
    "5.",
    "1.2.3",
    "1,5",
    "1e3",
    "0x10",
    "NaN",
    "Infinity",
  ];
  it.each([...refused, "١", "1_000", "0.000000001", "1.123456789", "9".repeat(25)])("refuses %j", (text) => {
    expect(() => parseE8(text)).toThrow(RangeError);
    expect(() => parseE8(text)).toThrow(JSON.stringify(text));
  });

  it("says no more than 64 characters of a long text", () => {
    expect(() => parseE8("x".repeat(10_000))).toThrow(
      new RangeError(`not a decimal with at most 8 places: "${"x".repeat(64)}"`),
    );
  });
});

describe("e8Text", () => {
  it("writes the places that are asked for", () => {
    expect([e8Text(0n), e8Text(0n, 0), e8Text(-1n), e8Text(150_000_000n, 1)]).toEqual([
      "0.00000000",
      "0",
      "-0.00000001",
      "1.5",
    ]);
    expect([e8Text(-500_000_000n, 0), e8Text(-5_000_000n, 2)]).toEqual(["-5", "-0.05"]);
  });

  it("refuses to drop a digit, and places that there are none of", () => {
    for (const value of [1n, -1n, 10n * E8 + 1n]) expect(() => e8Text(value, 7)).toThrow(RangeError);
    for (const places of [-1, 9, 0.5, Number.NaN]) expect(() => e8Text(0n, places)).toThrow(RangeError);
  });

  it(`is read back to the same value, whatever the places (SMCQ_SEED=${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 5_000; round++) {
      const places = rng.int(9);
      const value = anyBigInt(rng, 20) * 10n ** BigInt(8 - places);
      const text = e8Text(value, places);
      expect(parseE8(text)).toBe(value);
      expect(text.split(".")[1]?.length ?? 0).toBe(places);
    }
  });
});

describe("floats", () => {
  it(`are the nearest of an e8 and come back to it below 2^25 (SMCQ_SEED=${seed})`, () => {
    const rng = new Rng(seed);
    const limit = 2n ** 25n * E8;
    for (let round = 0; round < 20_000; round++) {
      const value = anyBigInt(rng, 17) % limit;
      expect(e8ToNumber(value)).toBe(Number(e8Text(value)));
      expect(numberToE8(e8ToNumber(value))).toBe(value);
    }
    for (const value of [limit - 1n, 1n - limit, 0n]) expect(numberToE8(e8ToNumber(value))).toBe(value);
  });

  it("refuse to become money when they are none", () => {
    for (const value of [Number.NaN, Infinity, -Infinity])
      expect(() => numberToE8(value)).toThrow(RangeError);
  });
});

describe("division", () => {
  it.each([
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [4n, 3n, 1n],
    [5n, 3n, 2n],
    [-4n, 3n, -1n],
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [49n, 100n, 0n],
    [50n, 100n, 1n],
    [0n, 7n, 0n],
    [7n, 1n, 7n],
  ])("of %s by %s rounds half away from zero to %s", (numerator, denominator, quotient) => {
    expect(divRound(numerator, denominator)).toBe(quotient);
  });

  it(`is off by half a unit at most, mirrored for negatives (SMCQ_SEED=${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 5_000; round++) {
      const numerator = anyBigInt(rng, 30);
      const denominator = 1n + BigInt(rng.nextUint32());
      const quotient = divRound(numerator, denominator);
      const twice = 2n * (numerator - quotient * denominator);
      expect(twice <= denominator && -twice <= denominator).toBe(true);
      const isTieTowardsZero = numerator > 0n ? twice === denominator : -twice === denominator;
      expect(isTieTowardsZero).toBe(false);
      expect(divRound(-numerator, denominator)).toBe(-quotient);
    }
  });

  it("rounds up where it says so", () => {
    expect([divCeil(0n, 3n), divCeil(1n, 3n), divCeil(3n, 3n), divCeil(4n, 3n)]).toEqual([0n, 1n, 1n, 2n]);
  });

  it("by zero is refused", () => {
    expect(() => divRound(1n, 0n)).toThrow(RangeError);
    expect(() => divCeil(1n, 0n)).toThrow(RangeError);
  });
});

describe("notionalE8", () => {
  it("is price times quantity, to the last unit", () => {
    expect(notionalE8(parseE8("65432.1"), parseE8("0.003"))).toBe(parseE8("196.2963"));
    expect(notionalE8(1n, 50_000_000n)).toBe(1n);
    expect(notionalE8(1n, 49_999_999n)).toBe(0n);
    expect(notionalE8(parseE8("99999999.99999999"), parseE8("1000000000"))).toBe(
      parseE8("99999999999999990"),
    );
  });
});
