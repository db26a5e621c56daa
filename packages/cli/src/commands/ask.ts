import { ledgerFile, RecordReader } from "@smcq/ledger";
import type { Argv, CommandModule } from "yargs";
import { ExitCode } from "../exit-codes.ts";
import { type Answer, formatOf, rendered } from "../offline/ledger/answer/answer.ts";
import { LIMIT_DEFAULT, questionOf, runOf } from "../offline/ledger/answer/question.ts";
import { TIME_FORM } from "../offline/ledger/answer/utc-time.ts";
import { askPnl, type Grouping, GROUPINGS } from "../offline/ledger/ask-pnl.ts";
import { askTrades } from "../offline/ledger/ask-trades.ts";
import { EXIT_REASONS } from "../offline/report/meanings.ts";
import { printResult } from "../output/print-result.ts";
import { loadSettings } from "./settings.ts";

type Args = Readonly<Record<string, unknown>>;

interface AskCommand {
  readonly command: string;
  readonly describe: string;
  readonly builder: (argv: Argv) => Argv;
  readonly ask: (reader: RecordReader, args: Args, file: string) => Answer;
}

const COMMANDS: readonly AskCommand[] = [
  {
    command: "trades",
    describe: "the closed trades of a ledger, newest last",
    builder: (argv) =>
      rowFlags(argv).option("reason", {
        type: "string",
        requiresArg: true,
        describe: "only trades that ended for it: stop, target, stagnation, time ...",
      }),
    ask: (reader, args) =>
      askTrades(reader, questionOf(reader, args, { flag: "reason", names: EXIT_REASONS })),
  },
  {
    command: "pnl",
    describe: "what a run earned net of everything, and whether every cent is accounted for",
    builder: (argv) =>
      runFlag(argv, true).option("by", {
        choices: GROUPINGS,
        default: "day",
        describe: "what trades are summed up by: day of the exit, hour of the entry (UTC) ...",
      }),
    ask: (reader, args) => askPnl(reader, runOf(reader, args), args["by"] as Grouping),
  },
];

/** `smcq trades`, `pnl` ...: what a ledger answers, read-only and beside a running engine. */
export function askCommands(setExitCode: (exitCode: number) => void): readonly CommandModule[] {
  return COMMANDS.map(({ command, describe, builder, ask }) => ({
    command,
    describe,
    builder: (argv: Argv) => builder(common(argv)),
    handler: async (args: Args) => {
      const format = formatOf(args);
      const { config } = loadSettings(args);
      const file = ledgerFile(config.dataDir);
      const reader = new RecordReader(file);
      try {
        const answer = ask(reader, args, file);
        await printResult(rendered(answer, format));
        setExitCode(answer.isSound ? ExitCode.Ok : ExitCode.Ledger);
      } finally {
        reader.close();
      }
    },
  }));
}

function common(argv: Argv): Argv {
  return argv
    .option("data-dir", { type: "string", requiresArg: true, describe: "the folder that the ledger is in" })
    .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
    .option("json", { type: "boolean", describe: "as JSON" })
    .option("csv", { type: "boolean", describe: "as CSV (RFC 4180)" });
}

function runFlag(argv: Argv, areAllAllowed: boolean): Argv {
  const all = areAllAllowed ? ', or "all"' : "";
  return argv.option("run", {
    type: "string",
    requiresArg: true,
    describe: `the run's id${all}; the last one with a journal unless given`,
  });
}

function rowFlags(argv: Argv): Argv {
  return runFlag(argv, true)
    .option("symbol", { type: "string", requiresArg: true, describe: "only this symbol" })
    .option("since", { type: "string", requiresArg: true, describe: `from then on; ${TIME_FORM}` })
    .option("until", { type: "string", requiresArg: true, describe: "before that; the same form" })
    .option("limit", {
      type: "number",
      requiresArg: true,
      default: LIMIT_DEFAULT,
      describe: "how many rows at most, the newest",
    });
}
