/** The largest magnitude that LightGBM takes for zero: (double)1e-35f of include/LightGBM/meta.h. */
export const ZERO_BAND: number = Math.fround(1e-35);

/** Bits 2 and 3 of a node's decision_type: which values go to the default side (tree.h, MissingType). */
export const MissingType = { None: 0, Zero: 1, Nan: 2 } as const;

/** One tree as in the text: a child >= 0 is a node, a child < 0 is leaf `~child`; node 0 is the root. */
export interface LightGbmTree {
  readonly splitFeature: Int32Array;
  readonly threshold: Float64Array;
  /** A `MissingType` a node. */
  readonly missingType: Uint8Array;
  /** 1 where missing values go left. */
  readonly isDefaultLeft: Uint8Array;
  readonly leftChild: Int32Array;
  readonly rightChild: Int32Array;
  readonly leafValue: Float64Array;
}

/** A LightGBM model of numeric splits that gives one probability, or one value. */
export interface LightGbmModel {
  /** The text's own words, such as `binary sigmoid:1`. */
  readonly objective: string;
  /** The margin is the value itself: there is no link, and `sigmoid` means nothing. */
  readonly isRegression: boolean;
  /** The probability is 1 / (1 + exp(-sigmoid * margin)). */
  readonly sigmoid: number;
  readonly featureNames: readonly string[];
  /** The margin is the sum over the trees divided once by their number (random forests), else the sum. */
  readonly isAveraged: boolean;
  /** In the order of addition. */
  readonly trees: readonly LightGbmTree[];
}
