import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FEATURE_COUNT } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { predictConfidence } from "../src/calibration.ts";
import { cardText, parseCard } from "../src/card/card.ts";
import { metadataProps, parseMetadataProps } from "../src/card/metadata.ts";
import { openModel } from "../src/gate/open-model.ts";
import { tryLeafMask } from "../src/gate/try-model.ts";
import { importModel } from "../src/import/import-model.ts";
import { createModelMemory } from "../src/model-memory.ts";
import { attachModels } from "../src/scorer.ts";
import { codeOf, lightGbmText, NOW_MS, temporaryFolder, trainingReport } from "./model-support.ts";
import { testRng } from "./tree-support.ts";

/** A report of a model of net R; `target` may be spoiled. */
function netRReport(text: string, target: unknown): string {
  return trainingReport(text, (report) => {
    Object.assign(report["calibration"] as object, { target });
  });
}

function imported(text: string, report: string | null): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "m.txt"), text);
  if (report !== null) writeFileSync(join(folder, "training.json"), report);
  return importModel({ text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS }).paths.onnx;
}

const open = (file: string) =>
  openModel({ file, nowMs: NOW_MS, refuseExpired: true, isAnySchema: false, liveSets: ["v1"] });

describe("a model of net R", () => {
  it("scores P(win) where it expects more than its threshold, and 0 where it abstains, in every thread's way", () => {
    const rng = testRng("net R");
    for (const [objective, abstainR] of [
      ["regression", 0],
      ["huber", 0.15],
      ["regression", 2.5],
    ] as const) {
      const text = lightGbmText({ objective, seed: 8 });
      const opened = open(imported(text, netRReport(text, { kind: "net-r", abstainR })));
      const { calibration, modelId } = opened.card.metadata;
      expect(calibration.target).toEqual({ kind: "net-r", abstainR });
      const memory = createModelMemory({ lanes: 1 });
      memory.install({ epoch: 1, id: modelId, calibration, tables: tryLeafMask(opened) });
      const scorer = attachModels(memory.shared(), 0).model(1);
      const rows = Float32Array.from({ length: 300 * FEATURE_COUNT }, () => rng.normal());
      const [margins, scores] = [new Float64Array(300), new Float64Array(300)];
      scorer.margins(rows, 300, margins);
      scorer.score(rows, 300, scores);
      const wanted = margins.map((margin) =>
        margin > abstainR ? 1 / (1 + Math.exp(-(calibration.a * margin + calibration.b))) : 0,
      );
      expect([...scores]).toEqual([...wanted]);
      expect(scores.includes(0)).toBe(true);
    }
  });

  it("abstains at the threshold itself, and from what is no number", () => {
    const map = { a: 1, b: 0, target: { kind: "net-r", abstainR: 0.1 } } as const;
    expect([0.1, -3, -Infinity, Number.NaN].map((r) => predictConfidence(r, map))).toEqual([0, 0, 0, 0]);
    expect(predictConfidence(0.1 + 2 ** -50, map)).toBeGreaterThan(0.5);
    expect(predictConfidence(0, { a: 1, b: 0 })).toBe(0.5);
  });

  it("is refused without a report that says so, and a report that says so without such a text", async () => {
    const [binary, regression] = [lightGbmText(), lightGbmText({ objective: "huber" })];
    const target = { kind: "net-r", abstainR: 0 };
    expect(await codeOf(() => imported(regression, null))).toBe("MODEL_REPORT");
    expect(await codeOf(() => imported(regression, trainingReport(regression)))).toBe("MODEL_REPORT");
    expect(await codeOf(() => imported(binary, netRReport(binary, target)))).toBe("MODEL_REPORT");
    for (const wrong of [
      { kind: "net-r" },
      { kind: "win", abstainR: 0 },
      { kind: "net-r", abstainR: -0.1 },
      { kind: "net-r", abstainR: "0" },
      null,
      "net-r",
    ])
      expect(await codeOf(() => imported(regression, netRReport(regression, wrong)))).toBe("MODEL_REPORT");
    expect(await codeOf(() => imported(regression, netRReport(regression, target)))).toBeNull();
  });

  it("keeps its target in card and file; cards without one are read as they were", async () => {
    const text = lightGbmText({ objective: "regression" });
    const { card } = open(imported(text, netRReport(text, { kind: "net-r", abstainR: 0.05 })));
    expect(parseMetadataProps(metadataProps(card.metadata), "props")).toEqual(card.metadata);
    const old = open(imported(lightGbmText(), null)).card;
    expect(Object.keys(old.metadata.calibration)).toEqual(["type", "a", "b", "n", "range", "bins"]);
    const { metadata } = card;
    const plain = { ...metadata, calibration: { ...metadata.calibration, type: "sigmoid", b: 0 } as const };
    expect(await codeOf(() => parseCard(cardText({ ...card, metadata: plain }), "card"))).toBe("MODEL_CARD");
  });
});
