import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES } from "@smcq/features";
import type { PsiReference } from "@smcq/model-life";
import { type CalendarFacts, importModel, type ModelCard, sha256Hex } from "@smcq/scoring";

/**
 * A model file in a folder, with the shipped one's report, trained on these days; null: it has no report. `psi`: other
 * bins of its training rows.
 */
export function modelOf(
  folder: string,
  trainedDays: CalendarFacts["trainedDays"] | null,
  psi?: (own: PsiReference) => PsiReference,
): string {
  const root = join(import.meta.dirname, "../../../..");
  const { metadata } = JSON.parse(readFileSync(join(root, "models/lgbm_smc.card.json"), "utf8")) as ModelCard;
  const names = FEATURES.map(({ name }) => name).join(" ");
  const fixture = join(root, "packages/scoring/test/fixtures/plain.model.txt.gz");
  const text = gunzipSync(readFileSync(fixture))
    .toString()
    .replace(/feature_names=.*/, `feature_names=${names}`);
  writeFileSync(join(folder, "model.txt"), text);
  const report = {
    ...metadata,
    psi: metadata.psi === null || psi === undefined ? metadata.psi : psi(metadata.psi),
    reportVersion: 1,
    modelTextSha256: sha256Hex(new TextEncoder().encode(text)),
    dataset: {
      files: metadata.inputs,
      candidates: 1,
      labelled: 1,
      stopTooWide: 0,
      symbols: 1,
      featureSchemaSha256: metadata.featureSchemaSha256,
      baseRate: 0.34,
    },
    ranges: { train: metadata.trainRange, valid: metadata.validRange },
    outOfSample: metadata.metrics,
    trials: 1,
    calendar: {
      trainedDays,
      folds: [{ trainedDays, testedDays: [{ fromDay: 1, toDay: 2 }] }],
      holdOut: null,
      daily: { days: [], sums: [], counts: [] },
    },
  };
  if (trainedDays !== null) writeFileSync(join(folder, "training.json"), JSON.stringify(report));
  const out = join(folder, "model.onnx");
  importModel({ text: join(folder, "model.txt"), out, nowMs: Date.UTC(2026, 10, 1) });
  return out;
}
