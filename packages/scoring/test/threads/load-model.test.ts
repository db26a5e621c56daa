import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FEATURE_COUNT, SystemClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { predictConfidence } from "../../src/calibration.ts";
import { decodeGolden } from "../../src/golden/golden-file.ts";
import { openModel } from "../../src/gate/open-model.ts";
import { tryOracle } from "../../src/gate/try-oracle.ts";
import { importModel } from "../../src/import/import-model.ts";
import { loadModel } from "../../src/load-model.ts";
import type { LoadedModel, LoadModelOptions } from "../../src/load-model.ts";
import { createModelMemory } from "../../src/model-memory.ts";
import { attachModels } from "../../src/scorer.ts";
import { FEATURES_V2 } from "@smcq/features";
import { codeOf, lightGbmText, NOW_MS, temporaryFolder, trainingReport } from "../model-support.ts";

const clock = new SystemClock();
const text = lightGbmText();

function dropText(content: string = text): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "m.txt"), content);
  return folder;
}

function imported(): string {
  const folder = dropText();
  writeFileSync(join(folder, "training.json"), trainingReport(text));
  importModel({ text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS });
  return folder;
}

function load(
  folder: string,
  change: Partial<LoadModelOptions> & Pick<LoadModelOptions, "memory">,
): Promise<LoadedModel> {
  return loadModel({
    file: join(folder, "m.onnx"),
    textOutDir: join(folder, "var"),
    scorer: "leaf-mask",
    epoch: 1,
    nowMs: NOW_MS,
    refuseExpired: false,
    clock,
    ...change,
  });
}

describe("loading", () => {
  it("puts a model through the gate and into the memory, where its golden rows score as they should", async () => {
    const folder = imported();
    const memory = createModelMemory({ lanes: 2 });
    const loaded = await load(folder, { memory });
    expect(loaded).toMatchObject({ epoch: 1, kind: "leaf-mask", isExpired: false, onnx: null });
    expect(loaded.tableBytes).toBeGreaterThan(0);
    const golden = decodeGolden(readFileSync(join(folder, "m.golden.bin")));
    const scores = new Float64Array(golden.count);
    const scorer = attachModels(memory.shared(), 1).scorer(1);
    expect(scorer.id).toBe(loaded.id);
    scorer.score(golden.features, golden.count, scores);
    const { calibration } = loaded.card.metadata;
    expect(scores).toEqual(golden.margins.map((margin) => predictConfidence(margin, calibration)));
  });

  it("leaves the loaded models alone when the next one is refused", async () => {
    const folder = imported();
    const memory = createModelMemory({ lanes: 1 });
    await load(folder, { memory });
    const before = new Float64Array(1);
    const row = new Float32Array(FEATURE_COUNT).fill(0.3);
    attachModels(memory.shared(), 0).scorer(1).score(row, 1, before);
    truncateSync(join(folder, "m.onnx"), 1_000);
    expect(await codeOf(() => load(folder, { memory, epoch: 2 }))).toBe("MODEL_PARSE");
    const after = new Float64Array(1);
    const book = attachModels(memory.shared(), 0);
    book.scorer(1).score(row, 1, after);
    expect(after).toEqual(before);
    expect(await codeOf(() => book.scorer(2))).toBe("MODEL_EPOCH");
  });

  it("takes a model of feature set v2, dropped as a text or made before, and refuses it for a run that makes no rows of it", async () => {
    const folder = dropText(lightGbmText({ names: FEATURES_V2.columns.map(({ name }) => name) }));
    importModel({ text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS });
    const memory = createModelMemory({ lanes: 1 });
    for (const name of ["m.onnx", "m.txt"]) {
      const file = join(folder, name);
      expect(await codeOf(() => load(folder, { memory, file, liveSets: ["v1"] }))).toBe("MODEL_FEATURE_SET");
      const loaded = await load(folder, { memory, file, liveSets: ["v1", "v2"] });
      expect(attachModels(memory.shared(), 0).scorer(loaded.epoch).width).toBe(62);
    }
  });

  it("converts a dropped text first, and says that an expired model is one or refuses it", async () => {
    const folder = dropText();
    const memory = createModelMemory({ lanes: 1 });
    const file = join(folder, "m.txt");
    const loaded = await load(folder, { memory, file });
    expect(loaded.file).toMatch(/var\/m-[0-9a-f]{12}\.onnx$/);
    expect(loaded.card.metadata.status).toBe("unproven");
    const late = { memory, file, nowMs: NOW_MS + 181 * 86_400_000 };
    expect((await load(folder, { ...late, epoch: 2 })).isExpired).toBe(true);
    expect(await codeOf(() => load(folder, { ...late, epoch: 3, refuseExpired: true }))).toBe(
      "MODEL_EXPIRED",
    );
  });

  it("is refused when ONNX Runtime does not agree to the bit, or does not take the file", async () => {
    const folder = imported();
    const { onnx, golden } = openModel({
      file: join(folder, "m.onnx"),
      nowMs: NOW_MS,
      refuseExpired: true,
      isAnySchema: false,
    });
    const margins = golden.margins.with(700, golden.margins[700]! * (1 + 2 ** -52));
    expect(await codeOf(() => tryOracle(onnx, { ...golden, margins }, clock))).toBe("MODEL_ORACLE");
    expect(await codeOf(() => tryOracle(onnx.slice(0, 900), golden, clock))).toBe("MODEL_ORACLE");
  });

  it("has codes of their own for no file, a half-written text and too many leaves, which ONNX Runtime takes", async () => {
    const memory = createModelMemory({ lanes: 1 });
    const none = temporaryFolder();
    expect(await codeOf(() => load(none, { memory }))).toBe("MODEL_FILE");
    const half = dropText(text.slice(0, 3_000));
    expect(await codeOf(() => load(half, { memory, file: join(half, "m.txt") }))).toBe(
      "MODEL_TEXT_TRUNCATED",
    );
    const wide = dropText(lightGbmText({ leaves: 120, trees: 1 }));
    const file = join(wide, "m.txt");
    expect(await codeOf(() => load(wide, { memory, file }))).toBe("MODEL_LEAVES");
    const loaded = await load(wide, { memory, file, scorer: "ort" });
    expect(loaded).toMatchObject({ kind: "ort", tableBytes: 0 });
    expect(loaded.onnx).toEqual(new Uint8Array(readFileSync(loaded.file)));
    expect(memory.entry(1).kind).toBe("ort");
  });
});
