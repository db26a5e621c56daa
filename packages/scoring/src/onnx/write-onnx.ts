import type { TreeEnsemble } from "./tree-ensemble.ts";

export function writeOnnx(ensemble: TreeEnsemble, metadata: Readonly<Record<string, string>>): Uint8Array {
  throw new Error(`not built yet: ${ensemble.featureCount} ${Object.keys(metadata).length}`);
}
