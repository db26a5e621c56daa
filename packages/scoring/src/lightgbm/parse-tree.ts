import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import type { LightGbmTree } from "./lightgbm-model.ts";
import { MissingType } from "./lightgbm-model.ts";
import { malformed, TextSection, unsupported } from "./text-reader.ts";

/** Leaves that one tree may have in a text; the leaf-mask scorer takes fewer, the limit keeps hostile texts small. */
const TREE_LEAVES_MAX = 65_536;
// decision_type of tree.h: bit 0 categorical, bit 1 default left, bits 2 and 3 the missing type.
const CATEGORICAL_BIT = 1;
const DEFAULT_LEFT_BIT = 2;
const MISSING_SHIFT = 2;

/** Reads the text of tree `index`. */
export function parseTree(text: string, index: number, featureCount: number): LightGbmTree {
  const place = `tree ${index}`;
  const section = new TextSection(place, text);
  refuseUnsupported(section, place);
  const leaves = section.integer("num_leaves");
  if (leaves < 1 || leaves > TREE_LEAVES_MAX)
    throw malformed(`${place} has ${leaves} leaves, 1 to ${TREE_LEAVES_MAX} are read`);
  const nodes = leaves - 1;
  const decisions = section.integers("decision_type", nodes, { min: 0, max: 15 });
  if (decisions.some((decision) => (decision & CATEGORICAL_BIT) !== 0))
    throw unsupported(`${place} has categorical splits`);
  if (decisions.some((decision) => decision >> MISSING_SHIFT > MissingType.Nan))
    throw malformed(`${place} has an unknown missing type`);
  const children = { min: -leaves, max: nodes - 1 };
  const tree = {
    splitFeature: section.integers("split_feature", nodes, { min: 0, max: featureCount - 1 }),
    threshold: section.reals("threshold", nodes),
    missingType: Uint8Array.from(decisions, (decision) => decision >> MISSING_SHIFT),
    isDefaultLeft: Uint8Array.from(decisions, (decision) => (decision & DEFAULT_LEFT_BIT) >> 1),
    leftChild: section.integers("left_child", nodes, children),
    rightChild: section.integers("right_child", nodes, children),
    leafValue: section.reals("leaf_value", leaves),
  };
  refuseNumbers(tree, place);
  refuseShape(tree, place);
  return tree;
}

function refuseUnsupported(section: TextSection, place: string): void {
  if (section.integer("num_cat") !== 0) throw unsupported(`${place} has categorical splits`);
  if (section.has("is_linear") && section.integer("is_linear") !== 0)
    throw unsupported(`${place} is linear: its leaves are formulas of the features, not constants`);
}

function refuseNumbers(tree: LightGbmTree, place: string): void {
  const node = tree.threshold.findIndex((value) => Number.isNaN(value));
  if (node >= 0)
    throw new SmcqError(ModelErrorCode.Threshold, `${place}: the threshold of node ${node} is NaN`);
  const leaf = tree.leafValue.findIndex((value) => !Number.isFinite(value));
  if (leaf >= 0)
    throw new SmcqError(
      ModelErrorCode.Threshold,
      `${place}: leaf ${leaf} is ${tree.leafValue[leaf]}, and must be finite`,
    );
}

/** Every node and leaf hangs on exactly one child of a node that hangs on the root: no cycle, nothing shared or loose. */
function refuseShape(tree: LightGbmTree, place: string): void {
  const nodes = tree.leftChild.length;
  const isNodeSeen = new Uint8Array(nodes);
  const isLeafSeen = new Uint8Array(nodes + 1);
  const open = [nodes === 0 ? ~0 : 0];
  for (let child = open.pop(); child !== undefined; child = open.pop()) {
    const [seen, at] = child < 0 ? [isLeafSeen, ~child] : [isNodeSeen, child];
    if (seen[at] === 1)
      throw malformed(`${place}: ${child < 0 ? "leaf" : "node"} ${at} hangs on more than one node`);
    seen[at] = 1;
    if (child >= 0) open.push(tree.leftChild[child] as number, tree.rightChild[child] as number);
  }
  if (isNodeSeen.includes(0) || isLeafSeen.includes(0))
    throw malformed(`${place}: a node or leaf hangs on nothing`);
}
