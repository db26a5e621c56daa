import { SmcqError } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { parseLightGbm, rawMargins } from "../src/index.ts";
import { differing, fixtureSet, testRng } from "./tree-support.ts";

const set = fixtureSet("plain");
const { text } = set;

/** "none" when the text is taken, else the error's code. */
function codeOf(given: string): string {
  try {
    parseLightGbm(given);
    return "none";
  } catch (error) {
    if (error instanceof SmcqError) return error.code;
    throw error;
  }
}

/** The text with one replacement, the trees' sizes made right again. */
function changed(from: string | RegExp, to: string): string {
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  const trees = edited.slice(edited.indexOf("Tree=0\n"), edited.indexOf("end of trees\n"));
  const sizes = trees.split(/(?=^Tree=)/m).map((tree) => tree.length);
  return edited.replace(/^tree_sizes=.*$/m, `tree_sizes=${sizes.join(" ")}`);
}

function withoutSizes(given: string): string {
  return given.replace(/^tree_sizes=.*\n/m, "");
}

describe("reading a LightGBM text", () => {
  const crlf = (given: string): string => given.replaceAll("\n", "\r\n");
  it.each<[string, string]>([
    ["LightGBM 3", text.replace("version=v4", "version=v3")],
    [
      "LightGBM 3.1, which knew no linear trees",
      withoutSizes(text).replace("version=v4", "version=v3").replaceAll("is_linear=0\n", ""),
    ],
    ["lines ended by CRLF", crlf(text)],
    ["a byte order mark", `\u{FEFF}${text}`],
    ["a byte order mark and CRLF", `\u{FEFF}${crlf(text)}`],
    ["no sizes", withoutSizes(text)],
    ["no sizes, and CRLF", crlf(withoutSizes(text))],
    ["blank lines at the end", `${text}\n\n`],
    ["no end of line at the end", text.trimEnd()],
    ["nothing behind the trees", text.slice(0, text.indexOf("feature_importances"))],
  ])("takes the same model with %s", (_, given) => {
    expect(parseLightGbm(given)).toEqual(parseLightGbm(text));
  });

  it("gives the model's names, objective and trees", () => {
    const model = parseLightGbm(text);
    expect(model.objective).toBe("binary sigmoid:1");
    expect(model.sigmoid).toBe(1);
    expect(model.featureNames).toEqual(Array.from({ length: 12 }, (_, column) => `Column_${column}`));
    expect(model.trees.map(({ leafValue }) => leafValue.length)).toEqual(Array(50).fill(15));
  });

  it("takes another sigmoid, and cross entropy", () => {
    expect(parseLightGbm(changed("binary sigmoid:1", "binary sigmoid:2.5")).sigmoid).toBe(2.5);
    expect(parseLightGbm(changed("binary sigmoid:1", "cross_entropy")).sigmoid).toBe(1);
  });

  const refusals: readonly (readonly [string, string, () => string])[] = [
    ["an empty file", "MODEL_TEXT_TRUNCATED", () => ""],
    ["the first letters", "MODEL_TEXT_TRUNCATED", () => "tre"],
    ["half a header", "MODEL_TEXT_TRUNCATED", () => text.slice(0, 200)],
    ["half the trees", "MODEL_TEXT_TRUNCATED", () => text.slice(0, text.length / 2)],
    [
      "trees without their end",
      "MODEL_TEXT_TRUNCATED",
      () => text.slice(0, text.indexOf("\nend of trees\n") + 8),
    ],
    ["half the parameters", "MODEL_TEXT_TRUNCATED", () => text.slice(0, text.indexOf("[max_bin"))],
    ["something else", "MODEL_TEXT", () => "<html>"],
    ["no version", "MODEL_TEXT", () => changed("version=v4\n", "")],
    ["an old version", "MODEL_UNSUPPORTED", () => changed("version=v4", "version=v2")],
    ["a version to come", "MODEL_UNSUPPORTED", () => changed("version=v4", "version=v5")],
    ["three classes", "MODEL_UNSUPPORTED", () => changed("num_class=1", "num_class=3")],
    [
      "three trees an iteration",
      "MODEL_UNSUPPORTED",
      () => changed("num_tree_per_iteration=1", "num_tree_per_iteration=3"),
    ],
    ["a Poisson regression", "MODEL_UNSUPPORTED", () => changed("binary sigmoid:1", "poisson")],
    ["a median", "MODEL_UNSUPPORTED", () => changed("binary sigmoid:1", "regression_l1")],
    ["a quantile", "MODEL_UNSUPPORTED", () => changed("binary sigmoid:1", "quantile alpha:0.5")],
    ["a root of the target", "MODEL_UNSUPPORTED", () => changed("binary sigmoid:1", "regression sqrt")],
    ["no objective", "MODEL_UNSUPPORTED", () => changed("objective=binary sigmoid:1\n", "")],
    ["a sigmoid of 0", "MODEL_TEXT", () => changed("binary sigmoid:1", "binary sigmoid:0")],
    ["a linear tree", "MODEL_UNSUPPORTED", () => changed("is_linear=0", "is_linear=1")],
    ["categories", "MODEL_UNSUPPORTED", () => changed("num_cat=0", "num_cat=1")],
    ["a categorical split", "MODEL_UNSUPPORTED", () => changed(/decision_type=\d+/, "decision_type=1")],
    ["an unknown missing type", "MODEL_TEXT", () => changed(/decision_type=\d+/, "decision_type=12")],
    ["a name too few", "MODEL_TEXT", () => changed("Column_0 ", "")],
    ["a feature beyond the names", "MODEL_TEXT", () => changed(/split_feature=\d+/, "split_feature=12")],
    ["a threshold too few", "MODEL_TEXT", () => changed(/threshold=\S+ /, "threshold=")],
    ["a threshold that is no number", "MODEL_TEXT", () => changed(/threshold=\S+/, "threshold=0x1p3")],
    ["a NaN threshold", "MODEL_THRESHOLD", () => changed(/threshold=\S+/, "threshold=nan")],
    ["an infinite leaf", "MODEL_THRESHOLD", () => changed(/leaf_value=\S+/, "leaf_value=-inf")],
    ["a child beyond the nodes", "MODEL_TEXT", () => changed(/left_child=\S+/, "left_child=14")],
    ["a cycle", "MODEL_TEXT", () => changed(/left_child=\S+/, "left_child=0")],
    ["a leaf twice", "MODEL_TEXT", () => changed(/(right_child=.*)-15/, "$1-14")],
    ["no leaf", "MODEL_TEXT", () => changed("num_leaves=15", "num_leaves=0")],
    ["more leaves than are written", "MODEL_TEXT", () => changed("num_leaves=15", "num_leaves=16")],
    ["a key twice", "MODEL_TEXT", () => changed("num_cat=0", "num_cat=0\nnum_cat=0")],
    [
      "sizes that are not the trees'",
      "MODEL_TEXT",
      () => text.replace("tree_sizes=1742 1769", "tree_sizes=1769 1742"),
    ],
    ["a tree more than sizes", "MODEL_TEXT", () => text.replace(/(tree_sizes=.*) \d+$/m, "$1")],
    ["no tree", "MODEL_TEXT", () => text.replace(/tree_sizes=.*/, "tree_sizes=")],
    [
      "5,001 trees",
      "MODEL_TREES",
      () => text.replace(/tree_sizes=.*/, `tree_sizes=${Array(5_001).fill(9).join(" ")}`),
    ],
    ["lines ended by CR alone", "MODEL_TEXT", () => text.replaceAll("\n", "\r")],
    ["a stray CR", "MODEL_TEXT", () => changed("num_cat=0", "num_cat=0\r")],
    ["no sizes and a tree missing", "MODEL_TEXT", () => withoutSizes(text).replace("Tree=7\n", "Tree=8\n")],
    [
      "no sizes and no tree",
      "MODEL_TEXT",
      () => withoutSizes(text).replace(/^Tree=0[^]*(?=end of trees)/m, "\n"),
    ],
    [
      "no sizes and words between trees",
      "MODEL_TEXT",
      () => withoutSizes(text).replace("Tree=0\n", "x\nTree=0\n"),
    ],
    [
      "no sizes and 5,001 trees",
      "MODEL_TREES",
      () => withoutSizes(text).replace("Tree=0\n", `${"Tree=0\n".repeat(5_000)}Tree=0\n`),
    ],
  ];

  it.each(refusals)("refuses %s: %s", (_, code, make) => {
    expect(codeOf(make())).toBe(code);
  });

  it("says why a model is not supported", () => {
    expect(() => parseLightGbm(changed("is_linear=0", "is_linear=1"))).toThrow(/tree 0 is linear/);
    expect(() => parseLightGbm(changed("num_class=1", "num_class=3"))).toThrow(/multiclass/);
  });

  it("takes every half-written text for half written", () => {
    // Between the trees and the parameters the model is whole.
    const treesEnd = text.indexOf("\nend of trees\n");
    const parametersAt = text.indexOf("\nparameters:\n") + "\nparameters:\n".length;
    const lengths = Array.from({ length: Math.floor(text.length / 97) }, (_, index) => index * 97);
    const halves = lengths.filter(
      (length) => length <= treesEnd || (length >= parametersAt && length < text.length - 60),
    );
    expect(halves.length).toBeGreaterThan(900);
    for (const length of halves) expect(codeOf(text.slice(0, length))).toBe("MODEL_TEXT_TRUNCATED");
  });

  it("never crashes on changed letters: a coded error or a model that can be walked", () => {
    const rng = testRng("letters");
    const rows = set.rows.subarray(0, 12);
    const letters = "0123456789-+.eintf= \nT";
    let taken = 0;
    for (let round = 0; round < 100; round++) {
      const at = rng.int(text.length);
      const given = text.slice(0, at) + letters[rng.int(letters.length)] + text.slice(at + 1);
      expect(codeOf(given)).toMatch(/^(none|MODEL_\w+)$/);
      if (codeOf(given) !== "none") continue;
      taken++;
      expect(rawMargins(parseLightGbm(given), rows, 1)[0]).not.toBeNaN();
    }
    expect(taken).toBeGreaterThan(10);
  });
});

describe("the reference traversal", () => {
  it("takes NaN for 0 where it is not the missing value, and the zero band for 0 everywhere", () => {
    const model = parseLightGbm(set.text);
    const [first] = model.trees;
    const row = (value: number): Float32Array => new Float32Array(12).fill(value);
    expect(first?.missingType.includes(0)).toBe(true);
    const margins = [0, -0, 1e-36, -1e-36, 1e-35, -1e-35].map((value) => rawMargins(model, row(value), 1));
    for (const margin of margins) expect(differing(margin, margins[0]!)).toEqual([]);
  });
});
