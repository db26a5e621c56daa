import { join } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { expect, it } from "vitest";
import { loadScoring, type Scoring } from "../src/run/models/load-models.ts";
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
  const strategy = { entry: { kind, offsetAtr: 0.1, expiryBars: 5 } };
  const config = { shards: 2, dataDir: MODELS_DIR, scan, strategy } as EngineConfig;
  return loadScoring(config, {
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
  expect(said).toContain("trade plan version 1, entries at the market");
  expect(said).toContain("trade plan version 2, limit entries 0.1 ATR away for 5 bars");
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
