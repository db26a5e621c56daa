import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { FEATURE_COUNT, Rng } from "@smcq/kernel";
import { parseLightGbm } from "@smcq/scoring";
import type { LightGbmModel, LightGbmTree } from "@smcq/scoring";

/** Trained by LightGBM 4.7.0 on synthetic data of the features' shape; bench/README.md. */
const TEXT = new URL("../models/500x31.txt.gz", import.meta.url);
/** LightGBM's max_bin of 255 leaves at most this many thresholds a feature. */
const THRESHOLDS = 254;
// decision_type: missing none with default left, missing NaN with default right and left.
const DECISIONS = [2, 8, 10] as const;

export interface SampleModel {
  readonly name: string;
  readonly model: LightGbmModel;
}

/** A leaf while its tree grows: the thresholds that still part its rows, feature by feature, and its share of rows. */
interface OpenLeaf {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly share: number;
  /** Where it hangs: a node's left or right children. */
  readonly holder: { readonly node: number; readonly side: Int32Array } | null;
}

/** Grows a tree as LightGBM does, leaf by leaf: the leaf with most rows is split next, at a threshold of its own. */
function growTree(rng: Rng, thresholds: readonly Float64Array[], leaves: number): LightGbmTree {
  const nodes = leaves - 1;
  const tree = {
    splitFeature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    missingType: new Uint8Array(nodes),
    isDefaultLeft: new Uint8Array(nodes),
    leftChild: new Int32Array(nodes),
    rightChild: new Int32Array(nodes),
    leafValue: Float64Array.from({ length: leaves }, () => rng.normal() * 0.02),
  };
  const to = Int32Array.from(thresholds, ({ length }) => length);
  const open: OpenLeaf[] = [{ from: new Int32Array(FEATURE_COUNT), to, share: 1, holder: null }];
  for (let node = 0; node < nodes; node++) {
    const leaf = open.reduce((best, { share }, at) => (share > (open[best]?.share ?? 0) ? at : best), 0);
    const given = open[leaf] as OpenLeaf;
    const feature = splittableFeature(rng, given);
    const cut =
      (given.from[feature] as number) +
      rng.int((given.to[feature] as number) - (given.from[feature] as number));
    const decision = DECISIONS[rng.int(DECISIONS.length)] as number;
    tree.splitFeature[node] = feature;
    tree.threshold[node] = (thresholds[feature] as Float64Array)[cut] as number;
    tree.missingType[node] = decision >> 2;
    tree.isDefaultLeft[node] = (decision & 2) >> 1;
    tree.leftChild[node] = ~leaf;
    tree.rightChild[node] = ~(node + 1);
    if (given.holder !== null) given.holder.side[given.holder.node] = node;
    const leftShare = given.share * (0.2 + 0.6 * rng.next());
    open[leaf] = {
      ...given,
      to: given.to.with(feature, cut),
      share: leftShare,
      holder: { node, side: tree.leftChild },
    };
    open.push({
      ...given,
      from: given.from.with(feature, cut + 1),
      share: given.share - leftShare,
      holder: { node, side: tree.rightChild },
    });
  }
  return tree;
}

function splittableFeature(rng: Rng, { from, to }: OpenLeaf): number {
  for (;;) {
    const feature = rng.int(FEATURE_COUNT);
    if ((from[feature] as number) < (to[feature] as number)) return feature;
  }
}

function grownModel(seed: number, trees: number, leaves: number): LightGbmModel {
  const rng = new Rng(seed);
  const thresholds = Array.from({ length: FEATURE_COUNT }, () =>
    Float64Array.from({ length: THRESHOLDS }, () => rng.next() * 2 - 1).toSorted(),
  );
  return {
    objective: "binary sigmoid:1",
    isRegression: false,
    sigmoid: 1,
    featureNames: thresholds.map((_, feature) => `f${feature}`),
    isAveraged: false,
    trees: Array.from({ length: trees }, () => growTree(rng, thresholds, leaves)),
  };
}

/** 500 trees of 31 leaves as LightGBM trained them. */
export function trainedModel(): LightGbmModel {
  return parseLightGbm(gunzipSync(readFileSync(TEXT)).toString());
}

/** The four sizes: 100, 300 and 500 trees of 31 leaves as trained, and 1,000 of 63 leaves as grown by chance. */
export function sampleModels(): readonly SampleModel[] {
  const trained = trainedModel();
  // The first trees of a boosted model are the model of that many rounds (LightGBM's num_iteration).
  const first = (count: number): LightGbmModel => ({ ...trained, trees: trained.trees.slice(0, count) });
  return [
    { name: "100x31", model: first(100) },
    { name: "300x31", model: first(300) },
    { name: "500x31", model: trained },
    { name: "1000x63", model: grownModel(63, 1_000, 63) },
  ];
}

/** Rows whose values lie among the model's thresholds, so that every split parts them. */
export function freshRows(rng: Rng, { trees }: LightGbmModel, count: number): Float32Array {
  const lowest = new Float64Array(FEATURE_COUNT).fill(Infinity);
  const highest = new Float64Array(FEATURE_COUNT).fill(-Infinity);
  for (const { splitFeature, threshold } of trees)
    for (const [node, feature] of splitFeature.entries()) {
      lowest[feature] = Math.min(lowest[feature] as number, threshold[node] as number);
      highest[feature] = Math.max(highest[feature] as number, threshold[node] as number);
    }
  return Float32Array.from({ length: count * FEATURE_COUNT }, (_, at) => {
    const low = lowest[at % FEATURE_COUNT] as number;
    const span = (highest[at % FEATURE_COUNT] as number) - low;
    return low + (rng.next() * 1.1 - 0.05) * Math.max(span, 0.1);
  });
}
