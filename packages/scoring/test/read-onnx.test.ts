import { SmcqError } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  compileLeafMask,
  parseLightGbm,
  readOnnx,
  toTreeEnsemble,
  traverse,
  writeOnnx,
} from "../src/index.ts";
import type { TreeEnsemble } from "../src/index.ts";
import { writeImage } from "../src/leaf-mask/write-image.ts";
import { AttributeField, GraphField, ModelField, NodeField } from "../src/onnx/onnx-schema.ts";
import {
  adding,
  attribute,
  bytesField,
  bytesOf,
  edited,
  intField,
  replacing,
  without,
} from "./protobuf-edit.ts";
import type { Edit } from "./protobuf-edit.ts";
import { differing, fixtureSet, leafMaskMargins, modelOf, randomTree, testRng } from "./tree-support.ts";

const set = fixtureSet("plain");
const ensemble = toTreeEnsemble(parseLightGbm(set.text));
const good = writeOnnx(ensemble, { model_id: "plain", note: "ä" });

const NODE = [ModelField.Graph, GraphField.Node];

function codeOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    if (error instanceof SmcqError) return error.code;
    throw error;
  }
}

/** The good file with one attribute changed. */
function withAttribute(name: string, edit: Edit): Uint8Array {
  return edited(good, NODE, attribute(name, edit));
}

function withEnsemble(change: (copy: TreeEnsemble) => Partial<TreeEnsemble>): Uint8Array {
  const copy = structuredClone(ensemble);
  return writeOnnx({ ...copy, ...change(copy) }, {});
}

/** A tensor attribute's message: one dimension, a data type and raw bytes. */
function tensor(dims: number, dataType: number, raw: Uint8Array): Uint8Array {
  return bytesOf([intField(1, dims), intField(2, dataType), bytesField(9, raw)]);
}

const opset = (domain: string, version: number): Uint8Array =>
  bytesOf([bytesField(1, domain), intField(2, version)]);
const importing = (...sets: readonly Uint8Array[]): Uint8Array =>
  bytesOf([
    ...without(ModelField.OpsetImport)([...fields()]),
    ...sets.map((bytes) => bytesField(ModelField.OpsetImport, bytes)),
  ]);
const fields = (): ReturnType<Edit> => {
  let found: ReturnType<Edit> = [];
  edited(good, [], (given) => (found = given));
  return found;
};

describe("reading an ONNX file", () => {
  it("gives back the trees and the metadata that were written, and the same bytes when written again", () => {
    const read = readOnnx(good);
    expect(read.ensemble).toEqual(ensemble);
    expect(read.metadata).toEqual({ model_id: "plain", note: "ä" });
    expect(Buffer.compare(writeOnnx(read.ensemble, read.metadata), good)).toBe(0);
  });

  it("reads packed integers and double_data as other writers have them", () => {
    const roots = Uint8Array.from(
      Array.from(ensemble.roots).flatMap((root) => [(root & 127) | 128, root >> 7]),
    );
    const packed = withAttribute("tree_roots", (given) => [
      ...without(AttributeField.Ints)(given),
      bytesField(AttributeField.Ints, roots),
    ]);
    expect(readOnnx(packed).ensemble).toEqual(ensemble);
    const doubles = bytesOf([
      intField(1, ensemble.leafValue.length),
      intField(2, 11),
      bytesField(10, new Uint8Array(ensemble.leafValue.buffer.slice(0) as ArrayBuffer)),
    ]);
    const unraw = withAttribute("leaf_weights", replacing(bytesField(AttributeField.Tensor, doubles)));
    expect(readOnnx(unraw).ensemble).toEqual(ensemble);
  });

  const refusals: readonly (readonly [string, string, () => Uint8Array])[] = [
    ["an empty file", "MODEL_PARSE", () => new Uint8Array()],
    ["a text", "MODEL_PARSE", () => new TextEncoder().encode(set.text)],
    ["a truncated file", "MODEL_PARSE", () => good.subarray(0, good.length / 2)],
    ["a length beyond the file", "MODEL_PARSE", () => Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["nested groups", "MODEL_PARSE", () => new Uint8Array(100_000).fill(0x0b)],
    [
      "a metadata key twice",
      "MODEL_PARSE",
      () => bytesOf([...fields(), ...fields().filter(({ field }) => field === 14)]),
    ],
    ["a huge file", "MODEL_SIZE", () => new Uint8Array(67_108_865)],
    ["ai.onnx.ml 3", "MODEL_OPSET", () => importing(opset("", 21), opset("ai.onnx.ml", 3))],
    ["no ai.onnx.ml", "MODEL_OPSET", () => importing(opset("", 21))],
    [
      "operators of another domain",
      "MODEL_OPSET",
      () => importing(opset("ai.onnx.ml", 5), opset("com.example", 1)),
    ],
    [
      "an IR version to come",
      "MODEL_OPSET",
      () => edited(good, [], replacing(intField(ModelField.IrVersion, 99))),
    ],
    [
      "a custom operator",
      "MODEL_OPERATOR",
      () => edited(good, NODE, replacing(bytesField(NodeField.Domain, "com.example"))),
    ],
    [
      "another operator",
      "MODEL_OPERATOR",
      () => edited(good, NODE, replacing(bytesField(NodeField.OpType, "TreeEnsembleRegressor"))),
    ],
    [
      "a further node",
      "MODEL_OPERATOR",
      () =>
        edited(
          good,
          [ModelField.Graph],
          adding(bytesField(GraphField.Node, bytesOf([bytesField(4, "Sigmoid")]))),
        ),
    ],
    ["no node", "MODEL_OPERATOR", () => edited(good, [ModelField.Graph], without(GraphField.Node))],
    [
      "a second graph",
      "MODEL_OPERATOR",
      () => bytesOf([...fields(), ...fields().filter(({ field }) => field === 7)]),
    ],
    ["functions", "MODEL_OPERATOR", () => edited(good, [], adding(bytesField(ModelField.Functions, "")))],
    [
      "a transform",
      "MODEL_OPERATOR",
      () => withAttribute("post_transform", replacing(intField(AttributeField.Int, 1))),
    ],
    [
      "a minimum",
      "MODEL_OPERATOR",
      () => withAttribute("aggregate_function", replacing(intField(AttributeField.Int, 2))),
    ],
    [
      "an unknown attribute",
      "MODEL_OPERATOR",
      () => withAttribute("n_targets", replacing(bytesField(1, "membership_values"))),
    ],
    [
      "another comparison",
      "MODEL_OPERATOR",
      () =>
        withAttribute(
          "nodes_modes",
          replacing(bytesField(AttributeField.Tensor, tensor(700, 2, new Uint8Array(700).fill(1)))),
        ),
    ],
    [
      "external data",
      "MODEL_EXTERNAL_DATA",
      () =>
        edited(
          good,
          NODE,
          attribute("nodes_splits", (given) =>
            given.map((field) =>
              field.field === AttributeField.Tensor ? bytesField(5, bytesOf([intField(14, 1)])) : field,
            ),
          ),
        ),
    ],
    [
      "an external tensor of the graph",
      "MODEL_EXTERNAL_DATA",
      () =>
        edited(
          good,
          [ModelField.Graph],
          adding(bytesField(GraphField.Initializer, bytesOf([bytesField(13, "")]))),
        ),
    ],
    [
      "a tensor of the graph",
      "MODEL_SHAPE",
      () => edited(good, [ModelField.Graph], adding(bytesField(GraphField.Initializer, ""))),
    ],
    [
      "two inputs",
      "MODEL_SHAPE",
      () => edited(good, [ModelField.Graph], adding(bytesField(GraphField.Input, ""))),
    ],
    [
      "another output",
      "MODEL_SHAPE",
      () => edited(good, [ModelField.Graph, GraphField.Output], replacing(bytesField(1, "score"))),
    ],
    [
      "no threshold for a node",
      "MODEL_SHAPE",
      () => withEnsemble(({ threshold }) => ({ threshold: threshold.slice(1) })),
    ],
    [
      "thresholds of float32",
      "MODEL_SHAPE",
      () =>
        withAttribute(
          "nodes_splits",
          replacing(bytesField(AttributeField.Tensor, tensor(700, 1, new Uint8Array(2_800)))),
        ),
    ],
    [
      "half a double",
      "MODEL_SHAPE",
      () =>
        withAttribute(
          "nodes_splits",
          replacing(bytesField(AttributeField.Tensor, tensor(1, 11, new Uint8Array(7)))),
        ),
    ],
    [
      "a missing attribute",
      "MODEL_SHAPE",
      () => withAttribute("tree_roots", replacing(bytesField(1, "nodes_hitrates"))),
    ],
    [
      "a feature beyond the input",
      "MODEL_SHAPE",
      () => withEnsemble(({ feature }) => ({ feature: feature.fill(12, 3, 4) })),
    ],
    [
      "a child beyond the nodes",
      "MODEL_SHAPE",
      () => withEnsemble(({ trueChild }) => ({ trueChild: trueChild.fill(700, 0, 1) })),
    ],
    [
      "a cycle",
      "MODEL_SHAPE",
      () =>
        withEnsemble(({ trueChild, isTrueLeaf }) => ({
          trueChild: trueChild.fill(0, 5, 6),
          isTrueLeaf: isTrueLeaf.fill(0, 5, 6),
        })),
    ],
    [
      "a loose node",
      "MODEL_SHAPE",
      () =>
        withEnsemble(({ isTrueLeaf, trueChild }) => ({
          isTrueLeaf: isTrueLeaf.fill(1, 0, 1),
          trueChild: trueChild.fill(0, 0, 1),
          isFalseLeaf: isTrueLeaf,
        })),
    ],
    ["a root twice", "MODEL_SHAPE", () => withEnsemble(({ roots }) => ({ roots: roots.fill(0, 1, 2) }))],
    ["no tree", "MODEL_SHAPE", () => withEnsemble(() => ({ roots: new Int32Array() }))],
    [
      "a NaN threshold",
      "MODEL_THRESHOLD",
      () => withEnsemble(({ threshold }) => ({ threshold: threshold.fill(Number.NaN, 9, 10) })),
    ],
    [
      "an infinite leaf",
      "MODEL_THRESHOLD",
      () => withEnsemble(({ leafValue }) => ({ leafValue: leafValue.fill(Infinity, 9, 10) })),
    ],
    ["5,001 trees", "MODEL_TREES", () => writeOnnx(toTreeEnsemble(modelOf(constants(5_001))), {})],
  ];

  it.each(refusals)("refuses %s: %s", (_, code, make) => {
    const bytes = make();
    expect(codeOf(() => readOnnx(bytes))).toBe(code);
  });

  it("takes 5,000 trees", () => {
    const model = modelOf(constants(5_000));
    expect(readOnnx(writeOnnx(toTreeEnsemble(model), {})).ensemble.roots.length).toBe(5_000);
  });

  it("ends in a coded error at every truncation", () => {
    for (let length = 0; length < good.length; length += 97)
      expect(codeOf(() => readOnnx(good.subarray(0, length)))).toMatch(/^MODEL_/);
  });

  it("never crashes on flipped bytes: a coded error, or trees on which traversal and leaf-mask agree", () => {
    const rng = testRng("flips");
    const small = writeOnnx(
      toTreeEnsemble(
        modelOf([randomTree(rng, { leaves: 20, shape: "random", decisions: [2, 10], thresholds: "plain" })]),
      ),
      { key: "value" },
    );
    const rows = set.rows.subarray(0, 100 * 12);
    let accepted = 0;
    for (let round = 0; round < 1_000; round++) {
      const flipped = Uint8Array.from(small);
      for (let flips = rng.int(3); flips >= 0; flips--) flipped[rng.int(flipped.length)] = rng.int(256);
      const code = codeOf(() => {
        const read = readOnnx(flipped).ensemble;
        expect(differing(traverse(read, rows, 100), leafMaskMargins(read, rows, 100))).toEqual([]);
        accepted++;
      });
      expect(code).toMatch(/^(none|MODEL_\w+)$/);
    }
    expect(accepted).toBeGreaterThan(50);
  });
});

function constants(count: number): ReturnType<typeof randomTree>[] {
  const rng = testRng("constants");
  return Array.from({ length: count }, () =>
    randomTree(rng, { leaves: 1, shape: "random", decisions: [2], thresholds: "plain" }),
  );
}

describe("compiling for leaf-mask", () => {
  const rng = testRng("limits");
  const tree = (leaves: number): ReturnType<typeof randomTree> =>
    randomTree(rng, { leaves, shape: "chain", decisions: [2], thresholds: "plain" });

  it("takes 64 leaves and refuses 65: MODEL_LEAVES", () => {
    // A chain on one feature with falling thresholds: every leaf is reached by some row.
    const chain = (leaves: number): TreeEnsemble => {
      const { leafValue, ...columns } = tree(leaves);
      const nodes = leaves - 1;
      return toTreeEnsemble(
        modelOf([
          {
            ...columns,
            leafValue,
            splitFeature: new Int32Array(nodes),
            threshold: Float64Array.from({ length: nodes }, (_, node) => -node),
            leftChild: Int32Array.from({ length: nodes }, (_, node) => (node + 1 < nodes ? node + 1 : ~0)),
            rightChild: Int32Array.from({ length: nodes }, (_, node) => ~(node + 1)),
          },
        ]),
      );
    };
    expect(compileLeafMask(chain(64))).toMatchObject({ leavesMax: 64, words: 2 });
    expect(compileLeafMask(chain(32))).toMatchObject({ leavesMax: 32, words: 1 });
    expect(codeOf(() => compileLeafMask(chain(65)))).toBe("MODEL_LEAVES");
  });

  it("refuses tables of more than 64 MB: MODEL_TABLES", () => {
    // Trees of 8,000 thresholds each, none of them in two trees.
    const trees = Array.from({ length: 100 }, (_, index) => {
      const first = Float32Array.from({ length: 8_000 }, (__, edge) => edge * 100 + index);
      const edges = [first, ...Array.from({ length: 11 }, () => new Float32Array())];
      return { edges, starts: edges.map(() => 0), boxes: [] };
    });
    expect(codeOf(() => writeImage(trees, 2, 1))).toBe("MODEL_TABLES");
  });

  it("refuses another width than the product's rows: MODEL_FEATURES", () => {
    const narrow = { ...ensemble, featureCount: 11 };
    expect(codeOf(() => compileLeafMask(narrow))).toBe("MODEL_FEATURES");
  });
});
