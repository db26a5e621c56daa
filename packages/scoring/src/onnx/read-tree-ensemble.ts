import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { MODEL_LIMITS } from "../limits.ts";
import type { Attribute, Tensor } from "./onnx-messages.ts";
import * as schema from "./onnx-schema.ts";
import type { TreeEnsemble } from "./tree-ensemble.ts";

const REQUIRED = [
  "leaf_targetids",
  "leaf_weights",
  "nodes_falseleafs",
  "nodes_falsenodeids",
  "nodes_featureids",
  "nodes_modes",
  "nodes_splits",
  "nodes_trueleafs",
  "nodes_truenodeids",
  "tree_roots",
] as const;
const OPTIONAL = [
  "aggregate_function",
  "n_targets",
  "nodes_hitrates",
  "nodes_missing_value_tracks_true",
  "post_transform",
] as const;
const DOUBLE_BYTES = 8;

type Name = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number];

function refuse(code: ModelErrorCode, text: string): SmcqError {
  return new SmcqError(code, `the ONNX file's TreeEnsemble is refused: ${text}`);
}

/** The attributes by name, with the checks that every one of them needs. */
class Attributes {
  readonly #byName: ReadonlyMap<string, Attribute>;

  constructor(attributes: readonly Attribute[]) {
    const known: ReadonlySet<string> = new Set([...REQUIRED, ...OPTIONAL]);
    const foreign = attributes.find(({ name, isForeign }) => isForeign || !known.has(name));
    if (foreign !== undefined)
      throw refuse(
        ModelErrorCode.Operator,
        `the attribute ${JSON.stringify(foreign.name.slice(0, 60))} is not taken`,
      );
    this.#byName = new Map(attributes.map((attribute) => [attribute.name, attribute]));
    if (this.#byName.size !== attributes.length)
      throw refuse(ModelErrorCode.Shape, "an attribute stands there twice");
    const missing = REQUIRED.find((name) => !this.#byName.has(name));
    if (missing !== undefined) throw refuse(ModelErrorCode.Shape, `the attribute ${missing} is missing`);
  }

  int(name: Name, fallback: number): number {
    return this.#byName.get(name)?.int ?? fallback;
  }

  /** `count` integers of 0 to `max`; as many as there are when `count` is null. */
  ints(name: Name, count: number | null, max: number): Int32Array {
    const ints = this.#byName.get(name)?.ints ?? [];
    checkCount(name, ints.length, count);
    const outside = ints.find((value) => !(value >= 0 && value <= max));
    if (outside !== undefined)
      throw refuse(ModelErrorCode.Shape, `${name} has ${outside}, outside 0 to ${max}`);
    return Int32Array.from(ints);
  }

  flags(name: Name, count: number): Uint8Array {
    return Uint8Array.from(this.ints(name, count, 1));
  }

  doubles(name: Name, count: number | null): Float64Array {
    const { raw, doubles, dims } = this.#tensor(name, schema.DataType.Double);
    if (raw.length % DOUBLE_BYTES !== 0)
      throw refuse(ModelErrorCode.Shape, `${name} has ${raw.length} bytes, not whole doubles`);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    const values =
      doubles.length > 0
        ? Float64Array.from(doubles)
        : Float64Array.from({ length: raw.length / DOUBLE_BYTES }, (_, index) =>
            view.getFloat64(index * DOUBLE_BYTES, true),
          );
    checkDims(name, dims, values.length);
    checkCount(name, values.length, count);
    return values;
  }

  bytes(name: Name, count: number): Uint8Array {
    const { raw, ints, dims } = this.#tensor(name, schema.DataType.Uint8);
    const values = ints.length > 0 ? Uint8Array.from(ints) : raw;
    checkDims(name, dims, values.length);
    checkCount(name, values.length, count);
    return values;
  }

  #tensor(name: Name, dataType: number): Tensor {
    const tensor = this.#byName.get(name)?.tensor ?? null;
    if (tensor?.dataType !== dataType)
      throw refuse(ModelErrorCode.Shape, `${name} is no tensor of data type ${dataType}`);
    return tensor;
  }
}

function checkDims(name: Name, dims: readonly number[], count: number): void {
  if (dims.length !== 1 || dims[0] !== count)
    throw refuse(
      ModelErrorCode.Shape,
      `${name} has dimensions [${dims.slice(0, 4).join()}] for ${count} values`,
    );
}

function checkCount(name: Name, found: number, wanted: number | null): void {
  if (wanted !== null && found !== wanted)
    throw refuse(ModelErrorCode.Shape, `${name} has ${found} values in place of ${wanted}`);
}

/** Sums and averages of `x <= threshold` trees with one target and no transform are what the scorers compute. */
function checkKind(attributes: Attributes, nodes: number): void {
  const aggregate = attributes.int("aggregate_function", schema.AGGREGATE_SUM);
  if (aggregate !== schema.AGGREGATE_SUM && aggregate !== schema.AGGREGATE_AVERAGE)
    throw refuse(ModelErrorCode.Operator, "aggregate_function is neither SUM nor AVERAGE");
  if (attributes.int("post_transform", schema.POST_TRANSFORM_NONE) !== schema.POST_TRANSFORM_NONE)
    throw refuse(ModelErrorCode.Operator, "post_transform is not NONE");
  if (attributes.bytes("nodes_modes", nodes).some((mode) => mode !== schema.BRANCH_LEQ))
    throw refuse(ModelErrorCode.Operator, "nodes_modes has another comparison than BRANCH_LEQ");
  if (attributes.int("n_targets", 1) !== 1) throw refuse(ModelErrorCode.Shape, "n_targets is not 1");
}

function checkNumbers({ threshold, leafValue }: TreeEnsemble): void {
  const node = threshold.findIndex((value) => Number.isNaN(value));
  if (node >= 0) throw refuse(ModelErrorCode.Threshold, `the threshold of node ${node} is NaN`);
  const leaf = leafValue.findIndex((value) => !Number.isFinite(value));
  if (leaf >= 0)
    throw refuse(ModelErrorCode.Threshold, `leaf ${leaf} is ${leafValue[leaf]}, and must be finite`);
}

/** Every node is a root or one child of one node, and reached from a root: no cycle, nothing shared or loose. */
function checkTrees(ensemble: TreeEnsemble): void {
  const isSeen = new Uint8Array(ensemble.feature.length);
  const open = Array.from(ensemble.roots);
  let seen = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isSeen[node] === 1)
      throw refuse(ModelErrorCode.Shape, `node ${node} lies on a cycle or hangs on two nodes`);
    isSeen[node] = 1;
    seen++;
    if (ensemble.isTrueLeaf[node] === 0) open.push(ensemble.trueChild[node] as number);
    if (ensemble.isFalseLeaf[node] === 0) open.push(ensemble.falseChild[node] as number);
  }
  if (seen !== isSeen.length) throw refuse(ModelErrorCode.Shape, "a node hangs on nothing");
}

function checkChildren(name: Name, children: Int32Array, isLeaf: Uint8Array, ensemble: TreeEnsemble): void {
  const outside = children.findIndex(
    (child, node) => child >= (isLeaf[node] === 1 ? ensemble.leafValue : ensemble.feature).length,
  );
  if (outside >= 0)
    throw refuse(ModelErrorCode.Shape, `${name} has ${children[outside]}, which is no node or leaf`);
}

/** The trees in a TreeEnsemble node's attributes, for rows of `featureCount` values. */
export function readTreeEnsemble(given: readonly Attribute[], featureCount: number): TreeEnsemble {
  const attributes = new Attributes(given);
  const threshold = attributes.doubles("nodes_splits", null);
  const leafValue = attributes.doubles("leaf_weights", null);
  const nodes = threshold.length;
  const indexMax = Math.max(nodes, leafValue.length) - 1;
  checkKind(attributes, nodes);
  attributes.ints("leaf_targetids", leafValue.length, 0);
  const roots = attributes.ints("tree_roots", null, nodes - 1);
  if (roots.length > MODEL_LIMITS.treesMax)
    throw refuse(ModelErrorCode.Trees, `${roots.length} trees, ${MODEL_LIMITS.treesMax} are taken at most`);
  if (roots.length === 0) throw refuse(ModelErrorCode.Shape, "it has no tree");
  const hasMissing = attributes.ints("nodes_missing_value_tracks_true", null, 1).length > 0;
  const ensemble: TreeEnsemble = {
    featureCount,
    isAveraged: attributes.int("aggregate_function", schema.AGGREGATE_SUM) === schema.AGGREGATE_AVERAGE,
    roots,
    feature: attributes.ints("nodes_featureids", nodes, featureCount - 1),
    threshold,
    isNanTrue: hasMissing
      ? attributes.flags("nodes_missing_value_tracks_true", nodes)
      : new Uint8Array(nodes),
    trueChild: attributes.ints("nodes_truenodeids", nodes, indexMax),
    falseChild: attributes.ints("nodes_falsenodeids", nodes, indexMax),
    isTrueLeaf: attributes.flags("nodes_trueleafs", nodes),
    isFalseLeaf: attributes.flags("nodes_falseleafs", nodes),
    leafValue,
  };
  checkChildren("nodes_truenodeids", ensemble.trueChild, ensemble.isTrueLeaf, ensemble);
  checkChildren("nodes_falsenodeids", ensemble.falseChild, ensemble.isFalseLeaf, ensemble);
  checkNumbers(ensemble);
  checkTrees(ensemble);
  return ensemble;
}
