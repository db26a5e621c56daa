import type { CommandModule } from "yargs";
import { createLogger } from "../output/logger.ts";
import { requireGates } from "../modes/gates/closed-gates.ts";
import { targetOfConfig } from "../mirror/run-mirror.ts";
import { supervise } from "../process/supervise.ts";
import { loadSettings, withSettingFlags } from "./settings.ts";

/** `smcq engine`: the whole engine, in mode sim with its own simulated venue. */
export function engineCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "engine",
    describe:
      "watch the market, find setups, score them, trade them: simulated (sim, paper), demo account, or live",
    builder: (argv) =>
      withSettingFlags(argv)
        .example("$0 engine --shards 8", "the simulated venue, 30 times as fast as life")
        .example(
          "$0 engine --mode paper --for 1h",
          "the real market's data and the model in models/, a simulated account",
        ),
    handler: async (args) => {
      const loaded = loadSettings(args);
      // An address of the mirror that is none stops the start, not the run.
      targetOfConfig(loaded.config.ledger);
      requireGates({ loaded, env: process.env });
      const logger = createLogger(loaded.config.log, { component: "supervisor" });
      setExitCode(await supervise(loaded, logger));
    },
  };
}
