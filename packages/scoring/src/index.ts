export { predictConfidence } from "./calibration.ts";
export type { Calibration } from "./calibration.ts";
export { parseCard } from "./card/card.ts";
export type { ModelCard } from "./card/card.ts";
export { GUARD_DAYS } from "./card/calendar.ts";
export type { CalendarFacts, Proof } from "./card/calendar.ts";
export { sha256Hex } from "./card/metadata.ts";
export type { CalibrationFacts, ModelMetadata, ModelStatus, TierFacts } from "./card/metadata.ts";
export type { ScoreFigures, TrainingReport } from "./card/training-report.ts";
export { provenWins } from "./card/win-counts.ts";
export type { ProvenWins } from "./card/win-counts.ts";
export { utcMs, utcText } from "./card/utc.ts";
export { ModelErrorCode } from "./errors.ts";
export { openModel } from "./gate/open-model.ts";
export type { OnCheck, OpenedModel, OpenOptions } from "./gate/open-model.ts";
export { checkMargins, tryLeafMask } from "./gate/try-model.ts";
export { tryOracle } from "./gate/try-oracle.ts";
export type { GoldenRows } from "./golden/golden-file.ts";
export { EXPIRES_DAYS } from "./import/build-model.ts";
export { importDropped, importModel, importTried, reportBeside } from "./import/import-model.ts";
export type { ImportedModel, ImportOptions } from "./import/import-model.ts";
export type { Judge, TrainingTrial, TriedBesides } from "./import/judge-training.ts";
export { modelPaths } from "./import/model-files.ts";
export type { ModelPaths } from "./import/model-files.ts";
export { compileLeafMask } from "./leaf-mask/compile-leaf-mask.ts";
export type { LeafMaskTables } from "./leaf-mask/leaf-mask-tables.ts";
export { ZERO_BAND } from "./lightgbm/lightgbm-model.ts";
export type { LightGbmModel, LightGbmTree } from "./lightgbm/lightgbm-model.ts";
export { parseLightGbm } from "./lightgbm/parse-lightgbm.ts";
export { rawMargins } from "./lightgbm/raw-margins.ts";
export { toTreeEnsemble } from "./lightgbm/to-tree-ensemble.ts";
export { MODEL_LIMITS } from "./limits.ts";
export { loadModel } from "./load-model.ts";
export type { LoadedModel, LoadModelOptions } from "./load-model.ts";
export type { MarginScorer } from "./margin-scorer.ts";
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
export { OrtHost } from "./ort/ort-host.ts";
export type { OrtHostOptions } from "./ort/ort-host.ts";
export { ortMargins } from "./ort/ort-oracle.ts";
export { OrtProcess } from "./ort/ort-process.ts";
export { attachModels, SharedScorerRegistry } from "./scorer.ts";
