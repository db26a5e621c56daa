import type { Argv, CommandModule, Options } from "yargs";
import { ExitCode } from "../../exit-codes.ts";
import { runFetch } from "../../offline/history/fetch/run-fetch.ts";
import { fetchText } from "../../offline/history/fetch/fetch-history.ts";
import { importHistory } from "../../offline/history/import-history.ts";
import { listHistory, listText } from "../../offline/history/list-history.ts";
import { namedSymbols, storeOf } from "../../offline/history/store-of.ts";
import { verifyHistory, verifyText } from "../../offline/history/verify-history.ts";
import { isoText } from "../../offline/ledger/answer/utc-time.ts";
import { createProgress, errorScreen, type Progress } from "../../output/progress.ts";
import { printResult } from "../../output/print-result.ts";
import { parseMonth, SmcqError, SystemClock } from "@smcq/kernel";
import { EXPORT_COMMAND } from "./export.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;
const PARALLEL_DEFAULT = 4;
const PARALLEL_MAX = 16;

const FETCH_FLAGS: Readonly<Record<string, Options>> = {
  symbols: {
    ...TEXT,
    demandOption: true,
    describe: "all (what the venue trades now), or names parted by commas; delisted ones have to be named",
  },
  from: { ...TEXT, demandOption: true, describe: "first month, such as 2024-01" },
  to: { ...TEXT, demandOption: true, describe: "last month, included" },
  funding: { type: "boolean", default: true, describe: "funding rates too" },
  holes: {
    ...TEXT,
    choices: ["keep", "rest"],
    default: "keep",
    describe: "rest: ask the venue's REST for the minutes that the archive lacks",
  },
  parallel: {
    type: "number",
    requiresArg: true,
    default: PARALLEL_DEFAULT,
    describe: `months that are fetched at a time, 1..${PARALLEL_MAX}`,
  },
};

/** `smcq data fetch|list|verify|import|export`: years of bars and funding rates on this disk. */
export function dataCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "data",
    describe: "fetch, list, verify, import and export bars and funding rates of the past",
    builder: (argv) =>
      argv
        .command({
          command: "fetch",
          describe: "bring months of bars and funding rates from the venue's archive; goes on where it ended",
          builder: (own: Argv) => common(own).options(FETCH_FLAGS),
          handler: async (args: Args) => setExitCode(await fetchData(args)),
        })
        .command({
          command: "list",
          describe: "what is stored, a line a symbol and kind",
          builder: common,
          handler: async (args: Args) => list(args),
        })
        .command({
          command: "verify",
          describe: "read everything, check every checksum and bar, find the holes; 4 when a file is damaged",
          builder: common,
          handler: async (args: Args) => setExitCode(await verify(args)),
        })
        .command({
          command: "import",
          describe: "put files of one's own into the store: .csv, .csv.gz or .zip",
          builder: (own: Argv) =>
            common(own).options({
              klines: {
                ...TEXT,
                array: true,
                describe: "files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip",
              },
              funding: {
                ...TEXT,
                array: true,
                describe:
                  "files of funding rates: columns time,symbol,rate, or SYMBOL-fundingRate-ANYTHING of the archive",
              },
              replace: {
                type: "boolean",
                default: false,
                describe: "the files count where the store has other values; else what is stored stays",
              },
            }),
          handler: async (args: Args) => importFiles(args),
        })
        .command(EXPORT_COMMAND)
        .demandCommand(1, "one of fetch, list, verify, import or export is needed"),
    handler: () => {},
  };
}

function common(argv: Argv): Argv {
  return argv
    .option("json", { type: "boolean", describe: "as JSON" })
    .option("data-dir", { ...TEXT, describe: "the data folder" })
    .option("config", { ...TEXT, describe: "JSON file with settings" })
    .option("set", { ...TEXT, array: true, describe: "any setting by its path" });
}

/** Settings by flags that other commands take for settings of the simulator are none here. */
function settingsOf(args: Args): ReturnType<typeof loadSettings> {
  const { config, set, dataDir } = args;
  return loadSettings({ config, set, "data-dir": dataDir });
}

async function tell(args: Args, data: unknown, text: string): Promise<void> {
  await printResult(args["json"] === true ? `${JSON.stringify(data, null, 2)}\n` : text);
}

function progressOf(name: string): Progress {
  return createProgress(`smcq data ${name}`, errorScreen(), new SystemClock());
}

async function fetchData(args: Args): Promise<number> {
  const parallel = Number(args["parallel"]);
  if (!(Number.isInteger(parallel) && parallel >= 1 && parallel <= PARALLEL_MAX))
    throw new SmcqError(
      "USAGE_PARALLEL",
      `--parallel ${String(args["parallel"])}: must be a whole number, 1 to ${PARALLEL_MAX}`,
    );
  const from = parseMonth(String(args["from"]), "--from");
  const to = parseMonth(String(args["to"]), "--to");
  if (from > to) throw new SmcqError("USAGE_MONTH", `--from ${from} is after --to ${to}`);
  const progress = progressOf("fetch");
  const report = await runFetch({
    config: settingsOf(args).config,
    symbols: namedSymbols(String(args["symbols"])),
    from,
    to,
    hasFunding: args["funding"] !== false,
    fillsHoles: args["holes"] === "rest",
    parallel,
    progress,
  }).finally(() => progress.end());
  await tell(args, report, fetchText(report));
  return report.failed.length > 0 ? ExitCode.Venue : ExitCode.Ok;
}

async function list(args: Args): Promise<void> {
  const store = storeOf(settingsOf(args).config.dataDir);
  const series = listHistory(store);
  await tell(args, series, listText(store, series));
}

async function verify(args: Args): Promise<number> {
  const progress = progressOf("verify");
  try {
    const report = verifyHistory(storeOf(settingsOf(args).config.dataDir), progress);
    progress.end();
    await tell(args, report, verifyText(report, isoText));
    return report.faults.length > 0 ? ExitCode.File : ExitCode.Ok;
  } finally {
    progress.end();
  }
}

async function importFiles(args: Args): Promise<void> {
  const listOf = (flag: string): string[] =>
    ((args[flag] as readonly unknown[] | undefined) ?? []).map(String);
  const [klines, funding] = [listOf("klines"), listOf("funding")];
  if (klines.length + funding.length === 0)
    throw new SmcqError("USAGE_IMPORT", "--klines FILES.. or --funding FILES.. is needed");
  const progress = progressOf("import");
  const store = storeOf(settingsOf(args).config.dataDir);
  const replaces = args["replace"] === true;
  const report = await importHistory(store, {
    klines,
    funding,
    replaces,
    onFile: (done, of) => progress.show("files imported", done, of),
  }).finally(() => progress.end());
  const { files, rows, added, differing, rounded } = report;
  const fate = replaces ? "replaced" : "kept as stored (--replace takes the file's)";
  const lines = [`${files} files, ${rows} rows: ${added} added`];
  if (differing > 0) lines.push(`${differing} differ from what was stored: ${fate}`);
  if (rounded > 0) lines.push(`${rounded} bars had an open or close outside their high and low by rounding`);
  await tell(args, report, `${lines.join("\n")}\n`);
}
