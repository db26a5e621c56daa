import { errorMessage, SmcqError } from "@smcq/kernel";
import type { Clock } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import type { GoldenRows } from "../golden/golden-file.ts";
import { ortMargins } from "../ort/ort-oracle.ts";
import { checkMargins } from "./try-model.ts";

/**
 * Scores the golden rows of a file that `openModel` has passed by ONNX Runtime, in a throw-away process. Refuses
 * (MODEL_ORACLE) a margin that differs in a bit and a file that ONNX Runtime does not take.
 */
export async function tryOracle(onnx: Uint8Array, golden: GoldenRows, clock: Clock): Promise<void> {
  let margins: Float64Array;
  try {
    margins = await ortMargins(onnx, golden, clock);
  } catch (error) {
    throw new SmcqError(
      ModelErrorCode.Oracle,
      `ONNX Runtime does not take the model: ${errorMessage(error)}`,
      {
        cause: error,
      },
    );
  }
  checkMargins(golden, margins, { code: ModelErrorCode.Oracle, engine: "ONNX Runtime" });
}
