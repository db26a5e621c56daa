import type { TreeEnsemble } from "./tree-ensemble.ts";

export interface OnnxModel {
  readonly ensemble: TreeEnsemble;
  readonly metadata: Readonly<Record<string, string>>;
}

export function readOnnx(bytes: Uint8Array): OnnxModel {
  throw new Error(`not built yet: ${bytes.length}`);
}
