import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURE_COUNT, Rng } from "@smcq/kernel";
import { expect } from "vitest";
import {
  attachModels,
  compileLeafMask,
  createModelMemory,
  rawMargins,
  readOnnx,
  toTreeEnsemble,
  traverse,
  writeOnnx,
  ZERO_BAND,
} from "../src/index.ts";
import type { LightGbmModel, LightGbmTree, ModelMemory, TreeEnsemble } from "../src/index.ts";
import { nextFloat32 } from "../src/golden/make-golden.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");

/** The folder of the optional shared models, or null (said loudly) when it is not there. */
export function sharedModels(): string | null {
  const shared = process.env["SMCQ_SHARED"] ?? join(import.meta.dirname, "../../../../shared");
  const folder = join(shared, "data/models");
  if (existsSync(folder)) return folder;
  console.warn("shared data not found (SMCQ_SHARED or ../shared): the tests on whole model sets are skipped");
  return null;
}

/** A model with rows and the margins that LightGBM itself gave them. */
export interface ModelSet {
  readonly name: string;
  readonly text: string;
  readonly rows: Float32Array;
  readonly margins: Float64Array;
  /** What predict() gave. */
  readonly probabilities: Float64Array;
}

function setOf(name: string, text: string, csv: string): ModelSet {
  const lines = csv.trim().split("\n").slice(1);
  const cells = lines.map((line) => line.split(",").map(numberOf));
  // A forest's raw score is the sum; what predict() goes on with is the sum over the number of iterations.
  const divisor = /^average_output$/m.test(text) ? text.match(/^Tree=/gm)!.length : 1;
  return {
    name,
    text,
    rows: Float32Array.from(cells.flatMap((row) => row.slice(0, FEATURE_COUNT))),
    margins: Float64Array.from(cells, (row) => row[FEATURE_COUNT]! / divisor),
    probabilities: Float64Array.from(cells, (row) => row[FEATURE_COUNT + 1]!),
  };
}

function numberOf(word: string): number {
  return Number(word.replace("inf", "Infinity").replace("nan", "NaN"));
}

function gunzipText(path: string): string {
  return gunzipSync(readFileSync(path)).toString();
}

export function fixtureSet(name: string): ModelSet {
  const path = join(FIXTURES, name);
  return setOf(name, gunzipText(`${path}.model.txt.gz`), gunzipText(`${path}.rows.csv.gz`));
}

export const FIXTURE_SETS = ["plain", "zeromiss", "dart", "isnan_only", "rf"] as const;

export function sharedSetNames(folder: string | null): string[] {
  return folder === null ? [] : readdirSync(folder);
}

export function sharedSet(folder: string, name: string): ModelSet {
  const text = readFileSync(join(folder, name, "model.txt"), "utf8");
  return setOf(name, text, gunzipText(join(folder, name, "rows.csv.gz")));
}

/** Rows whose two margins differ in a bit. */
export function differing(left: Float64Array, right: Float64Array): number[] {
  expect(left.length).toBe(right.length);
  return [...left.keys()].filter((row) => !Object.is(left[row], right[row]));
}

let memory: ModelMemory | null = null;
let epoch = 0;

/** Margins by leaf-mask, through the shared memory as a scanning thread has them. */
export function leafMaskMargins(ensemble: TreeEnsemble, rows: Float32Array, count: number): Float64Array {
  memory ??= createModelMemory({ lanes: 1 });
  epoch++;
  const tables = compileLeafMask(ensemble);
  memory.install({ epoch, id: `model ${epoch}`, calibration: { a: 1, b: 0 }, tables });
  const margins = new Float64Array(count);
  attachModels(memory.shared(), 0).model(epoch).margins(rows, count, margins);
  return margins;
}

/** The ways to a margin that do not give the bits of `truth`, with the rows that differ: {} when all agree. */
export function disagreements(
  model: LightGbmModel,
  rows: Float32Array,
  truth: Float64Array,
): Record<string, number[]> {
  const count = truth.length;
  const ensemble = toTreeEnsemble(model);
  const again = readOnnx(writeOnnx(ensemble, {})).ensemble;
  const ways = {
    "text by the reference": rawMargins(model, rows, count),
    "ensemble by traversal": traverse(ensemble, rows, count),
    "ONNX by traversal": traverse(again, rows, count),
    "text by leaf-mask": leafMaskMargins(ensemble, rows, count),
    "ONNX by leaf-mask": leafMaskMargins(again, rows, count),
  };
  const different = Object.entries(ways).map(([way, margins]) => [way, differing(margins, truth)] as const);
  return Object.fromEntries(different.filter(([, found]) => found.length > 0));
}

/** The seed of a random test, printed so that a failure can be run again with SMCQ_SEED. */
export function testRng(name: string): Rng {
  const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
  console.info(`${name}: SMCQ_SEED=${seed}`);
  return new Rng(seed).fork(name);
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** Thresholds at which a comparison, a rounding or the zero band could go wrong. */
const EDGE_THRESHOLDS: readonly number[] = [
  Infinity,
  -Infinity,
  0,
  -0,
  ZERO_BAND,
  -ZERO_BAND,
  nextFloat32(ZERO_BAND, 1),
  nextFloat32(-ZERO_BAND, -1),
  1e-36,
  -1e-36,
  2 ** -149,
  -(2 ** -149),
  1e-50,
  -1e-50,
  FLOAT32_MAX,
  -FLOAT32_MAX,
  1e300,
  -1.797e308,
  0.1,
  1 / 3,
];

export interface TreeOptions {
  readonly leaves: number;
  /** `chain`: every split hangs on the one before. */
  readonly shape: "chain" | "random";
  /** Bits of decision_type that may occur. */
  readonly decisions: readonly number[];
  readonly thresholds: "edges" | "equal" | "plain";
}

/** decision_type: default left 2, missing None 0, Zero 4, NaN 8. */
export const EVERY_DECISION = [0, 2, 4, 6, 8, 10] as const;
export const DECISIONS_WITHOUT_ZERO = [0, 2, 8, 10] as const;

export function randomTree(rng: Rng, { leaves, shape, decisions, thresholds }: TreeOptions): LightGbmTree {
  const nodes = leaves - 1;
  const leftChild = new Int32Array(nodes);
  const rightChild = new Int32Array(nodes);
  const holders: { readonly node: number; readonly side: Int32Array }[] = [];
  for (let node = 0; node < nodes; node++) {
    const leaf = shape === "chain" ? (rng.chance(0.5) ? node : Math.max(node - 1, 0)) : rng.int(node + 1);
    const holder = holders[leaf];
    if (holder !== undefined) holder.side[holder.node] = node;
    leftChild[node] = ~leaf;
    rightChild[node] = ~(node + 1);
    holders[leaf] = { node, side: leftChild };
    holders[node + 1] = { node, side: rightChild };
  }
  const pick = <T>(values: readonly T[]): T => values[rng.int(values.length)]!;
  const equal = pick(EDGE_THRESHOLDS);
  const threshold = (): number => {
    if (thresholds === "equal") return equal;
    return thresholds === "edges" && rng.chance(0.6) ? pick(EDGE_THRESHOLDS) : rng.normal();
  };
  const decision = Array.from({ length: nodes }, () => pick(decisions));
  return {
    splitFeature: Int32Array.from({ length: nodes }, () => rng.int(FEATURE_COUNT)),
    threshold: Float64Array.from({ length: nodes }, threshold),
    missingType: Uint8Array.from(decision, (bits) => bits >> 2),
    isDefaultLeft: Uint8Array.from(decision, (bits) => (bits & 2) >> 1),
    leftChild,
    rightChild,
    leafValue: Float64Array.from({ length: leaves }, () => rng.normal()),
  };
}

export function modelOf(trees: readonly LightGbmTree[], isAveraged = false): LightGbmModel {
  return {
    objective: "binary sigmoid:1",
    isRegression: false,
    sigmoid: 1,
    featureNames: Array.from({ length: FEATURE_COUNT }, (_, feature) => `f${feature}`),
    isAveraged,
    trees,
  };
}

/** The model as LightGBM would write it, with what a reader needs. */
export function textOf({ featureNames, objective, isAveraged, trees }: LightGbmModel): string {
  const words = (values: Iterable<number>): string =>
    [...values]
      .map((value) => (Object.is(value, -0) ? "-0" : `${value}`.replace("Infinity", "inf")))
      .join(" ");
  const blocks = trees.map((tree, index) => {
    const decision = tree.missingType.map((type, node) => (type << 2) | (tree.isDefaultLeft[node]! << 1));
    return [
      `Tree=${index}`,
      `num_leaves=${tree.leafValue.length}`,
      "num_cat=0",
      `split_feature=${words(tree.splitFeature)}`,
      `threshold=${words(tree.threshold)}`,
      `decision_type=${words(decision)}`,
      `left_child=${words(tree.leftChild)}`,
      `right_child=${words(tree.rightChild)}`,
      `leaf_value=${words(tree.leafValue)}`,
      "is_linear=0",
      "shrinkage=1",
      "\n\n",
    ].join("\n");
  });
  const header = [
    "tree",
    "version=v4",
    "num_class=1",
    "num_tree_per_iteration=1",
    "label_index=0",
    `max_feature_idx=${featureNames.length - 1}`,
    `objective=${objective}`,
    ...(isAveraged ? ["average_output"] : []),
    `feature_names=${featureNames.join(" ")}`,
    `feature_infos=${featureNames.map(() => "[-1:1]").join(" ")}`,
    `tree_sizes=${blocks.map(({ length }) => length).join(" ")}`,
  ];
  return `${header.join("\n")}\n\n${blocks.join("")}end of trees\n\nparameters:\n[boosting: gbdt]\nend of parameters\n`;
}

/** Rows on and beside the model's thresholds, among them every value at which a comparison may go wrong. */
export function adversarialRows(rng: Rng, model: LightGbmModel, count: number): Float32Array {
  const special = [Number.NaN, ...EDGE_THRESHOLDS, 1, -1].map(Math.fround);
  const beside: number[][] = Array.from(model.featureNames, () => []);
  for (const { splitFeature, threshold } of model.trees)
    for (const [node, feature] of splitFeature.entries()) {
      const near = Math.fround(threshold[node]!);
      beside[feature]!.push(nextFloat32(near, -1), near, nextFloat32(near, 1));
    }
  const width = model.featureNames.length;
  return Float32Array.from({ length: count * width }, (_, at) => {
    const values = beside[at % width]!;
    if (rng.chance(0.2)) return special[rng.int(special.length)]!;
    return values.length > 0 && rng.chance(0.75) ? values[rng.int(values.length)]! : rng.normal();
  });
}
