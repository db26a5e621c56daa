import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { nextDownF64 } from "../float-order.ts";
import type { TreeEnsemble } from "../onnx/tree-ensemble.ts";
import type { LightGbmModel, LightGbmTree } from "./lightgbm-model.ts";
import { MissingType, ZERO_BAND } from "./lightgbm-model.ts";

/** Nodes of one converted tree; repeated subtrees of zero_as_missing could otherwise grow without end. */
const TREE_NODES_MAX = 65_536;
/** The largest double below the zero band. */
const BELOW_BAND = nextDownF64(-ZERO_BAND);

/**
 * LightGBM takes everything within the zero band for 0, so a threshold inside it is moved to the band's edge on the
 * same side of 0: then `x <= threshold` says of every x in the band what it says of 0.
 */
function outsideBand(threshold: number): number {
  if (threshold >= -ZERO_BAND && threshold < 0) return BELOW_BAND;
  return threshold >= 0 && threshold < ZERO_BAND ? ZERO_BAND : threshold;
}

/** The columns of an ensemble while it is built. */
class EnsembleBuilder {
  readonly roots: number[] = [];
  readonly feature: number[] = [];
  readonly threshold: number[] = [];
  readonly isNanTrue: number[] = [];
  readonly children: [number, number][] = [];
  readonly leafSides: [number, number][] = [];
  readonly leafValue: number[] = [];

  node(feature: number, threshold: number, isNanTrue: boolean): number {
    this.feature.push(feature);
    this.threshold.push(threshold);
    this.isNanTrue.push(Number(isNanTrue));
    this.children.push([0, 0]);
    return this.leafSides.push([0, 0]) - 1;
  }

  leaf(value: number): number {
    return this.leafValue.push(value) - 1;
  }

  /** Hangs a node or leaf on side 0 (true) or 1 (false) of `parent`. */
  hang(parent: number, side: 0 | 1, child: number, isLeaf: boolean): void {
    (this.children[parent] as [number, number])[side] = child;
    (this.leafSides[parent] as [number, number])[side] = Number(isLeaf);
  }

  build(featureCount: number, isAveraged: boolean): TreeEnsemble {
    return {
      featureCount,
      isAveraged,
      roots: Int32Array.from(this.roots),
      feature: Int32Array.from(this.feature),
      threshold: Float64Array.from(this.threshold),
      isNanTrue: Uint8Array.from(this.isNanTrue),
      trueChild: Int32Array.from(this.children, ([child]) => child),
      falseChild: Int32Array.from(this.children, ([, child]) => child),
      isTrueLeaf: Uint8Array.from(this.leafSides, ([side]) => side),
      isFalseLeaf: Uint8Array.from(this.leafSides, ([, side]) => side),
      leafValue: Float64Array.from(this.leafValue),
    };
  }
}

/** A child of the text that still has to be hung on a side of a converted node. */
interface OpenSide {
  readonly child: number;
  readonly parent: number;
  readonly side: 0 | 1;
}

/** Converts tree after tree into one builder. */
class TreeConverter {
  readonly #builder: EnsembleBuilder;
  readonly #tree: LightGbmTree;
  readonly #index: number;
  readonly #firstNode: number;
  readonly #open: OpenSide[] = [];

  constructor(builder: EnsembleBuilder, tree: LightGbmTree, index: number) {
    this.#builder = builder;
    this.#tree = tree;
    this.#index = index;
    this.#firstNode = builder.feature.length;
  }

  convert(): void {
    const { leafValue, splitFeature } = this.#tree;
    this.#builder.roots.push(this.#firstNode);
    if (splitFeature.length === 0) {
      this.#constant(leafValue[0] as number);
      return;
    }
    this.#split(0);
    for (let side = this.#open.pop(); side !== undefined; side = this.#open.pop()) {
      const { child, parent } = side;
      if (child < 0)
        this.#builder.hang(parent, side.side, this.#builder.leaf(leafValue[~child] as number), true);
      else this.#builder.hang(parent, side.side, this.#split(child), false);
      if (this.#builder.feature.length - this.#firstNode > TREE_NODES_MAX)
        throw new SmcqError(
          ModelErrorCode.Unsupported,
          `tree ${this.#index}: zero_as_missing repeats its subtrees into more than ${TREE_NODES_MAX} nodes`,
        );
    }
  }

  /** A tree of one leaf: a node that leads to it either way, since a root must be a node. */
  #constant(value: number): void {
    const node = this.#builder.node(0, 0, false);
    const leaf = this.#builder.leaf(value);
    this.#builder.hang(node, 0, leaf, true);
    this.#builder.hang(node, 1, leaf, true);
  }

  /** Converts a node of the text; its subtrees are left open. Returns the first converted node. */
  #split(node: number): number {
    const tree = this.#tree;
    const feature = tree.splitFeature[node] as number;
    const threshold = outsideBand(tree.threshold[node] as number);
    const left = tree.leftChild[node] as number;
    const right = tree.rightChild[node] as number;
    const isDefaultLeft = tree.isDefaultLeft[node] === 1;
    const isZeroLeft = 0 <= threshold;
    const missing = tree.missingType[node];
    if (missing === MissingType.Zero && isDefaultLeft !== isZeroLeft)
      return this.#bandSplit({ feature, threshold, left, right, isDefaultLeft });
    // NaN counts as 0 where it is not the missing value.
    const isNanTrue = missing === MissingType.None ? isZeroLeft : isDefaultLeft;
    return this.#plain(feature, threshold, isNanTrue, left, right);
  }

  #plain(feature: number, threshold: number, isNanTrue: boolean, left: number, right: number): number {
    const at = this.#builder.node(feature, threshold, isNanTrue);
    this.#open.push({ child: left, parent: at, side: 0 }, { child: right, parent: at, side: 1 });
    return at;
  }

  /**
   * The zero band (and NaN) goes to another side than 0 <= threshold says. Next to the band that is the band's other
   * edge; elsewhere two more nodes cut the band out, and opset 5 wants the subtrees repeated, not shared.
   */
  #bandSplit(split: {
    readonly feature: number;
    readonly threshold: number;
    readonly left: number;
    readonly right: number;
    readonly isDefaultLeft: boolean;
  }): number {
    const { feature, threshold, left, right, isDefaultLeft } = split;
    if (threshold === ZERO_BAND || threshold === BELOW_BAND)
      return this.#plain(feature, isDefaultLeft ? ZERO_BAND : BELOW_BAND, isDefaultLeft, left, right);
    const [inBand, outside] = isDefaultLeft ? [left, right] : [right, left];
    const first = this.#builder.node(feature, threshold, isDefaultLeft);
    const below = this.#builder.node(feature, BELOW_BAND, false);
    const band = this.#builder.node(feature, ZERO_BAND, false);
    // The band lies on the side of the threshold on which 0 lies: false when missing goes left, else true.
    const bandSide = isDefaultLeft ? 1 : 0;
    const otherSide = isDefaultLeft ? 0 : 1;
    this.#builder.hang(first, bandSide, below, false);
    this.#builder.hang(below, 1, band, false);
    this.#open.push(
      { child: inBand, parent: first, side: otherSide },
      { child: outside, parent: below, side: 0 },
      { child: inBand, parent: band, side: 0 },
      { child: outside, parent: band, side: 1 },
    );
    return first;
  }
}

/**
 * The model as an ONNX TreeEnsemble that gives the same margin, bit for bit, for every row: thresholds stay doubles,
 * the zero band and missing values become thresholds and NaN directions (docs/model.md section 2).
 */
export function toTreeEnsemble(model: LightGbmModel): TreeEnsemble {
  const builder = new EnsembleBuilder();
  for (const [index, tree] of model.trees.entries()) new TreeConverter(builder, tree, index).convert();
  return builder.build(model.featureNames.length, model.isAveraged);
}
