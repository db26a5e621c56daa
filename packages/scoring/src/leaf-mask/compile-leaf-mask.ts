import type { TreeEnsemble } from "../onnx/tree-ensemble.ts";
import type { LeafMaskTables } from "./leaf-mask-tables.ts";

export function compileLeafMask(ensemble: TreeEnsemble): LeafMaskTables {
  throw new Error(`not built yet: ${ensemble.featureCount}`);
}
