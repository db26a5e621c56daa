import { SmcqError, SystemClock } from "@smcq/kernel";
import { type HoldOut, ResearchBook, researchFile } from "@smcq/ledger";
import { dayText } from "@smcq/research";
import type { Argv, CommandModule } from "yargs";
import { textTable } from "../../offline/ledger/answer/text-table.ts";
import { jsonText, printResult } from "../../output/print-result.ts";
import { loadSettings } from "../settings.ts";
import { dayOf } from "./walkforward.ts";

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;

/** `smcq holdout`: periods that nothing is judged on until everything is decided. */
export function holdOutCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "holdout",
    describe: "periods that stay closed until everything is decided",
    builder: (argv) =>
      argv
        .command(sealCommand(setExitCode))
        .command(listCommand(setExitCode))
        .demandCommand(1, "seal or list? `smcq walkforward --hold-out NAME` opens one"),
    handler: () => {},
  };
}

function sealCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "seal <name>",
    describe: "name a period that nothing was judged on: it is left out until it is opened",
    builder: (argv) =>
      withFolder(argv)
        .positional("name", { type: "string", describe: "1 to 40 of a-z, 0-9, _ and -" })
        .option("from", { ...TEXT, demandOption: true, describe: "first UTC day, e.g. 2026-02-01" })
        .option("to", { ...TEXT, demandOption: true, describe: "last UTC day" })
        .option("json", { type: "boolean", describe: "the sealed period as JSON" }),
    handler: async (args) => {
      const name = String(args["name"]);
      const [fromDay, toDay] = [dayOf(args, "from"), dayOf(args, "to")];
      if (fromDay === null || toDay === null) throw new SmcqError("USAGE_DAY", "--from and --to are needed");
      withBook(args, (book) => book.seal({ name, fromDay, toDay }, new SystemClock().nowMs()));
      const text = `${name} is sealed: ${dayText(fromDay)} to ${dayText(toDay)} is left out until \`smcq walkforward --hold-out ${name}\`\n`;
      await printResult(args["json"] === true ? jsonText({ name, fromDay, toDay }) : text);
      setExitCode(0);
    },
  };
}

function listCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "list",
    describe: "the periods, and how often each was opened",
    builder: (argv) => withFolder(argv).option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      const holdOuts = withBook(args, (book) => book.holdOuts());
      await printResult(args["json"] === true ? jsonText(holdOuts) : listText(holdOuts));
      setExitCode(0);
    },
  };
}

function withFolder<T>(argv: Argv<T>): Argv<T> {
  return argv
    .option("data-dir", { ...TEXT, describe: "the folder with research.db" })
    .option("config", { ...TEXT, describe: "JSON file with settings" });
}

function withBook<T>(args: Args, work: (book: ResearchBook) => T): T {
  const { config } = loadSettings({ config: args["config"], "data-dir": args["data-dir"] });
  const book = new ResearchBook(researchFile(config.dataDir));
  try {
    return work(book);
  } finally {
    book.close();
  }
}

function listText(holdOuts: readonly HoldOut[]): string {
  if (holdOuts.length === 0) return "no hold-out is sealed\n";
  return textTable(
    [
      { name: "hold-out" },
      { name: "from" },
      { name: "to" },
      { name: "opened", isFigure: true },
      { name: "" },
    ],
    holdOuts.map(({ name, fromDay, toDay, openings }) => [
      name,
      dayText(fromDay),
      dayText(toDay),
      String(openings),
      openings > 1 ? "no hold-out any more" : "",
    ]),
  );
}
