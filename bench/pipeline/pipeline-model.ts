import { FEATURE_COUNT } from "@smcq/kernel";
import {
  compileLeafMask,
  createModelMemory,
  predictConfidence,
  rawMargins,
  type SharedModels,
  toTreeEnsemble,
  writeOnnx,
} from "@smcq/scoring";
import { trainedModel } from "../model/sample-models.ts";

/** Name and epoch of the model that every contender of the pipeline scores with: 500 trees of 31 leaves. */
export const MODEL_ID = "500x31";
export const MODEL_EPOCH = 1;
/** LightGBM's own link of a binary objective. */
const CALIBRATION = { a: 1, b: 0 };

/** The model as the product's threads share it. */
export function sharedModels(lanes: number): SharedModels {
  const memory = createModelMemory({ lanes });
  const tables = compileLeafMask(toTreeEnsemble(trainedModel()));
  memory.install({ epoch: MODEL_EPOCH, id: MODEL_ID, calibration: CALIBRATION, tables });
  return memory.shared();
}

/** The model as ONNX Runtime takes it. */
export function modelOnnx(): Uint8Array {
  return writeOnnx(toTreeEnsemble(trainedModel()), {});
}

/** The probability that a margin stands for. */
export function confidenceOf(margin: number): number {
  return predictConfidence(margin, CALIBRATION);
}

/** Scores rows by plain traversal of the trees: what everybody's scores are held against. */
export class PlainScorer {
  readonly #model = trainedModel();

  score(features: Float32Array, count: number, scores: Float64Array): void {
    const margins = rawMargins(this.#model, features.subarray(0, count * FEATURE_COUNT), count);
    for (let row = 0; row < count; row++) scores[row] = confidenceOf(margins[row] as number);
  }
}
