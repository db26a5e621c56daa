import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { canonicalText, fromCanonical } from "../../src/journal/canonical.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const NUMBERS = [0, -0, 1, -1.5, 1e21, 5e-324, Number.NaN, Infinity, -Infinity, 2 ** 53, 0.1 + 0.2];
const TEXTS = ["", "a", "ключ", "币安", '\n\t"\\', "\u2028", "\ud800", "__proto__", "n:1", "1"];

function randomValue(rng: Rng, depth = 0): unknown {
  switch (rng.int(depth > 3 ? 5 : 8)) {
    case 0:
      return NUMBERS[rng.int(NUMBERS.length)];
    case 1:
      return rng.normal() * 10 ** (rng.int(40) - 20);
    case 2:
      return BigInt(Math.round(rng.normal() * 2 ** 52)) * 10n ** BigInt(rng.int(12));
    case 3:
      return TEXTS[rng.int(TEXTS.length)];
    case 4:
      return [null, true, false][rng.int(3)];
    case 5:
      return Float32Array.from({ length: rng.int(4) }, () => NUMBERS[rng.int(NUMBERS.length)] ?? 0);
    case 6:
      return Array.from({ length: rng.int(5) }, () => randomValue(rng, depth + 1));
    default: {
      const keys = Array.from({ length: rng.int(5) }, () => TEXTS[rng.int(TEXTS.length)] ?? "");
      return Object.fromEntries([...new Set(keys)].map((key) => [key, randomValue(rng, depth + 1)]));
    }
  }
}

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown, rng: Rng): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, rng));
  if (typeof value !== "object" || value === null || value instanceof Float32Array) return value;
  const fields = Object.entries(value).map(([key, field]) => [key, shuffled(field, rng)] as const);
  for (let at = fields.length - 1; at > 0; at--) {
    const other = rng.int(at + 1);
    [fields[at], fields[other]] = [fields[other] as (typeof fields)[0], fields[at] as (typeof fields)[0]];
  }
  return Object.fromEntries(fields);
}

describe("canonical text", () => {
  it(`gives the value again, bit for bit, and one text whatever the order of keys (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    for (let round = 0; round < 3_000; round++) {
      const value = randomValue(rng);
      const text = canonicalText(value);
      expect(fromCanonical(text)).toStrictEqual(value);
      expect(canonicalText(fromCanonical(text))).toBe(text);
      expect(canonicalText(shuffled(value, rng))).toBe(text);
      // A line each in the hash: no text has a line's end.
      expect(text).not.toContain("\n");
    }
  });

  it("tells apart what JSON does not", () => {
    const values = [
      0,
      -0,
      Number.NaN,
      Infinity,
      -Infinity,
      1n,
      1,
      "1",
      null,
      [],
      {},
      new Float32Array(0),
      [1],
      Float32Array.of(1),
    ];
    expect(new Set(values.map(canonicalText)).size).toBe(values.length);
    expect(Object.is(fromCanonical(canonicalText(-0)), -0)).toBe(true);
  });

  it("takes objects without a prototype, as a configuration is made of them", () => {
    const bare = Object.assign(Object.create(null) as object, { b: 1n, a: Object.create(null) as object });
    expect(canonicalText(bare)).toBe(canonicalText({ a: {}, b: 1n }));
  });

  it("leaves out what is undefined, as if it were not there", () => {
    expect(canonicalText({ b: undefined, a: 1 })).toBe('{"a":1}');
  });

  it.each([
    ["undefined", undefined],
    ["a hole in a list", [undefined]],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a map", new Map()],
    ["a date's kind of object", new (class Stamp {})()],
    ["another typed array", new Float64Array(1)],
    ["a key that looks like a tag", { $bigint: "1" }],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalText(value)).toThrow("plain data");
  });
});
