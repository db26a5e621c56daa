import { FEATURES } from "@smcq/features";
import { Rng } from "@smcq/kernel";

const ENGINE_NAMES: readonly string[] = FEATURES.map(({ name }) => name);

export interface TextOptions {
  readonly trees?: number;
  readonly leaves?: number;
  readonly names?: readonly string[];
  readonly seed?: number;
  readonly objective?: string;
}

/** A LightGBM text of random trees: every split sends its share of a leaf's rows left. */
export function lightGbmText({
  trees = 6,
  leaves = 15,
  names = ENGINE_NAMES,
  seed = 3,
  objective = "binary sigmoid:1",
}: TextOptions = {}): string {
  const rng = new Rng(seed);
  const blocks = Array.from({ length: trees }, (_, index) => treeText(rng, index, leaves, names.length));
  const header = [
    "tree",
    "version=v4",
    "num_class=1",
    "num_tree_per_iteration=1",
    "label_index=0",
    `max_feature_idx=${names.length - 1}`,
    `objective=${objective}`,
    `feature_names=${names.join(" ")}`,
    `feature_infos=${names.map(() => "[-1:1]").join(" ")}`,
    `tree_sizes=${blocks.map((block) => block.length).join(" ")}`,
  ];
  return `${header.join("\n")}\n\n${blocks.join("")}end of trees\n\nfeature_importances:\n\nparameters:\n[boosting: gbdt]\nend of parameters\n\npandas_categorical:null\n`;
}

function treeText(rng: Rng, index: number, leaves: number, featureCount: number): string {
  // Leaf `at` is split into itself and a new leaf, as LightGBM numbers them.
  const left: number[] = [];
  const right: number[] = [];
  const parents: { node: number; side: number[] }[] = [];
  for (let node = 0; node < leaves - 1; node++) {
    const leaf = node === 0 ? 0 : rng.int(node + 1);
    const parent = parents[leaf];
    if (parent !== undefined) parent.side[parent.node] = node;
    left[node] = ~leaf;
    right[node] = ~(node + 1);
    parents[leaf] = { node, side: left };
    parents[node + 1] = { node, side: right };
  }
  const nodes = left.map((_, node) => node);
  const lines = [
    `Tree=${index}`,
    `num_leaves=${leaves}`,
    "num_cat=0",
    `split_feature=${nodes.map(() => rng.int(featureCount)).join(" ")}`,
    `split_gain=${nodes.map(() => 1).join(" ")}`,
    `threshold=${nodes.map(() => (rng.int(200) - 100) / 100 + 0.001234567890123).join(" ")}`,
    `decision_type=${nodes.map(() => [2, 8, 10][rng.int(3)]).join(" ")}`,
    `left_child=${left.join(" ")}`,
    `right_child=${right.join(" ")}`,
    `leaf_value=${Array.from({ length: leaves }, () => rng.normal() * 0.1).join(" ")}`,
    `is_linear=0`,
    `shrinkage=0.1`,
  ];
  return `${lines.join("\n")}\n\n\n`;
}
