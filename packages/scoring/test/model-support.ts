import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FEATURE_COUNT, SmcqError } from "@smcq/kernel";
import { onTestFinished } from "vitest";
import { engineSchemaSha256, sha256Hex } from "../src/card/metadata.ts";
import type { TrainingReport } from "../src/card/training-report.ts";

export { lightGbmText } from "./light-gbm-text.ts";
export type { TextOptions } from "./light-gbm-text.ts";

/** 2026-06-01T00:00:00Z. */
export const NOW_MS = 1_780_272_000_000;

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
      brierOfBaseRate: 0.2419,
      logloss: 0.68,
      ece: 0.01,
      expectancyR: expectancy,
      expectancyDoubledSlippageR: expectancy,
      expectancyOfAllRowsR: { mean: -0.3, lower95: -0.35, upper95: -0.25 },
      reliability: bins,
    },
    holdOut: null,
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
