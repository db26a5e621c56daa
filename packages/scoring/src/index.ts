export { predictConfidence } from "./calibration.ts";
export type { Calibration } from "./calibration.ts";
export { compileLeafMask } from "./leaf-mask/compile-leaf-mask.ts";
export type { LeafMaskTables } from "./leaf-mask/leaf-mask-tables.ts";
export { ZERO_BAND } from "./lightgbm/lightgbm-model.ts";
export type { LightGbmModel, LightGbmTree } from "./lightgbm/lightgbm-model.ts";
export { parseLightGbm } from "./lightgbm/parse-lightgbm.ts";
export { rawMargins } from "./lightgbm/raw-margins.ts";
export { toTreeEnsemble } from "./lightgbm/to-tree-ensemble.ts";
export { MODEL_LIMITS } from "./limits.ts";
export {
  createModelMemory,
  LANE_CONTROL_WORDS,
  LANE_ROWS_MAX,
  MODEL_SLOTS,
  ModelMemory,
  openModelMemory,
} from "./model-memory.ts";
export type { InstallOptions, Lane, ModelEntry, ModelKind, SharedModels } from "./model-memory.ts";
export { readOnnx } from "./onnx/read-onnx.ts";
export type { OnnxModel } from "./onnx/read-onnx.ts";
export { traverse } from "./onnx/traverse.ts";
export type { TreeEnsemble } from "./onnx/tree-ensemble.ts";
export { writeOnnx } from "./onnx/write-onnx.ts";
export { attachModels, ModelBook } from "./scorer.ts";
export type { MarginScorer } from "./scorer.ts";
