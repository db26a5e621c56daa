import { silentLogger } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { examine } from "../doctor/doctor.ts";
import { findingsText } from "../doctor/finding.ts";
import { ExitCode } from "../exit-codes.ts";
import { printResult } from "../output/print-result.ts";
import { loadSettings, withSettingFlags } from "./settings.ts";

/** `smcq doctor`: is everything there that a run of these settings stands on? */
export function doctorCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "doctor",
    describe: "look at machine, ledger, model, venue, key and account before an engine starts",
    builder: (argv) =>
      withSettingFlags(argv)
        .option("test-order", {
          type: "boolean",
          default: false,
          describe: "place and cancel a far limit order and a far stop of the cheapest symbol",
        })
        .option("yes", { type: "boolean", default: false, describe: "mode live: with real money, too" })
        .option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      const loaded = loadSettings(args);
      const wish = { isTestOrder: args["test-order"] === true, isYes: args["yes"] === true };
      // The findings say it all; a log beside them would say it twice.
      const findings = await examine({ loaded, env: process.env }, wish, silentLogger);
      await printResult(
        args["json"] === true ? `${JSON.stringify(findings, null, 2)}\n` : findingsText(findings),
      );
      setExitCode(findings.some(({ verdict }) => verdict === "fail") ? ExitCode.Doctor : ExitCode.Ok);
    },
  };
}
