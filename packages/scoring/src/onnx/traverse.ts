import type { TreeEnsemble } from "./tree-ensemble.ts";

/** Raw margins of `count` rows (row-major, one float32 a feature) by walking every tree for every row. */
export function traverse(ensemble: TreeEnsemble, rows: Float32Array, count: number): Float64Array {
  const { featureCount, isAveraged, roots, feature, threshold, isNanTrue, leafValue } = ensemble;
  const { trueChild, falseChild, isTrueLeaf, isFalseLeaf } = ensemble;
  const margins = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const start = row * featureCount;
    let margin = 0;
    for (let tree = 0; tree < roots.length; tree++) {
      let at = roots[tree] as number;
      let isLeaf = 0;
      while (isLeaf === 0) {
        const value = rows[start + (feature[at] as number)] as number;
        // The second comparison is true for NaN alone.
        const isTrue = value <= (threshold[at] as number) || (value !== value && isNanTrue[at] === 1);
        isLeaf = (isTrue ? isTrueLeaf[at] : isFalseLeaf[at]) as number;
        at = (isTrue ? trueChild[at] : falseChild[at]) as number;
      }
      margin += leafValue[at] as number;
    }
    margins[row] = isAveraged ? margin / roots.length : margin;
  }
  return margins;
}
