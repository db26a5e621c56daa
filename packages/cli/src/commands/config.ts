import type { CommandModule } from "yargs";
import { printResult } from "../output/print-result.ts";
import { printConfig } from "./config-command.ts";
import { loadSettings, withSettingFlags } from "./settings.ts";

/** `smcq config`: the settings in force and where each came from. */
export function configCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "config",
    describe: "print the settings in force and where each value came from",
    builder: (argv) => withSettingFlags(argv).option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      await printResult(printConfig(loadSettings(args), { isJson: args["json"] === true }));
      setExitCode(0);
    },
  };
}
