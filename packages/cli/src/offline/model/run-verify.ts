import type { TradePlanParameters } from "@smcq/features";
import { errorCode, SystemClock } from "@smcq/kernel";
import { openModel, tryLeafMask, tryOracle } from "@smcq/scoring";
import type { ModelKind } from "@smcq/scoring";
import { printResult } from "../../output/print-result.ts";

export interface VerifyOptions {
  readonly file: string;
  /** With `ort` the model need not fit leaf-mask. */
  readonly scorer: ModelKind;
  readonly isAnySchema: boolean;
  readonly plan: TradePlanParameters;
  readonly publicKeyPem: string | undefined;
}

/**
 * Puts a model through the whole gate, ONNX Runtime included, and prints each check with its figures. Throws the first
 * refusal, after a line with its code.
 */
export async function runVerify(options: VerifyOptions): Promise<void> {
  const clock = new SystemClock();
  const lines: string[] = [];
  const onCheck = (name: string, figures: string): void => {
    lines.push(`ok       ${name.padEnd(24)} ${figures}\n`);
  };
  try {
    const opened = openModel({ ...options, nowMs: clock.nowMs(), refuseExpired: true, onCheck });
    if (options.scorer === "leaf-mask") tryLeafMask(opened, onCheck);
    await tryOracle(opened.onnx, opened.golden, clock);
    onCheck("golden rows, ort", `${opened.golden.count} margins equal to the bit`);
    lines.push(`${opened.card.metadata.modelId} passes\n`);
  } catch (error) {
    lines.push(`REFUSED  ${errorCode(error)}\n`);
    throw error;
  } finally {
    await printResult(lines.join(""));
  }
}
