import { FEATURES } from "@smcq/features";
import { DRIFT_LIMITS } from "@smcq/model-life";
import type { CardView, ModelView } from "../../control/model-views.ts";
import type { RunModel } from "../models/load-models.ts";
import type { RunModels } from "../models/run-models.ts";

/** The models of a run, for whoever asks. */
export function modelView(models: Pick<RunModels, "look" | "report">, nowMs: number): ModelView {
  const look = models.look();
  const { model, modelStatus, sizeFactor, isModelExpired, health, shadowBarsLeft } = models.report();
  return {
    nowMs,
    scorer: model,
    status: modelStatus,
    sizeFactor,
    isExpired: isModelExpired,
    current: cardView(look?.current ?? null),
    challenger: cardView(look?.challenger ?? null),
    newcomer: cardView(look?.newcomer ?? null),
    shadowBarsLeft,
    health,
    judgedRowsMin: DRIFT_LIMITS.judgedRowsMin,
    featureNames: FEATURES.map(({ name }) => name),
    outcomes: look?.outcomes ?? [],
  };
}

function cardView(model: RunModel | null): CardView | null {
  if (model === null) return null;
  const { onnxSha256, onnxBytes, goldenSha256, signature, metadata: whole } = model.card;
  const { psi, inputs, trainer, labelSpec: _plan, ...metadata } = whole;
  return {
    kind: model.kind,
    onnxSha256,
    onnxBytes,
    goldenSha256,
    isSigned: signature !== null,
    hasTrainingBins: psi !== null,
    inputFiles: inputs.length,
    trainer: trainer === null ? null : { name: trainer.name, version: trainer.version, seed: trainer.seed },
    metadata,
  };
}
