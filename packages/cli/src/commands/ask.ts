import { ledgerFile, RecordReader } from "@smcq/ledger";
import type { Argv, CommandModule } from "yargs";
import { ExitCode } from "../exit-codes.ts";
import { type Answer, formatOf, rendered } from "../offline/ledger/answer/answer.ts";
import { LIMIT_DEFAULT, questionOf, runOf, symbolOf } from "../offline/ledger/answer/question.ts";
import { parseMinute, TIME_FORM } from "../offline/ledger/answer/utc-time.ts";
import { askDecisions, askRefusals, OUTCOME_NAMES } from "../offline/ledger/ask-decisions.ts";
import { askPnl, type Grouping, GROUPINGS } from "../offline/ledger/ask-pnl.ts";
import { askRisk } from "../offline/ledger/ask-risk.ts";
import { askTrades } from "../offline/ledger/ask-trades.ts";
import { askExplain } from "../offline/ledger/explain/ask-explain.ts";
import { EXIT_REASONS } from "../offline/report/meanings.ts";
import { standardError } from "../output/outlet.ts";
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
  {
    command: "decisions",
    describe: "what became of every signal above the threshold, newest last",
    builder: (argv) =>
      rowFlags(argv)
        .option("outcome", {
          type: "string",
          requiresArg: true,
          describe: "only this outcome: APPROVED, COST_GATE, STREAK_PAUSE ...",
        })
        .option("refusals", { type: "boolean", describe: "how often which gate said no, by minute" }),
    ask: (reader, args) => {
      const question = questionOf(reader, args, { flag: "outcome", names: OUTCOME_NAMES });
      return args["refusals"] === true ? askRefusals(reader, question) : askDecisions(reader, question);
    },
  },
  {
    command: "explain <symbol> <time..>",
    describe: "why a symbol's minute went as it went: gates, size, orders, money; or what is known of it",
    builder: (argv) =>
      runFlag(argv, false)
        .positional("symbol", { type: "string", demandOption: true, describe: "such as BTCUSDT" })
        .positional("time", {
          type: "string",
          array: true,
          demandOption: true,
          describe: `the close of the bar, the minute in which it was decided on; ${TIME_FORM}`,
        }),
    ask: (reader, args) =>
      askExplain(reader, {
        symbol: symbolOf(reader, String(args["symbol"])),
        closeMs: parseMinute("TIME", (args["time"] as readonly string[]).join(" ")),
        run: typeof args["run"] === "string" ? reader.run(args["run"]) : null,
      }),
  },
  {
    command: "risk",
    describe: "what is at risk when a run's journal ends, beside its limits, and what holds entries back",
    builder: (argv) => runFlag(argv, false),
    ask: (reader, args, file) =>
      askRisk(file, reader.run(typeof args["run"] === "string" ? args["run"] : null)),
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
        const rowsBehind = reader.rowsBehind();
        if (rowsBehind > 0) standardError().write(behindText(rowsBehind));
        if (format === "csv" && typeof answer.notice === "string")
          standardError().write(`smcq: ${answer.notice}\n`);
        setExitCode(answer.isSound ? ExitCode.Ok : ExitCode.Ledger);
      } finally {
        reader.close();
      }
    },
  }));
}

function behindText(rows: number): string {
  return `smcq: the last ${rows} rows of the journal are not in the tables yet: an engine is just writing, or was ended before; the next one puts them in\n`;
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
    describe: `the run's id, or its beginning${all}; the last one with a journal unless given`,
  });
}

function rowFlags(argv: Argv): Argv {
  return runFlag(argv, true)
    .option("symbol", { type: "string", requiresArg: true, describe: "only this symbol" })
    .option("since", {
      type: "string",
      requiresArg: true,
      describe: `from then on, trades by their end; ${TIME_FORM}`,
    })
    .option("until", { type: "string", requiresArg: true, describe: "before that; the same form" })
    .option("limit", {
      type: "number",
      requiresArg: true,
      default: LIMIT_DEFAULT,
      describe: "how many rows at most, the newest",
    });
}
