import { tradedPlan } from "../../plans/traded-plan.ts";
import { SmcqError, SystemClock } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { ExitCode } from "../../exit-codes.ts";
import { backtestScorer } from "../../offline/backtest/backtest-scorer.ts";
import { BARS_FLAGS, barsOf } from "./bars-flags.ts";
import { isProved, proveText, runProve } from "../../offline/prove/run-prove.ts";
import { printResult } from "../../output/print-result.ts";
import { loadSettings } from "../settings.ts";

const TEXT = { type: "string", requiresArg: true } as const;
const SEED_MAX = 4_294_967_295;

/** `smcq prove`: does the engine look at nothing that comes, and find nothing in nothing, on these bars? */
export function proveCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "prove",
    describe:
      "prove on stored bars that nothing looks ahead: cuts, other futures, random walks, random sides",
    builder: (argv) =>
      argv
        .options(BARS_FLAGS)
        .option("data-dir", { ...TEXT, describe: "the data folder, whose store it is" })
        .option("model", { ...TEXT, default: "heuristic", describe: "a model file (.onnx) that scores" })
        .option("seed", { type: "number", requiresArg: true, default: 1, describe: "of cuts and coins" })
        .option("config", { ...TEXT, describe: "JSON file with settings" })
        .option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      const seed = args["seed"] as number;
      if (!(Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX))
        throw new SmcqError("USAGE_PROVE", `--seed ${seed}: must be a whole number, 0 to ${SEED_MAX}`);
      const { config } = loadSettings({ config: args["config"], "data-dir": args["data-dir"] });
      const plan = tradedPlan(config.strategy);
      const nowMs = new SystemClock().nowMs();
      const proved = await runProve({
        scorer: backtestScorer({ model: String(args["model"]), nowMs, plan }).scorer,
        sources: await barsOf(args, {
          dataDir: config.dataDir,
          range: { fromMs: null, toMs: null },
          code: "USAGE_PROVE",
        }),
        seed,
      });
      await printResult(args["json"] === true ? `${JSON.stringify(proved, null, 2)}\n` : proveText(proved));
      setExitCode(isProved(proved) ? ExitCode.Ok : ExitCode.LookAhead);
    },
  };
}
