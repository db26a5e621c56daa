import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import type { GoldenRows } from "../golden/golden-file.ts";
import { compileLeafMask } from "../leaf-mask/compile-leaf-mask.ts";
import type { LeafMaskTables } from "../leaf-mask/leaf-mask-tables.ts";
import { createModelMemory } from "../model-memory.ts";
import { attachModels } from "../scorer.ts";
import type { OnCheck, OpenedModel } from "./open-model.ts";

/** Any epoch does in a memory of one's own. */
const EPOCH = 1;

/**
 * Compiles an opened model for leaf-mask and scores its golden rows with it, in a memory of its own. Refuses
 * (MODEL_LEAVES, MODEL_TABLES) what leaf-mask does not take and (MODEL_GOLDEN) a margin that differs in a bit.
 */
export function tryLeafMask(
  { ensemble, golden, card }: OpenedModel,
  onCheck: OnCheck = (): void => {},
): LeafMaskTables {
  const tables = compileLeafMask(ensemble);
  onCheck("tables", `${tables.image.length} bytes, at most ${tables.leavesMax} leaves a tree`);
  const memory = createModelMemory({ lanes: 1 });
  const { calibration, modelId } = card.metadata;
  memory.install({ epoch: EPOCH, id: modelId, calibration, tables });
  const margins = new Float64Array(golden.count);
  attachModels(memory.shared(), 0).model(EPOCH).margins(golden.features, golden.count, margins);
  checkMargins(golden, margins, { code: ModelErrorCode.Golden, engine: "leaf-mask" });
  onCheck("golden rows, leaf-mask", `${golden.count} margins equal to the bit`);
  return tables;
}

/** Refuses margins of golden rows that differ in a bit from those that the training library gave. */
export function checkMargins(
  golden: GoldenRows,
  margins: Float64Array,
  by: { readonly code: string; readonly engine: string },
): void {
  let first = -1;
  let differing = 0;
  for (let row = 0; row < golden.count; row++) {
    if (Object.is(margins[row], golden.margins[row])) continue;
    differing++;
    if (first < 0) first = row;
  }
  if (first < 0) return;
  throw new SmcqError(
    by.code,
    `${by.engine} gives ${margins[first]} for golden row ${first}, ${golden.margins[first]} is right; ${differing} of ${golden.count} rows differ`,
    { context: { row: first, differing, rows: golden.count } },
  );
}
