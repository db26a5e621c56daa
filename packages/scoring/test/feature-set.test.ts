import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FEATURES_V1, FEATURES_V2, M1_SCALP } from "@smcq/features";
import { describe, expect, it } from "vitest";
import { engineSchemaSha256 } from "../src/card/metadata.ts";
import { openModel } from "../src/gate/open-model.ts";
import { tryLeafMask } from "../src/gate/try-model.ts";
import { importModel } from "../src/import/import-model.ts";
import { parseLightGbm } from "../src/lightgbm/parse-lightgbm.ts";
import { rawMargins } from "../src/lightgbm/raw-margins.ts";
import { toTreeEnsemble } from "../src/lightgbm/to-tree-ensemble.ts";
import { codeOf, lightGbmText, NOW_MS, temporaryFolder, trainingReport } from "./model-support.ts";
import { adversarialRows, differing, leafMaskMargins, testRng } from "./tree-support.ts";

const V2_NAMES = FEATURES_V2.columns.map(({ name }) => name);

/** Imports a text of v2, with its report where one is given; returns the model's file. */
function imported(text: string, report?: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "m.txt"), text);
  if (report !== undefined) writeFileSync(join(folder, "training.json"), report);
  return importModel({ text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS }).paths.onnx;
}

function open(file: string, isLive: boolean) {
  return openModel({
    file,
    nowMs: NOW_MS,
    refuseExpired: true,
    isAnySchema: false,
    liveSets: isLive ? ["v1"] : undefined,
  });
}

/** A report whose dataset and psi are of v2. */
function v2Report(text: string, features = V2_NAMES.length): string {
  return trainingReport(text, (report) => {
    const edges = Array.from({ length: features }, () => [-0.25, 0.25]);
    const counts = edges.map(() => [100, 100, 100]);
    report["psi"] = { ...(report["psi"] as object), edges, counts };
    Object.assign(report["dataset"] as object, {
      featureSchemaSha256: engineSchemaSha256(M1_SCALP, FEATURES_V2),
    });
  });
}

describe("a model of feature set v2", () => {
  it("has margins of leaf-mask that equal LightGBM's to the bit, narrow and wide trees, in pieces", () => {
    const rng = testRng("feature set v2");
    for (const options of [
      { leaves: 31, trees: 40, seed: 5 },
      { leaves: 64, trees: 19, seed: 6 },
      { leaves: 2, trees: 1, seed: 7 },
    ]) {
      const model = parseLightGbm(lightGbmText({ ...options, names: V2_NAMES }));
      for (const isAveraged of [false, true]) {
        const own = { ...model, isAveraged };
        const rows = adversarialRows(rng, own, 431);
        const margins = leafMaskMargins(toTreeEnsemble(own), rows, 431);
        expect(differing(margins, rawMargins(own, rows, 431)), `${options.leaves} leaves`).toEqual([]);
      }
    }
  });

  it("is imported and tried, and refused with a code of its own by a run that makes no rows of it", async () => {
    const text = lightGbmText({ names: V2_NAMES });
    for (const file of [imported(text), imported(text, v2Report(text))]) {
      const opened = open(file, false);
      expect(opened.card.metadata.featureSchemaSha256).toBe(engineSchemaSha256(M1_SCALP, FEATURES_V2));
      expect(tryLeafMask(opened).featureCount).toBe(62);
      expect(await codeOf(() => open(file, true))).toBe("MODEL_FEATURE_SET");
    }
    expect(await codeOf(() => open(imported(lightGbmText()), true))).toBeNull();
  });

  it("has another schema than v1, whose own is what it always was", () => {
    expect(engineSchemaSha256(M1_SCALP, FEATURES_V1)).toBe(engineSchemaSha256());
    expect(engineSchemaSha256(M1_SCALP, FEATURES_V2)).not.toBe(engineSchemaSha256());
  });

  it("is refused where its names, its report or its width are not those of the set", async () => {
    const text = lightGbmText({ names: V2_NAMES });
    const swapped = lightGbmText({ names: [...V2_NAMES.slice(0, -2), ...V2_NAMES.slice(-2).toReversed()] });
    const short = lightGbmText({ names: V2_NAMES.slice(0, 40) });
    expect(await codeOf(() => imported(swapped))).toBe("MODEL_FEATURES");
    expect(await codeOf(() => imported(short))).toBe("MODEL_FEATURES");
    expect(await codeOf(() => imported(text, trainingReport(text)))).toBe("MODEL_REPORT");
    expect(await codeOf(() => imported(text, v2Report(text, 61)))).toBe("MODEL_REPORT");
    const v1Schema = v2Report(text).replace(engineSchemaSha256(M1_SCALP, FEATURES_V2), engineSchemaSha256());
    expect(await codeOf(() => imported(text, v1Schema))).toBe("MODEL_SCHEMA");
  });
});
