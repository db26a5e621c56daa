import { join } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { expect, it } from "vitest";
import { loadScoring, type Scoring } from "../src/run/models/load-models.ts";
import { MODELS_DIR } from "../src/run/models/model-source.ts";

const clock = new SystemClock();

function load(model: string, challenger: string | null): Promise<Scoring> {
  const scan = {
    model,
    challenger,
    scorer: "leaf-mask",
    modelPublicKey: null,
    shadowBars: 1,
    modelPollMs: 0,
  };
  const config = { shards: 2, dataDir: MODELS_DIR, scan } as EngineConfig;
  return loadScoring(config, {
    policy: "shipped-model",
    venueClock: clock,
    wallClock: clock,
    logger: silentLogger,
  });
}

async function refusal(model: string, challenger: string | null): Promise<string> {
  return await load(model, challenger).then(
    () => "none",
    (error: unknown) => (error as Error).message,
  );
}

it("names the file that is refused, be it the model or its challenger, and what else there is", async () => {
  const gone = join(MODELS_DIR, "gone.onnx");
  expect(await refusal(gone, null)).toMatch(/\(model .*gone\.onnx; --model heuristic scores/);
  expect(await refusal(join(MODELS_DIR, "lgbm_smc.onnx"), gone)).toMatch(/\(challenger .*gone\.onnx\)$/);
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
