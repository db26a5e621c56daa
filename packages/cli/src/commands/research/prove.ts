import { tradedPlan } from "../../plans/traded-plan.ts";
import { SmcqError, SystemClock } from "@smcq/kernel";
import { FEATURES_V1, type Scorer } from "@smcq/features";
import type { CommandModule } from "yargs";
import { ExitCode } from "../../exit-codes.ts";
import { backtestScorer, type ScorerChoice } from "../../offline/backtest/backtest-scorer.ts";
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
        .option("plan", {
          ...TEXT,
          describe: "the trade plan: a name of plans/ or a .json file; without it strategy.plan",
        })
        .option("instruments", {
          ...TEXT,
          describe:
            "ticks for plans whose entry rests, as for smcq backtest; without it the bundled exchangeInfo",
        })
        .option("config", { ...TEXT, describe: "JSON file with settings" })
        .option("set", {
          ...TEXT,
          array: true,
          describe: "a setting by its path, e.g. --set strategy.entry.kind=limit",
        })
        .option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      const seed = args["seed"] as number;
      if (!(Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX))
        throw new SmcqError("USAGE_PROVE", `--seed ${seed}: must be a whole number, 0 to ${SEED_MAX}`);
      const { config } = loadSettings({
        config: args["config"],
        set: args["set"],
        "data-dir": args["data-dir"],
      });
      const named = args["plan"] as string | undefined;
      const { strategy } = config;
      const plan = tradedPlan(named === undefined ? strategy : { ...strategy, plan: named });
      const nowMs = new SystemClock().nowMs();
      const proved = await runProve({
        scorer: scorerOf({ model: String(args["model"]), nowMs, plan }),
        plan,
        instruments: (args["instruments"] as string | undefined) ?? null,
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

function scorerOf(choice: ScorerChoice): Scorer {
  const { scorer, set } = backtestScorer(choice);
  if (set === FEATURES_V1) return scorer;
  // A series is proved alone, and a row of v2 is one among all symbols.
  throw new SmcqError(
    "USAGE_PROVE",
    `--model ${choice.model}: takes features ${set.name}, and symbols are proved one by one: give a model of ${FEATURES_V1.name}`,
  );
}
