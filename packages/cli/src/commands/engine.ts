import type { LoadedConfig } from "@smcq/config";
import { SmcqError } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { createLogger } from "../output/logger.ts";
import { supervise } from "../process/supervise.ts";
import { loadSettings, withSettingFlags } from "./settings.ts";

/** `smcq engine`: the whole engine, in mode sim with its own simulated venue. */
export function engineCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "engine",
    describe: "watch the market, find setups, score them",
    builder: (argv) =>
      withSettingFlags(argv)
        .example("$0 engine --shards 8", "the simulated venue, 30 times as fast as life")
        .example("$0 engine --mode paper --model heuristic --for 1h", "the real market's data, no orders"),
    handler: async (args) => {
      const loaded = loadSettings(args);
      demandModel(loaded);
      const logger = createLogger(loaded.config.log, { component: "supervisor" });
      setExitCode(await supervise(loaded, logger));
    },
  };
}

/** The heuristic is a stand-in: outside the simulation it scores only when it was asked for by name. */
function demandModel({ config, sources }: LoadedConfig): void {
  if (config.mode === "sim" || sources["scan.model"] !== "default") return;
  throw new SmcqError(
    "CONFIG_MODEL",
    `mode ${config.mode} needs a model and this version ships none: give --model heuristic to score by the hand-made rule`,
  );
}
