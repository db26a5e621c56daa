import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng, SmcqError } from "@smcq/kernel";
import { FEATURE_COUNT, FEATURES } from "@smcq/features";
import { onTestFinished } from "vitest";
import { engineSchemaSha256, sha256Hex } from "../src/card/metadata.ts";
import type { TrainingReport } from "../src/card/training-report.ts";

export const ENGINE_NAMES: readonly string[] = FEATURES.map(({ name }) => name);
/** 2026-06-01T00:00:00Z. */
export const NOW_MS = 1_780_272_000_000;

export interface TextOptions {
  readonly trees?: number;
  readonly leaves?: number;
  readonly names?: readonly string[];
  readonly seed?: number;
}

/** A LightGBM text of random trees: every split sends its share of a leaf's rows left. */
export function lightGbmText({
  trees = 6,
  leaves = 15,
  names = ENGINE_NAMES,
  seed = 3,
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
    "objective=binary sigmoid:1",
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

/** A training report that fits the text; `change` may spoil it. */
export function trainingReport(
  text: string,
  change: (report: Record<string, unknown>) => void = (): void => {},
): string {
  const range = { fromUtc: "2025-05-04T15:33:00Z", toUtc: "2025-06-24T10:31:00Z" };
  const bins = Array.from({ length: 20 }, (_, k) => ({
    lower: k / 20,
    upper: (k + 1) / 20,
    count: 100,
    wins: 40 + k,
  }));
  const expectancy = { mean: -0.1, lower95: -0.2, upper95: 0.05, rowsAbove060: 800 };
  const counts = [100, 100, 100];
  const report: TrainingReport = {
    reportVersion: 1,
    modelTextSha256: sha256Hex(text),
    trainer: { name: "lightgbm", version: "4.7.0", seed: 7, numThreads: 2, params: { num_leaves: 15 } },
    dataset: {
      files: [
        { path: "BTCUSDT-1m.csv.gz", sha256: "a".repeat(64), symbol: "BTCUSDT", bars: 73_139, ...range },
      ],
      candidates: 2_100,
      labelled: 2_000,
      stopTooWide: 100,
      symbols: 1,
      featureSchemaSha256: engineSchemaSha256(),
      baseRate: 0.41,
    },
    ranges: { train: range, valid: range },
    outOfSample: {
      source: "walk-forward",
      n: 2_000,
      baseRate: 0.41,
      auc: 0.52,
      brier: 0.24,
      logloss: 0.68,
      ece: 0.01,
      expectancyR: expectancy,
      expectancyDoubledSlippageR: expectancy,
      reliability: bins,
    },
    calibration: { type: "platt", a: 0.9, b: -0.02, n: 2_000, range, bins },
    psi: {
      edges: Array.from({ length: FEATURE_COUNT }, () => [-0.25, 0.25]),
      counts: Array.from({ length: FEATURE_COUNT }, () => counts),
      scoreEdges: [0.4, 0.5],
      scoreCounts: counts,
    },
    nullTests: { randomWalkAuc: 0.501, permutedAuc: 0.497, passed: true },
    trials: 1,
    gitCommit: "b".repeat(40),
    isDirty: false,
  };
  const plain = structuredClone(report) as unknown as Record<string, unknown>;
  change(plain);
  return JSON.stringify(plain);
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "smcq-model-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The code of the error that `run` ends in; null when it does not. */
export async function codeOf(run: () => unknown): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof SmcqError) return error.code;
    throw error;
  }
}
