import type { Options } from "yargs";
import type { HoldOutChoice } from "../../offline/walkforward/hold-out-gate.ts";
import { standardError } from "../../output/outlet.ts";

export const HOLD_OUT_FLAG: Options = {
  type: "string",
  requiresArg: true,
  describe: "open this hold-out and take its days too; the opening is counted (smcq holdout list)",
};

/** What the flag says; an opening is said on standard error. */
export function holdOutChoice(
  args: Readonly<Record<string, unknown>>,
  dataDir: string,
  nowMs: number,
): HoldOutChoice {
  return {
    dataDir,
    holdOut: (args["holdOut"] as string | undefined) ?? null,
    nowMs,
    say: (line) => standardError().write(`${line}\n`),
  };
}
