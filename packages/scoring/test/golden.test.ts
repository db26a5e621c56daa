import { describe, expect, it } from "vitest";
import { decodeGolden, encodeGolden } from "../src/golden/golden-file.ts";
import { makeGolden, nextFloat32 } from "../src/golden/make-golden.ts";
import { parseLightGbm } from "../src/lightgbm/parse-lightgbm.ts";
import { rawMargins } from "../src/lightgbm/raw-margins.ts";
import { codeOf, lightGbmText } from "./model-support.ts";

const model = parseLightGbm(lightGbmText());
const golden = makeGolden(model, 7);

describe("golden rows", () => {
  it("are the same for the same model and seed", () => {
    expect(encodeGolden(makeGolden(model, 7))).toEqual(encodeGolden(golden));
    expect(encodeGolden(makeGolden(model, 8))).not.toEqual(encodeGolden(golden));
  });

  it("hold the margins of the reference traversal, at least 512 of them", () => {
    expect(golden.count).toBeGreaterThanOrEqual(512);
    expect(golden.margins).toEqual(rawMargins(model, golden.features, golden.count));
    expect(new Set(golden.margins).size).toBeGreaterThan(100);
  });

  it("stand on both sides of every threshold and on it, and hold every special value", () => {
    const values = Array.from({ length: golden.featureCount }, (_, feature) =>
      golden.features.filter((_value, at) => at % golden.featureCount === feature),
    );
    for (const tree of model.trees)
      for (const [node, feature] of tree.splitFeature.entries()) {
        const nearest = Math.fround(tree.threshold[node]!);
        for (const wanted of [nextFloat32(nearest, -1), nearest, nextFloat32(nearest, 1)])
          expect(values[feature]!.includes(wanted)).toBe(true);
      }
    for (const special of [
      Number.NaN,
      Infinity,
      -Infinity,
      2 ** -149,
      Math.fround(1e-35),
      Math.fround(-1e-35),
    ])
      expect(golden.features.includes(Math.fround(special))).toBe(true);
    expect(golden.features.some((value) => Object.is(value, -0))).toBe(true);
  });
});

describe("nextFloat32", () => {
  it("goes one step up and down, through zero too", () => {
    expect(nextFloat32(1, 1)).toBe(1 + 2 ** -23);
    expect(nextFloat32(1, -1)).toBe(1 - 2 ** -24);
    expect(nextFloat32(-1, 1)).toBe(-1 + 2 ** -24);
    expect(nextFloat32(0, -1)).toBe(-(2 ** -149));
    expect(nextFloat32(2 ** -149, -1)).toBe(0);
  });
});

describe("golden file", () => {
  const bytes = encodeGolden(golden);
  const changed = (change: (view: DataView) => void): Uint8Array => {
    const copy = bytes.slice();
    change(new DataView(copy.buffer));
    return copy;
  };

  it("comes back bit for bit", () => {
    const read = decodeGolden(bytes);
    expect(read.margins).toEqual(golden.margins);
    expect(new Uint32Array(read.features.buffer)).toEqual(new Uint32Array(golden.features.buffer));
  });

  it("is refused when it is no golden file, of another version, too short, too long, or holds a NaN margin", async () => {
    const spoilt = [
      new Uint8Array(3),
      changed((view) => view.setUint8(0, 0)),
      changed((view) => view.setUint32(8, 2, true)),
      changed((view) => view.setUint32(12, 511, true)),
      changed((view) => view.setUint32(16, 4_000_000_000, true)),
      bytes.slice(0, -1),
      Uint8Array.from([...bytes, 0]),
      changed((view) => view.setFloat64(bytes.length - 8, Number.NaN, true)),
    ];
    for (const file of spoilt) expect(await codeOf(() => decodeGolden(file))).toBe("MODEL_GOLDEN");
  });
});
