import type { Argv, CommandModule } from "yargs";
import { ExitCode } from "../../exit-codes.ts";
import { type CheckResult, checkChain, checkReplay, checkTables } from "../../offline/ledger/check-ledger.ts";
import { type ShowProgress, withProgress } from "../../output/progress.ts";
import { jsonText, printResult } from "../../output/print-result.ts";
import { mirrorCommand } from "./mirror.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

interface Subcommand {
  readonly command: string;
  readonly describe: string;
  readonly builder: (argv: Argv) => Argv;
  readonly check: (dataDir: string, args: Args, show: ShowProgress) => CheckResult;
}

const SUBCOMMANDS: readonly Subcommand[] = [
  {
    command: "verify",
    describe: "reckon the journal's chain again and name the first row that is not as it was written",
    builder: common,
    check: (dataDir, _args, show) => checkChain(dataDir, show),
  },
  {
    command: "rebuild",
    describe: "make the tables again from the journal, and say where they differ",
    builder: (argv) =>
      common(argv).option("write", {
        type: "boolean",
        default: false,
        describe: "put what the journal makes in the place of the tables; no engine may run",
      }),
    check: (dataDir, args, show) => checkTables(dataDir, args["write"] === true, show),
  },
  {
    command: "replay",
    describe: "feed a run's events to a fresh core and name the first commands that are others",
    builder: (argv) =>
      common(argv).option("run", {
        type: "string",
        requiresArg: true,
        describe: "the run's id; the last one with a journal unless given",
      }),
    check: (dataDir, args, show) =>
      checkReplay(dataDir, typeof args["run"] === "string" ? args["run"] : null, show),
  },
];

/** `smcq ledger verify|rebuild|replay|mirror`: what the ledger's file proves, without an engine, and its copy elsewhere. */
export function ledgerCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "ledger",
    describe: "prove the journal and the tables that are made of it, or keep a copy in PostgreSQL",
    builder: (argv) => {
      for (const { command, describe, builder, check } of SUBCOMMANDS)
        argv.command({
          command,
          describe,
          builder,
          handler: async (args: Args) => {
            const { config } = loadSettings(args);
            const { isSound, data, text } = await withProgress(`smcq ledger ${command}`, (show) =>
              check(config.dataDir, args, show),
            );
            await printResult(args["json"] === true ? jsonText(data) : text);
            setExitCode(isSound ? ExitCode.Ok : ExitCode.Ledger);
          },
        });
      argv.command(mirrorCommand(common, setExitCode));
      return argv.demandCommand(1, "one of verify, rebuild, replay or mirror is needed");
    },
    handler: () => {},
  };
}

function common(argv: Argv): Argv {
  return argv
    .option("data-dir", { type: "string", requiresArg: true, describe: "the folder that the ledger is in" })
    .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
    .option("json", { type: "boolean", describe: "as JSON" });
}
