import type { TreeEnsemble } from "../onnx/tree-ensemble.ts";
import type { LightGbmModel } from "./lightgbm-model.ts";

export function toTreeEnsemble(model: LightGbmModel): TreeEnsemble {
  throw new Error(`not built yet: ${model.objective}`);
}
