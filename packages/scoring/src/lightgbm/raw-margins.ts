import type { LightGbmModel, LightGbmTree } from "./lightgbm-model.ts";
import { MissingType, ZERO_BAND } from "./lightgbm-model.ts";

/** c_api.cpp, RowPairFunctionFromDenseMatric: dense prediction drops what lies within the zero band. */
function asPredicted(value: number): number {
  return Math.abs(value) <= ZERO_BAND ? 0 : value;
}

// tree.h, NumericalDecision.
function goesLeft(tree: LightGbmTree, node: number, given: number): boolean {
  const missingType = tree.missingType[node];
  const value = Number.isNaN(given) && missingType !== MissingType.Nan ? 0 : given;
  const isMissing =
    (missingType === MissingType.Zero && Math.abs(value) <= ZERO_BAND) ||
    (missingType === MissingType.Nan && Number.isNaN(value));
  return isMissing ? tree.isDefaultLeft[node] === 1 : value <= (tree.threshold[node] as number);
}

function leafOf(tree: LightGbmTree, row: Float64Array): number {
  if (tree.splitFeature.length === 0) return 0;
  let node = 0;
  while (node >= 0) {
    const value = row[tree.splitFeature[node] as number] as number;
    node = (goesLeft(tree, node, value) ? tree.leftChild[node] : tree.rightChild[node]) as number;
  }
  return ~node;
}

/**
 * LightGBM's raw score of `count` rows (row-major, one float32 a feature), bit for bit: a plain walk, slow and
 * obvious, the truth for all faster ways. Of a random forest it is what `predict` takes the sigmoid of: the raw score
 * over the number of iterations.
 */
export function rawMargins(model: LightGbmModel, rows: Float32Array, count: number): Float64Array {
  const width = model.featureNames.length;
  const margins = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const row = Float64Array.from(rows.subarray(index * width, (index + 1) * width), asPredicted);
    let margin = 0;
    for (const tree of model.trees) margin += tree.leafValue[leafOf(tree, row)] as number;
    margins[index] = model.isAveraged ? margin / model.trees.length : margin;
  }
  return margins;
}
