import { FEATURE_SETS } from "@smcq/features";
import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { MODEL_LIMITS } from "../limits.ts";
import type { TreeEnsemble } from "../onnx/tree-ensemble.ts";
import type { TreeBoxes } from "./leaf-boxes.ts";
import { treeBoxes, treeNodes } from "./leaf-boxes.ts";
import type { LeafMaskTables } from "./leaf-mask-tables.ts";
import { writeImage } from "./write-image.ts";

/** Nodes that a tree may have before merging: keeps hostile files from taking long. */
const NODES_MAX = 65_536;
const NARROW_LEAVES = 32;
/** Rows that scorers take: those of the feature sets. */
export const FEATURE_COUNTS: readonly number[] = FEATURE_SETS.map(({ columns }) => columns.length);

function boxesOf(ensemble: TreeEnsemble, tree: number): TreeBoxes {
  const nodes = treeNodes(ensemble, ensemble.roots[tree] as number, NODES_MAX);
  const boxes = nodes.length > NODES_MAX ? null : treeBoxes(ensemble, nodes, NARROW_LEAVES);
  if (boxes === null || boxes.boxes.length > MODEL_LIMITS.leavesMax)
    throw new SmcqError(
      ModelErrorCode.Leaves,
      `tree ${tree} has ${boxes?.boxes.length ?? "far too many"} leaves, leaf-mask takes ${MODEL_LIMITS.leavesMax}: train with fewer num_leaves or score with --scorer ort`,
    );
  return boxes;
}

/**
 * Compiles an ensemble of as many features as a feature set has for the leaf-mask scorer. Refuses other widths (MODEL_FEATURES),
 * trees of more than 64 leaves (MODEL_LEAVES) and tables of more than 64 MB (MODEL_TABLES).
 */
export function compileLeafMask(ensemble: TreeEnsemble): LeafMaskTables {
  if (!FEATURE_COUNTS.includes(ensemble.featureCount))
    throw new SmcqError(
      ModelErrorCode.Features,
      `the model takes ${ensemble.featureCount} features, every scorer takes ${FEATURE_COUNTS.join(" or ")}`,
    );
  const trees = Array.from(ensemble.roots, (_, tree) => boxesOf(ensemble, tree));
  const leavesMax = Math.max(...trees.map(({ boxes }) => boxes.length));
  const words = leavesMax > NARROW_LEAVES ? 2 : 1;
  return {
    image: writeImage(trees, words, ensemble.isAveraged ? trees.length : 1),
    featureCount: ensemble.featureCount,
    trees: trees.length,
    leavesMax,
    words,
  };
}
