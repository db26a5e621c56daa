import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ScorerPolicy } from "../../modes/ports.ts";

/** Where the models that come with the engine stand, and where a user drops a LightGBM text. */
export const MODELS_DIR: string = fileURLToPath(new URL("../../../../../models/", import.meta.url));
const SHIPPED = "lgbm_smc.onnx";
const DROPPED = "lgbm_smc.txt";

/** What a run scores with; `isText` asks for a conversion first. */
export type ModelSource =
  | { readonly type: "heuristic"; readonly hint: string | null }
  | { readonly type: "file"; readonly file: string; readonly isText: boolean };

/**
 * Chooses what to score with (docs/decisions.md 16, 17, 21): what `scan.model` names; else what the mode scores with by
 * itself: the heuristic, or a text dropped into `modelsDir`, or the model that is shipped there. Never a silent
 * fallback: a file that is missing is the loader's to refuse.
 */
export function modelSource(
  model: string | null,
  policy: ScorerPolicy,
  modelsDir: string = MODELS_DIR,
): ModelSource {
  const dropped = join(modelsDir, DROPPED);
  if (model === "heuristic") return { type: "heuristic", hint: null };
  if (model !== null) return fileSource(model);
  if (policy === "shipped-model") return fileSource(existsSync(dropped) ? dropped : join(modelsDir, SHIPPED));
  const hint = existsSync(dropped) ? `${dropped} stands there: mode sim uses it only with --model` : null;
  return { type: "heuristic", hint };
}

function fileSource(file: string): ModelSource {
  return { type: "file", file, isText: file.endsWith(".txt") };
}
