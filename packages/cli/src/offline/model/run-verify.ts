import type { TradePlanParameters } from "@smcq/features";
import { errorCode, SystemClock } from "@smcq/kernel";
import { openModel, tryLeafMask, tryOracle } from "@smcq/scoring";
import type { ModelKind } from "@smcq/scoring";
import { jsonText, printResult } from "../../output/print-result.ts";

export interface VerifyOptions {
  readonly file: string;
  /** With `ort` the model need not fit leaf-mask. */
  readonly scorer: ModelKind;
  readonly isAnySchema: boolean;
  readonly plan: TradePlanParameters;
  readonly publicKeyPem: string | undefined;
  readonly isJson: boolean;
}

/**
 * Puts a model through the whole gate, ONNX Runtime included, and prints each check with its figures. Throws the first
 * refusal, after a line with its code.
 */
export async function runVerify(options: VerifyOptions): Promise<void> {
  const clock = new SystemClock();
  const checks: { readonly name: string; readonly figures: string }[] = [];
  let [modelId, refused]: [string | null, string | null] = [null, null];
  const onCheck = (name: string, figures: string): void => {
    checks.push({ name, figures });
  };
  try {
    const opened = openModel({ ...options, nowMs: clock.nowMs(), refuseExpired: true, onCheck });
    if (options.scorer === "leaf-mask") tryLeafMask(opened, onCheck);
    await tryOracle(opened.onnx, opened.golden, clock);
    onCheck("golden rows, ort", `${opened.golden.count} margins equal to the bit`);
    modelId = opened.card.metadata.modelId;
  } catch (error) {
    refused = errorCode(error);
    throw error;
  } finally {
    const lines = checks.map(({ name, figures }) => `ok       ${name.padEnd(24)} ${figures}\n`);
    const end = refused === null ? `${modelId} passes\n` : `REFUSED  ${refused}\n`;
    const data = { file: options.file, isPassed: refused === null, modelId, refused, checks };
    await printResult(options.isJson ? jsonText(data) : lines.join("") + end);
  }
}
