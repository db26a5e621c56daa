import { join } from "node:path";
import { Inbox } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import { M1_SCALP, withEntry } from "@smcq/features";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { type ModelCard, openModel } from "@smcq/scoring";
import { expect, it } from "vitest";
import type { ModelView } from "../src/control/model-views.ts";
import { modelView } from "../src/run/control/make-model-view.ts";
import { LivingModels } from "../src/run/models/run-models.ts";
import { runCommand } from "./support/run-command.ts";
import { lifecycleModel, loadScoring, type Scoring } from "../src/run/models/load-models.ts";
import { MODELS_DIR } from "../src/run/models/model-source.ts";

const clock = new SystemClock();

function load(
  model: string,
  challenger: string | null,
  kind: "market" | "limit" = "market",
): Promise<Scoring> {
  const scan = {
    model,
    challenger,
    scorer: "leaf-mask",
    modelPublicKey: null,
    shadowBars: 1,
    modelPollMs: 0,
  };
  const plan = withEntry(M1_SCALP, { kind, offsetAtr: 0.1, expiryBars: 5 });
  const config = { shards: 2, dataDir: MODELS_DIR, scan } as EngineConfig;
  return loadScoring(config, {
    plan,
    policy: "shipped-model",
    venueClock: clock,
    wallClock: clock,
    logger: silentLogger,
  });
}

async function refusal(
  model: string,
  challenger: string | null,
  kind: "market" | "limit" = "market",
): Promise<string> {
  return await load(model, challenger, kind).then(
    () => "none",
    (error: unknown) => (error as Error).message,
  );
}

it("names the file that is refused, be it the model or its challenger, and what else there is", async () => {
  const gone = join(MODELS_DIR, "gone.onnx");
  expect(await refusal(gone, null)).toMatch(/\(model .*gone\.onnx; --model heuristic scores/);
  expect(await refusal(join(MODELS_DIR, "lgbm_smc.onnx"), gone)).toMatch(/\(challenger .*gone\.onnx\)$/);
});

it("refuses a model for entries at the market where the engine's rest, and names both plans", async () => {
  const said = await refusal(join(MODELS_DIR, "lgbm_smc.onnx"), null, "limit");
  expect(said).toContain("trade plan m1-scalp, version 1, entries at the market");
  expect(said).toContain("trade plan m1-scalp, version 2, limit entries 0.1 ATR away for 5 bars");
});

it("judges no Brier score of a model that abstains by the card's, which is of all rows", () => {
  const file = join(MODELS_DIR, "lgbm_smc.onnx");
  const { card } = openModel({ file, nowMs: 0, refuseExpired: false, isAnySchema: false });
  const { metadata } = card;
  const loaded = { id: metadata.modelId, epoch: 1, kind: "leaf-mask", sha256: card.onnxSha256 } as const;
  const rest = { file, isExpired: false, tableBytes: 0, buildMs: 0, onnx: null };
  expect(lifecycleModel({ ...loaded, ...rest, card }).training.metrics).toBe(metadata.metrics);
  const calibration = { ...metadata.calibration, target: { kind: "net-r", abstainR: 0 } as const };
  const netR = { ...card, metadata: { ...metadata, calibration } };
  expect(lifecycleModel({ ...loaded, ...rest, card: netR }).training.metrics).toBeNull();
});

it("closes when what was being loaded stands or is refused", async () => {
  const scoring = await load(join(MODELS_DIR, "lgbm_smc.onnx"), null);
  const outcome: string[] = [];
  void scoring.models?.loadVersion(2).then(
    ({ epoch }) => outcome.push(`loaded ${epoch}`),
    (error: unknown) => outcome.push(String(error)),
  );
  await scoring.close();
  expect(outcome).toEqual(["loaded 2"]);
});

it("shows a running model and its challenger as `model show` prints them, and that nothing is known yet", async () => {
  const file = join(MODELS_DIR, "lgbm_smc.onnx");
  const scoring = await load(file, file);
  if (scoring.models === null) throw new Error("no model is loaded");
  const models = new LivingModels(scoring.models, {
    memory: { setModels() {}, isModelUsed: () => false },
    recentBars: { look: () => "gone", generation: 0, count: 0, copyLast: () => false },
    entries: { plan: M1_SCALP, tickSizeOf: () => null },
    inbox: new Inbox(),
    sizeFactorBefore: () => 1,
    keep() {},
    shadowBars: 1,
    pollMs: 0,
    venueClock: clock,
    wallClock: clock,
    logger: silentLogger,
  });
  const view = JSON.parse(JSON.stringify(modelView(models, 7))) as ModelView;
  const shown = JSON.parse((await runCommand("model", "show", file, "--json")).text) as ModelCard;
  for (const card of [view.current, view.challenger]) {
    expect(shown).toMatchObject({ onnxSha256: card?.onnxSha256, metadata: card?.metadata });
    expect(card).toMatchObject({
      hasTrainingBins: shown.metadata.psi !== null,
      isSigned: shown.signature !== null,
    });
    expect(card?.inputFiles).toBe(shown.metadata.inputs.length);
  }
  expect([view.scorer, view.newcomer, view.health?.rows, view.health?.brier]).toEqual([
    shown.metadata.modelId,
    null,
    0,
    null,
  ]);
  expect(view.outcomes.every(({ count }) => count === 0)).toBe(true);
  await models.close();
  await scoring.close();
});
