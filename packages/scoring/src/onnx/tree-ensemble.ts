/**
 * The trees of an ONNX `TreeEnsemble` (ai.onnx.ml opset 5) in its own columns: every node asks
 * `x[feature] <= threshold`, NaN goes to the true side where `isNanTrue`; a child is a node's or a leaf's index. The
 * margin is the sum of the reached leaves in the order of `roots`, or that sum divided once by their number.
 */
export interface TreeEnsemble {
  readonly featureCount: number;
  readonly isAveraged: boolean;
  /** The first node of each tree; a tree of one leaf is a node with that leaf on both sides. */
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly isNanTrue: Uint8Array;
  readonly trueChild: Int32Array;
  readonly falseChild: Int32Array;
  /** 1 where `trueChild` is a leaf. */
  readonly isTrueLeaf: Uint8Array;
  readonly isFalseLeaf: Uint8Array;
  readonly leafValue: Float64Array;
}
